/** What a command answers: data for programs, lines for people, rows and bytes where it streams. */
import type { ExitCode } from "../output/exit-codes.ts";
import type { Line, Surface } from "../output/lines.ts";

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
  /** The exit code, where only the end of `rows` decides it. */
  readonly exitAfterRows?: () => ExitCode;
  /** Position in the log after the last row, for the end record of `--jsonl`. */
  readonly position?: () => string | null;
  /** Printed as they are, instead of `human`. */
  readonly bytes?: AsyncIterable<Uint8Array>;
}
