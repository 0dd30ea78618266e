/** Which command argv asks for, before anything else is parsed. */

import { globalFlags } from "../command/global-flags.ts";
import { flagName } from "../command/input.ts";
import type { CommandSpec } from "../command/spec.ts";

export interface Asked {
  readonly spec: CommandSpec | undefined;
  /** The words that were tried as a command's name. */
  readonly words: readonly string[];
  readonly help: boolean;
  readonly version: boolean;
  /** As far as can be told without parsing: whether failures are to be printed as JSON. */
  readonly json: boolean;
  readonly jsonl: boolean;
}

const takesValue: ReadonlySet<string> = new Set(
  globalFlags
    .filter(({ kind }) => kind !== "boolean")
    .flatMap(({ name, short }) => [flagName(name), ...(short === undefined ? [] : [`-${short}`])]),
);

export const findCommand = (commands: readonly CommandSpec[], argv: readonly string[]): Asked => {
  const words: string[] = [];
  const end = argv.indexOf("--");
  const before = end < 0 ? argv : argv.slice(0, end);
  let spec: CommandSpec | undefined;
  for (let index = 0; index < before.length && spec === undefined && words.length < 2; index += 1) {
    const word = before[index] as string;
    if (takesValue.has(word)) index += 1;
    else if (!word.startsWith("-")) {
      words.push(word);
      const name = words.join(".");
      spec = commands.find((candidate) => candidate.name === name);
      if (spec === undefined && !commands.some((candidate) => candidate.name.startsWith(`${name}.`))) break;
    }
  }
  return {
    spec,
    words,
    help: before.includes("--help") || before.includes("-h"),
    version:
      spec === undefined && words.length === 0 && (before.includes("--version") || before.includes("-V")),
    json: before.includes("--json"),
    jsonl: before.includes("--jsonl"),
  };
};
