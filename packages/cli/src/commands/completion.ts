/** Completion scripts, made from the table: commands, their flags, lanes and other closed lists. */
import { shownLanes } from "@mission-ledger/core/mission";
import type { FieldSpec } from "../command/fields.ts";
import { globalFlags } from "../command/global-flags.ts";
import { flagName } from "../command/input.ts";
import { type CommandSpec, command } from "../command/spec.ts";
import type { Line } from "../output/lines.ts";

export const completion: CommandSpec = command({
  name: "completion",
  summary: "Print a completion script for a shell",
  arguments: {
    shell: { kind: "text", required: true, choices: ["bash", "zsh", "fish"], description: "which shell" },
  },
  examples: [
    "completion bash > ~/.local/share/bash-completion/completions/mled",
    "completion fish > ~/.config/fish/completions/mled.fish",
  ],
  run: async ({ commands }, { shell }) => {
    const lines = shell === "fish" ? fish(commands) : bash(commands, shell === "zsh");
    return { data: { shell, script: `${lines.join("\n")}\n` }, human: lines satisfies readonly Line[] };
  },
});

const valuesOf = ({ kind, choices }: FieldSpec): readonly string[] =>
  choices ?? (kind === "lane" ? shownLanes : []);

/** What stands behind one of these is no word of a command. */
const valuedGlobals = globalFlags
  .filter(({ kind }) => kind !== "boolean")
  .flatMap(({ name, short }) => [...(short === undefined ? [] : [`-${short}`]), flagName(name)])
  .join("|");

const flagsOf = (spec: CommandSpec): readonly FieldSpec[] => [...spec.flags, ...globalFlags];

const groupsOf = (commands: readonly CommandSpec[]): ReadonlyMap<string, readonly string[]> => {
  const groups = new Map<string, string[]>();
  for (const { name } of commands) {
    const [first = "", second] = name.split(".");
    const below = groups.get(first) ?? [];
    if (second !== undefined) below.push(second);
    groups.set(first, below);
  }
  return groups;
};

const bash = (commands: readonly CommandSpec[], zsh: boolean): readonly string[] => {
  const groups = groupsOf(commands);
  const flagValues = new Map(
    commands.flatMap((spec) =>
      spec.flags
        .filter((field) => valuesOf(field).length > 0)
        .map((field) => [flagName(field.name), valuesOf(field)] as const),
    ),
  );
  return [
    ...(zsh ? ["#compdef mled mission-ledger", "autoload -U +X bashcompinit && bashcompinit"] : []),
    // biome-ignore-start lint/suspicious/noTemplateCurlyInString: these are variables of the shell
    "_mled() {",
    "  local cur prev line words=() index",
    '  cur="${COMP_WORDS[COMP_CWORD]}"; prev="${COMP_WORDS[COMP_CWORD-1]}"',
    "  for ((index = 1; index < COMP_CWORD; index++)); do",
    '    case "${COMP_WORDS[index]}" in',
    `      ${valuedGlobals}) ((index++)) ;;`,
    "      -*) ;;",
    '      *) words+=("${COMP_WORDS[index]}") ;;',
    "    esac",
    "  done",
    '  case "$prev" in',
    ...[...flagValues].map(
      ([flag, values]) => `    ${flag}) COMPREPLY=($(compgen -W "${values.join(" ")}" -- "$cur")); return ;;`,
    ),
    "  esac",
    '  line="${words[*]}"',
    // biome-ignore-end lint/suspicious/noTemplateCurlyInString: as above
    '  case "$line" in',
    `    "") COMPREPLY=($(compgen -W "${[...groups.keys()].join(" ")}" -- "$cur")); return ;;`,
    ...[...groups]
      .filter(([, below]) => below.length > 0)
      .map(
        ([first, below]) =>
          `    "${first}") COMPREPLY=($(compgen -W "${below.join(" ")}" -- "$cur")); return ;;`,
      ),
    "  esac",
    '  if [[ "$cur" == -* ]]; then',
    '    case "$line" in',
    ...commands.map(
      (spec) =>
        `      "${spec.name.replace(".", " ")}"*) COMPREPLY=($(compgen -W "${flagsOf(spec)
          .map(({ name }) => flagName(name))
          .join(" ")}" -- "$cur")); return ;;`,
    ),
    "    esac",
    "  fi",
    '  case "$line" in',
    ...commands.flatMap((spec) =>
      spec.arguments.flatMap((field, index) => {
        const values = valuesOf(field);
        const before = `"${spec.name.replace(".", " ")}"${"\\ *".repeat(index)}`;
        return values.length === 0
          ? []
          : [`    ${before}) COMPREPLY=($(compgen -W "${values.join(" ")}" -- "$cur")); return ;;`];
      }),
    ),
    "  esac",
    "}",
    "complete -o default -F _mled mled mission-ledger",
  ];
};

const fish = (commands: readonly CommandSpec[]): readonly string[] => {
  const quote = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
  const groups = groupsOf(commands);
  const complete = (condition: string, rest: string): readonly string[] =>
    ["mled", "mission-ledger"].map((program) => `complete -c ${program} -n ${quote(condition)} ${rest}`);
  return [
    ...[...groups.keys()].flatMap((first) => {
      const spec = commands.find(({ name }) => name === first);
      return complete(
        "__fish_use_subcommand",
        `-f -a ${first}${spec === undefined ? "" : ` -d ${quote(spec.summary)}`}`,
      );
    }),
    ...commands.flatMap((spec) => {
      const [first = "", second] = spec.name.split(".");
      const here =
        second === undefined
          ? `__fish_seen_subcommand_from ${first}`
          : `__fish_seen_subcommand_from ${first}; and __fish_seen_subcommand_from ${second}`;
      const below = (groups.get(first) ?? []).join(" ");
      return [
        ...(second === undefined
          ? []
          : complete(
              `__fish_seen_subcommand_from ${first}; and not __fish_seen_subcommand_from ${below}`,
              `-f -a ${second} -d ${quote(spec.summary)}`,
            )),
        ...spec.arguments
          .filter((field) => valuesOf(field).length > 0)
          .flatMap((field) => complete(here, `-f -a ${quote(valuesOf(field).join(" "))}`)),
        ...spec.flags.flatMap((field) => {
          const values = valuesOf(field);
          const value =
            field.kind === "boolean" ? "" : values.length > 0 ? ` -x -a ${quote(values.join(" "))}` : " -r";
          return complete(here, `-l ${flagName(field.name).slice(2)}${value} -d ${quote(field.description)}`);
        }),
      ];
    }),
  ];
};
