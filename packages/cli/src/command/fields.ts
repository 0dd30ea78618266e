/** What a command takes: fields as data, and the types that follow from them. */
import type { Evidence, Lane, Subtask } from "@mission-ledger/core/mission";
import type { AskedMoment } from "./moment.ts";

/** What a value on the command line stands for, and what a command gets for it. */
export interface KindTypes {
  readonly text: string;
  /** `mission/WP01`, or `WP01` where it is unique. */
  readonly ref: string;
  readonly path: string;
  /** As it was typed, also where that is nothing. */
  readonly word: string;
  readonly integer: number;
  readonly boolean: boolean;
  /** Milliseconds. */
  readonly duration: number;
  readonly lane: Lane;
  /** `kind=reference`. */
  readonly evidence: Evidence;
  /** `id title`. */
  readonly subtask: Subtask;
  /** A revision, or `no_stream`. */
  readonly revision: number | "no_stream";
  /** A revision, a position or a date. */
  readonly moment: AskedMoment;
}

export type Kind = keyof KindTypes;

export interface FieldDefinition {
  readonly kind: Kind;
  readonly description: string;
  /** Closed list of texts. */
  readonly choices?: readonly string[];
  readonly default?: string | number | boolean;
  readonly repeatable?: boolean;
  readonly required?: boolean;
  /** One letter. */
  readonly short?: string;
  /** What stands for the value in help. @defaultValue the kind */
  readonly placeholder?: string;
  /** Other spellings of the flag. */
  readonly aliases?: readonly string[];
}

export interface FieldSpec extends FieldDefinition {
  /** The key in a command's input, in camelCase. */
  readonly name: string;
}

/** What stands beside it in help: its description, with what it may be and what it is if it is not given. */
export const describeField = ({ description, default: preset, choices, repeatable }: FieldSpec): string => {
  const notes = [
    ...(choices === undefined ? [] : [choices.join(" | ")]),
    ...(preset === undefined ? [] : [`default ${preset}`]),
    ...(repeatable === true ? ["repeatable"] : []),
  ];
  return notes.length === 0 ? description : `${description} (${notes.join("; ")})`;
};

export type FieldDefinitions = Readonly<Record<string, FieldDefinition>>;

type ValueOf<Field extends FieldDefinition> = Field extends { readonly choices: readonly (infer Choice)[] }
  ? Choice
  : KindTypes[Field["kind"]];
type FieldValue<Field extends FieldDefinition> = Field extends { readonly repeatable: true }
  ? readonly ValueOf<Field>[]
  : Field extends
        | { readonly required: true }
        | { readonly default: string | number | boolean }
        | { readonly kind: "boolean" }
    ? ValueOf<Field>
    : ValueOf<Field> | undefined;
export type InputOf<Fields extends FieldDefinitions> = {
  readonly [Name in keyof Fields]: FieldValue<Fields[Name]>;
};

/** Checked and completed input: every field of the command is present, as its kind's type or `undefined`. */
export type CommandInput = Readonly<Record<string, unknown>>;
