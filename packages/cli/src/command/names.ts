/** What commands are called here: by our own program, or under the names that a host gave them. */

export interface Names {
  /** The words to type for a command of the table, and what comes behind them. */
  say(command: string, rest?: string): string;
}

export const ownNames = (program: string): Names => ({
  say: (command, rest = "") => [program, ...command.split("."), rest].filter((word) => word !== "").join(" "),
});
