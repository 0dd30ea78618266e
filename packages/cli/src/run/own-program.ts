/** Our own commander program, built for one invocation: only the command that was asked for is declared in it. */
import { Command } from "commander";
import { globalFlags } from "../command/global-flags.ts";
import { ownNames } from "../command/names.ts";
import type { CommandSpec } from "../command/spec.ts";
import { usage } from "../output/problem.ts";
import { type CommanderLike, declareCommand, declareFlag } from "./commander-like.ts";

/** What argv says for `spec`. Throws `USAGE`. Prints nothing and never exits. */
export const parseWithCommander = async (
  spec: CommandSpec,
  argv: readonly string[],
): Promise<Readonly<Record<string, unknown>>> => {
  const silent = { writeOut: () => {}, writeErr: () => {} };
  const root = new Command("mled")
    .exitOverride()
    .configureOutput(silent)
    .enablePositionalOptions()
    .helpCommand(false)
    .helpOption(false);
  let host: Command = root;
  const words = spec.name.split(".");
  // Flags may stand before the command's words too; declaring them there is skipped when none does.
  const flagsFirst = words.some((word, index) => argv[index] !== word);
  if (flagsFirst) for (const flag of globalFlags) declareFlag(root, flag);
  for (const word of words.slice(0, -1)) {
    host = host.command(word).enablePositionalOptions().helpCommand(false).helpOption(false);
    if (flagsFirst) for (const flag of globalFlags) declareFlag(host, flag);
  }
  let parsed: Readonly<Record<string, unknown>> = {};
  const leaf = declareCommand(
    host as CommanderLike,
    words.at(-1) as string,
    spec,
    globalFlags,
    async (_, options) => {
      parsed = options;
    },
  ) as Command;
  leaf.helpOption(false);
  try {
    await root.parseAsync([...argv], { from: "user" });
  } catch (error) {
    throw asUsage(error, ownNames("mled").say("help", words.join(" ")));
  }
  return { ...root.opts(), ...(host === root ? {} : host.opts()), ...parsed };
};

/** `help` is the next step where commander knows none. */
const asUsage = (error: unknown, help: string): unknown => {
  if (!(error instanceof Error) || !("code" in error) || !String(error.code).startsWith("commander."))
    return error;
  const [message = "", ...more] = error.message.replace(/^error: /, "").split("\n");
  const hint = more
    .join(" ")
    .replace(/^\((.*)\)$/, "$1")
    .trim();
  return usage(message, hint === "" ? help : hint);
};
