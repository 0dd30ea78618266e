/** What a command is: data about itself and one function. The commander program, mounts, help, completion and schemas are made from it. */
import type { CancelSignal } from "@mission-ledger/core";
import type { Evidence, Lane, Subtask } from "@mission-ledger/core/mission";
import type { ExitCode } from "../output/exit-codes.ts";
import type { Line, Surface } from "../output/lines.ts";
import type { CommandContext } from "./context.ts";
import { inputSchemaOf, type JsonSchema } from "./schema.ts";

/** What a value on the command line stands for, and what a command gets for it. */
export interface KindTypes {
  readonly text: string;
  /** `mission/WP01`, or `WP01` where it is unique. */
  readonly ref: string;
  readonly path: string;
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

/** One record of a stream such as a log: what a program reads, and what a person does. */
export interface Row {
  readonly record: Readonly<Record<string, unknown>>;
  readonly lines: readonly Line[];
}

export interface CommandResult {
  /** What `--json` prints under `data`. Stays the same for ever but for additions. */
  readonly data: unknown;
  readonly human: readonly Line[] | ((surface: Surface) => readonly Line[]);
  readonly warnings?: readonly string[];
  /** @defaultValue 0 */
  readonly exit?: ExitCode;
  /** Nothing was found; `--fail-empty` turns this into exit 9. */
  readonly empty?: boolean;
  /** Comes with `exit` other than 0: what the envelope says went wrong. */
  readonly error?: {
    readonly code: string;
    readonly message: string;
    readonly hint?: string;
    readonly details?: Readonly<Record<string, unknown>>;
  };
  /** What `--jsonl` prints, where it is not a stream anyway. */
  readonly jsonl?: () => Iterable<Row>;
  /** Printed one by one as they come, instead of `human`. */
  readonly rows?: AsyncIterable<Row>;
  /** Position in the log after the last row, for the end record of `--jsonl`. */
  readonly position?: () => string | null;
  /** Printed as they are, instead of `human`. */
  readonly bytes?: AsyncIterable<Uint8Array>;
}

export interface CommandSpec {
  /** Words joined by dots: `wp.move` is run as `mled wp move`. Never renamed. */
  readonly name: string;
  readonly summary: string;
  /** Shown below the summary. */
  readonly description?: string;
  readonly arguments: readonly FieldSpec[];
  readonly flags: readonly FieldSpec[];
  /** Without the program's name. */
  readonly examples: readonly string[];
  /** Among the dozen in the top help. */
  readonly common: boolean;
  readonly writes: boolean;
  /** Can print one record a line. */
  readonly jsonl: boolean;
  readonly inputSchema: JsonSchema;
  /** Schema of `data`. */
  readonly outputSchema: JsonSchema;
  run(context: CommandContext, input: CommandInput, signal: CancelSignal | undefined): Promise<CommandResult>;
}

export interface CommandDefinition<Arguments extends FieldDefinitions, Flags extends FieldDefinitions> {
  readonly name: string;
  readonly summary: string;
  readonly description?: string;
  /** In the order in which they are written. */
  readonly arguments?: Arguments;
  readonly flags?: Flags;
  readonly examples: readonly string[];
  readonly common?: boolean;
  readonly writes?: boolean;
  readonly jsonl?: boolean;
  readonly output?: JsonSchema;
  run(
    context: CommandContext,
    input: InputOf<Arguments> & InputOf<Flags>,
    signal: CancelSignal | undefined,
  ): Promise<CommandResult>;
}

/** A command from its definition; the input's type follows from its fields. */
export const command = <
  const Arguments extends FieldDefinitions = Record<never, never>,
  const Flags extends FieldDefinitions = Record<never, never>,
>({
  name,
  summary,
  description,
  arguments: positional,
  flags,
  examples,
  common = false,
  writes = false,
  jsonl = false,
  output = { type: "object" },
  run,
}: CommandDefinition<Arguments, Flags>): CommandSpec => {
  const named = (fields: FieldDefinitions | undefined): readonly FieldSpec[] =>
    Object.entries(fields ?? {}).map(([field, definition]) => ({ name: field, ...definition }));
  const spec = { arguments: named(positional), flags: named(flags) };
  return {
    name,
    summary,
    ...(description === undefined ? {} : { description }),
    ...spec,
    examples,
    common,
    writes,
    jsonl,
    get inputSchema() {
      return inputSchemaOf(spec);
    },
    outputSchema: output,
    run: run as CommandSpec["run"],
  };
};
