/** What commands are called here: by our own program, or under the names that a host gave them. */

export interface Names {
  /** How a command is typed here: `say("wp.claim", "a/WP01")` is `mled wp claim a/WP01`, or what a host calls it. */
  say(command: string, rest?: string): string;
}

export const ownNames = (program: string): Names => ({
  say: (command, rest = "") => [program, ...command.split("."), rest].filter((word) => word !== "").join(" "),
});
