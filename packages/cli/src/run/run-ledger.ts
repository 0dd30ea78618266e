/** The whole command line as a function: `runLedger(argv, io)` answers the exit code. It never touches `process`. */

import { type Globals, splitGlobals } from "../command/global-flags.ts";
import { type Names, ownNames } from "../command/names.ts";
import type { CommandSpec } from "../command/spec.ts";
import { commands } from "../commands/index.ts";
import { type ExitCode, exitCodes } from "../output/exit-codes.ts";
import { type CliError, usage } from "../output/problem.ts";
import { shellQuote } from "../output/shell-quote.ts";
import { nearest } from "../output/suggest.ts";
import { version } from "../version.ts";
import { findCommand } from "./find-command.ts";
import type { Io } from "./io.ts";
import { parseWithCommander } from "./own-program.ts";
import { failedEnding } from "./perform.ts";
import { performAndPrint } from "./perform-and-print.ts";
import { printEnding } from "./print.ts";

/** `argv` is what stands behind the program's name. Everything was printed and drained when the promise settles. */
export const runLedger = async (argv: readonly string[], io: Io): Promise<ExitCode> => {
  const names = ownNames("mled");
  const asked = findCommand(commands, argv);
  const early: Globals = {
    ...splitGlobals({}, new Set()).globals,
    json: asked.json,
    jsonl: asked.jsonl && !asked.json,
    color: !argv.includes("--no-color"),
  };
  const help = commandNamed("help");
  const refuse = async (error: unknown, command: CommandSpec | undefined): Promise<ExitCode> => {
    const fail = (thrown: unknown) =>
      failedEnding(thrown, { globals: early, io, names, spec: command ?? help });
    return printEnding(fail(error), { io, globals: early, command: command?.name ?? null, fail });
  };

  if (asked.version)
    return printEnding(
      {
        exit: exitCodes.done,
        data: { version },
        warnings: [],
        error: null,
        result: { data: { version }, human: [version] },
      },
      {
        io,
        globals: { ...early, jsonl: false },
        command: null,
        fail: (error) => failedEnding(error, { globals: early, io, names, spec: help }),
      },
    );
  if (
    asked.help ||
    argv.length === 0 ||
    (asked.spec === undefined && asked.words.length === 0 && !argv.some((word) => word.startsWith("-")))
  ) {
    const raw = { command: asked.spec?.name.split(".") ?? asked.words, all: argv.includes("--all") };
    return performAndPrint({ spec: help, raw, globals: { ...early, jsonl: false }, io, names, commands });
  }
  const { spec } = asked;
  if (spec === undefined) return refuse(unknownCommand(asked.words), undefined);
  let options: Readonly<Record<string, unknown>>;
  try {
    options = await parseWithCommander(spec, argv);
    if (spec.afterDashes && !argv.includes("--")) refuseWithoutDashes(spec, options, names);
    if (options.json === true && options.jsonl === true) throw usage("--json and --jsonl do not go together");
  } catch (error) {
    return refuse(error, spec);
  }
  const { globals, rest } = splitGlobals(options, new Set(spec.flags.map((field) => field.name)));
  return performAndPrint({ spec, raw: rest, globals, io, names, commands });
};

/** One word is a program and nothing it is told; behind it, a flag might be meant for either. */
const refuseWithoutDashes = (
  { name, arguments: positional }: CommandSpec,
  options: Readonly<Record<string, unknown>>,
  names: Names,
): void => {
  const words = options[positional.at(-1)?.name ?? ""];
  if (Array.isArray(words) && words.length > 1)
    throw usage(
      `${name} does not know where ${words.join(" ")} begins`,
      `Put -- before it: ${names.say(name, `<ref> -- ${words.map((word) => shellQuote(String(word))).join(" ")}`)}`,
    );
};

const commandNamed = (name: string): CommandSpec =>
  commands.find((spec) => spec.name === name) as CommandSpec;

const unknownCommand = (words: readonly string[]): CliError => {
  const name = words.join(".");
  const below = commands.filter((spec) => spec.name.startsWith(`${name}.`));
  if (below.length > 0)
    return usage(
      `${words.join(" ")} what?`,
      `One of: ${below.map((spec) => spec.name.split(".").at(-1)).join(", ")}.`,
    );
  if (words.length === 0) return usage("no command was given", "mled help");
  const same = commands.filter((spec) => spec.name.endsWith(`.${words.at(-1)}`));
  if (same.length > 0)
    return usage(
      `there is no command ${words.join(" ")}`,
      `Did you mean ${same.map((spec) => `mled ${spec.name.replace(".", " ")}`).join(" or ")}?`,
    );
  const near =
    nearest(
      name,
      commands.map((spec) => spec.name),
    ) ??
    nearest(
      words.at(-1) as string,
      commands.map((spec) => spec.name.split(".").at(-1) as string),
    );
  const full =
    near === undefined
      ? undefined
      : (commands.find((spec) => spec.name === near) ??
        commands.find((spec) => spec.name.endsWith(`.${near}`)));
  return usage(
    `there is no command ${words.join(" ")}`,
    full === undefined ? "mled help --all" : `Did you mean mled ${full.name.replace(".", " ")}?`,
  );
};
