/** Help, made from the table: the dozen that are used daily, all of them, a group, or one. */

import { describeField, type FieldSpec } from "../command/fields.ts";
import { globalFlags } from "../command/global-flags.ts";
import { flagName } from "../command/input.ts";
import type { CommandContext } from "../command/spec.ts";
import { type CommandSpec, command } from "../command/spec.ts";
import { columns, type Line, type Surface, toned } from "../output/lines.ts";
import { usage } from "../output/problem.ts";
import { nearest } from "../output/suggest.ts";

export const help: CommandSpec = command({
  name: "help",
  summary: "Show help",
  arguments: {
    command: { kind: "text", repeatable: true, description: "a command, or the first word of several" },
  },
  flags: { all: { kind: "boolean", description: "list every command" } },
  examples: ["help", "help wp move", "help --all"],
  run: async (context, input) => {
    const { commands } = context;
    const name = input.command.join(".");
    if (name === "") {
      const shown = input.all ? commands : commands.filter((spec) => spec.common);
      return {
        data: { commands: shown.map(summaryOf) },
        human: (surface): readonly Line[] => overview(context, shown, input.all, surface),
      };
    }
    const spec = commands.find((candidate) => candidate.name === name);
    if (spec !== undefined)
      return {
        data: { ...summaryOf(spec), ...detailOf(spec) },
        human: (surface): readonly Line[] => manual(context, spec, surface),
      };
    const group = commands.filter((candidate) => candidate.name.startsWith(`${name}.`));
    if (group.length > 0)
      return {
        data: { commands: group.map(summaryOf) },
        human: (surface): readonly Line[] => listing(context, group, surface),
      };
    const near = nearest(
      name,
      commands.map((candidate) => candidate.name),
    );
    throw usage(
      `there is no command ${input.command.join(" ")}`,
      near === undefined ? undefined : `Did you mean ${near.replace(".", " ")}?`,
    );
  },
});

const summaryOf = ({ name, summary, examples, writes }: CommandSpec) => ({ name, summary, examples, writes });

const detailOf = (spec: CommandSpec) => ({ description: spec.description ?? null, input: spec.inputSchema });

const overview = (
  context: CommandContext,
  shown: readonly CommandSpec[],
  all: boolean,
  surface: Surface,
): readonly Line[] => [
  [toned("strong", context.say("")), "  durable state for agent workflows"],
  "",
  ...shown.flatMap((spec): readonly Line[] => {
    const [example = ""] = spec.examples;
    return all
      ? []
      : [
          [toned("strong", spec.summary)],
          `  ${example.startsWith("while") ? example : `${context.say("")} ${example}`}`,
        ];
  }),
  ...(all ? listing(context, shown, surface) : []),
  "",
  all
    ? `one of them: ${context.say("help", "wp move")}`
    : `all commands: ${context.say("help", "--all")}      one of them: ${context.say("help", "wp move")}`,
  ...(all
    ? [
        "",
        toned("strong", "every command takes"),
        ...flagLines(globalFlags, surface),
        "",
        ...endings(surface),
      ]
    : []),
];

const listing = (context: CommandContext, specs: readonly CommandSpec[], surface: Surface): readonly Line[] =>
  columns(
    specs.map((spec) => [toned("strong", context.say(spec.name)), spec.summary]),
    surface,
  );

const manual = (context: CommandContext, spec: CommandSpec, surface: Surface): readonly Line[] => [
  [
    toned("strong", context.say(spec.name)),
    ...spec.arguments.map((field) => ` ${placeholder(field)}`),
    spec.flags.length > 0 ? " [flags]" : "",
  ],
  "",
  spec.summary + (spec.summary.endsWith(".") ? "" : "."),
  ...(spec.description === undefined ? [] : [spec.description]),
  ...(spec.arguments.length === 0
    ? []
    : [
        "",
        ...columns(
          spec.arguments.map((field) => [`  ${placeholder(field)}`, describeField(field)]),
          surface,
        ),
      ]),
  ...(spec.flags.length === 0 ? [] : ["", ...flagLines(spec.flags, surface)]),
  "",
  toned("strong", "every command takes"),
  ...flagLines(globalFlags, surface),
  "",
  toned("strong", "examples"),
  ...spec.examples.map((example) =>
    example.startsWith("while") ? `  ${example}` : `  ${context.say("")} ${example}`,
  ),
];

const placeholder = ({ name, required, repeatable }: FieldSpec): string => {
  const shown = repeatable === true ? `${name}...` : name;
  return required === true ? `<${shown}>` : `[${shown}]`;
};

const flagLines = (flags: readonly FieldSpec[], surface: Surface): readonly Line[] =>
  columns(
    flags.map((field) => {
      const value = field.kind === "boolean" ? "" : ` <${field.placeholder ?? field.kind}>`;
      const spellings = [
        ...(field.short === undefined ? [] : [`-${field.short}`]),
        flagName(field.name),
        ...(field.aliases ?? []).map(flagName),
      ];
      return [
        `  ${spellings.join(", ")}${value}`,
        field.required === true ? `${describeField(field)} (required)` : describeField(field),
      ];
    }),
    surface,
  );

const endings = (surface: Surface): readonly Line[] => [
  toned("strong", "exit codes"),
  ...columns(
    [
      ["  0", "done, or nothing to do"],
      ["  1", "a bug"],
      ["  2", "wrong usage"],
      ["  3", "no ledger, mission or work package of that name"],
      ["  4", "an answer is needed: the flag is named"],
      ["  5", "somebody else got there first"],
      ["  6", "refused by a rule"],
      ["  7", "the store cannot be reached or written"],
      ["  8", "data is not what it should be"],
      ["  9", "nothing found, with --fail-empty"],
      ["  130", "interrupted"],
    ],
    surface,
  ),
];
