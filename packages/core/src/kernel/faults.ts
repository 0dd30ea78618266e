/** Faults: what a store or the kernel says when it could not do, or could not prove, what was asked. */

/** Whether anything was written: `not_written` is certain and for ever; after `unknown` only the same command id may be tried again. */
export type Outcome = "not_written" | "unknown";

/** Every fault has a heading of this name in docs/errors.md. A code is never renamed. */
export type FaultCode =
  | "COMMAND_ID_REUSED"
  | "COPY_DIVERGED"
  | "DRIVER_MISSING"
  | "DURABILITY_UNKNOWN"
  | "FORK_DETECTED"
  | "INTERNAL"
  | "LIMIT_EXCEEDED"
  | "LOCK_TIMEOUT"
  | "LOG_CONFLICTED"
  | "LOG_CORRUPT"
  | "LOG_REPLACED"
  | "PERMISSION_DENIED"
  | "PROJECTION_FAILED"
  | "READBACK_FAILED"
  | "RESOURCES_EXHAUSTED"
  | "STORAGE_ERROR"
  | "STORAGE_FULL"
  | "STORAGE_READ_ONLY"
  | "STORE_CLOSED"
  | "STORE_MISSING"
  | "STORE_UNAVAILABLE"
  | "STREAM_CLOSED"
  | "TIMEOUT"
  | "UNSAFE_FILE"
  | "UNSUPPORTED_FORMAT";

export interface FaultOptions {
  readonly outcome: Outcome;
  /** Whether the same command may succeed later without anybody changing it. */
  readonly retryable: boolean;
  /** What to do next, as a sentence for a person. */
  readonly hint?: string;
  /** Facts as data: stream, revision, path, holder. Never payloads, tokens or the environment. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** Everything the library throws on purpose. Callers compare `code`, never the message. */
export abstract class LedgerError extends Error {
  abstract readonly code: string;
  readonly outcome: Outcome;
  readonly retryable: boolean;
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(message: string, { outcome, retryable, hint, details = {}, cause }: FaultOptions) {
    super(message, cause === undefined ? undefined : { cause });
    this.outcome = outcome;
    this.retryable = retryable;
    this.hint = hint;
    this.details = details;
  }

  /** Whether `value` is one of ours and, if a code is given, this very one. */
  static is(value: unknown, code?: string): value is LedgerError {
    return value instanceof LedgerError && (code === undefined || value.code === code);
  }
}

/** Thrown by stores, and only this. */
export class StoreFault extends LedgerError {
  override readonly name = "StoreFault";
  readonly code: FaultCode;

  constructor(code: FaultCode, message: string, options: FaultOptions) {
    super(message, options);
    this.code = code;
  }
}

export const isStoreFault = (value: unknown): value is StoreFault => value instanceof StoreFault;
