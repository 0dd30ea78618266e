/** The part of commander that we call, as a shape: versions 11 to 15 all have it, and nothing here imports any of them. */

import { describeField, type FieldSpec } from "../command/fields.ts";
import { flagName } from "../command/input.ts";
import type { CommandSpec } from "../command/spec.ts";

// biome-ignore lint/suspicious/noExplicitAny: commander calls actions with arguments that depend on the command
type Action = (...values: any[]) => void | Promise<void>;

export interface CommanderLike {
  command(name: string): CommanderLike;
  description(text: string): unknown;
  argument(name: string, description?: string): unknown;
  option(flags: string, description?: string): unknown;
  option(flags: string, description: string, parse: (value: string, previous: unknown) => unknown): unknown;
  action(run: Action): unknown;
  /** Only asked, to name the host's commands in hints. */
  name?(): string;
  readonly parent?: unknown;
}

export type OnInvoke = (spec: CommandSpec, options: Readonly<Record<string, unknown>>) => Promise<void>;

/** Declares one command on `host`. Defaults, kinds and choices are checked later, in one place for all doors. */
export const declareCommand = (
  host: CommanderLike,
  name: string,
  spec: CommandSpec,
  extraFlags: readonly FieldSpec[],
  onInvoke: OnInvoke,
): CommanderLike => {
  const leaf = host.command(name);
  leaf.description(spec.summary);
  for (const field of spec.arguments) {
    const shown = field.repeatable === true ? `${field.name}...` : field.name;
    leaf.argument(field.required === true ? `<${shown}>` : `[${shown}]`, field.description);
  }
  const own = new Set(spec.flags.map((field) => field.name));
  for (const field of [...spec.flags, ...extraFlags.filter((extra) => !own.has(extra.name))])
    declareFlag(leaf, field);
  leaf.action(async (...values) => {
    const options = values[spec.arguments.length] as Readonly<Record<string, unknown>>;
    const input: Record<string, unknown> = { ...options };
    // commander turns `--no-resume` into `resume: false`, and into `resume: true` where it is not given.
    for (const { name } of spec.flags) {
      if (!/^no[A-Z]/.test(name)) continue;
      const opposite = name.charAt(2).toLowerCase() + name.slice(3);
      if (input[opposite] === false) input[name] = true;
      delete input[opposite];
    }
    for (const field of spec.flags)
      for (const alias of field.aliases ?? []) {
        if (input[alias] === undefined) continue;
        const given = [input[field.name], input[alias]].flat().filter((value) => value !== undefined);
        // Of a flag that is given once, two different values are refused later on.
        const all = field.repeatable === true ? given : [...new Set(given)];
        input[field.name] = field.repeatable === true || all.length > 1 ? all : all[0];
        delete input[alias];
      }
    spec.arguments.forEach((field, index) => {
      const value: unknown = values[index];
      if (value !== undefined && !(Array.isArray(value) && value.length === 0)) input[field.name] = value;
    });
    await onInvoke(spec, input);
  });
  return leaf;
};

export const declareFlag = (leaf: CommanderLike, field: FieldSpec): void => {
  for (const name of [field.name, ...(field.aliases ?? [])]) {
    const letter = field.short === undefined || name !== field.name ? "" : `-${field.short}, `;
    if (field.kind === "boolean") leaf.option(`${letter}${flagName(name)}`, field.description);
    else if (field.repeatable === true)
      leaf.option(
        `${letter}${flagName(name)} <${field.placeholder ?? field.kind}>`,
        describeField(field),
        collect,
      );
    else
      leaf.option(
        `${letter}${flagName(name)} <${field.placeholder ?? field.kind}>`,
        describeField(field),
        once,
      );
  }
};

const collect = (value: string, previous: unknown): readonly string[] => [
  ...((previous as readonly string[] | undefined) ?? []),
  value,
];

/** The second of two contradicting values is never dropped in silence: both reach the check that refuses them. */
const once = (value: string, previous: unknown): unknown =>
  previous === undefined || previous === value ? value : [previous, value].flat();
