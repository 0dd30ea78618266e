/** What a rebuild and its threads tell each other, and how errors cross. */
import {
  type CancelSignal,
  type FaultCode,
  LedgerError,
  type Outcome,
  StoreFault,
} from "@mission-ledger/core";
import type { StreamOutcome, ViewName } from "./outcome.ts";
import type { Work } from "./work-on-stream.ts";

/** What a thread is started with. */
export interface Assignment {
  /** For the function that opens the ground. */
  readonly data: unknown;
  readonly work: Work;
  /** The part of the set that is this thread's; `null` where nothing is written. */
  readonly writes: { readonly plan: string; readonly part: string; readonly flushEveryMs: number } | null;
  /** Read and written by all: whether to stop, then how many events each thread has folded. */
  readonly shared: SharedArrayBuffer;
  readonly index: number;
}

/** Place in the shared memory. */
export const stopAt = 0;
export const eventsAt = (index: number): number => 1 + index;

/** Seen at once, even by a thread that never comes to read its messages. */
export const sharedSignal = (shared: SharedArrayBuffer): CancelSignal => {
  const flags = new Int32Array(shared);
  const signal: CancelSignal = {
    get aborted() {
      return Atomics.load(flags, stopAt) !== 0;
    },
    throwIfAborted: () => {
      if (signal.aborted)
        throw Object.assign(new Error("This operation was aborted"), { name: "AbortError" });
    },
    // Nothing in a rebuild waits for anything but the disk.
    addEventListener: () => {},
    removeEventListener: () => {},
  };
  return signal;
};

export type ToThread =
  | { readonly _tag: "Take"; readonly streams: readonly string[] }
  /** Nothing more comes. */
  | { readonly _tag: "End" };

export type FromThread =
  | { readonly _tag: "Ready"; readonly views: readonly ViewName[] }
  | { readonly _tag: "Finished"; readonly outcome: StreamOutcome }
  /** What was handed over is done. */
  | { readonly _tag: "Taken" }
  /** Everything was flushed and closed. */
  | { readonly _tag: "Ended" }
  | { readonly _tag: "Failed"; readonly error: CarriedError };

/** An error without its class, which no clone keeps. */
export interface CarriedError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly cause: CarriedError | undefined;
  readonly fault:
    | {
        readonly code: string;
        readonly outcome: Outcome;
        readonly retryable: boolean;
        readonly hint: string | undefined;
        readonly details: Readonly<Record<string, unknown>>;
      }
    | undefined;
}

export const carry = (error: unknown): CarriedError => {
  if (!(error instanceof Error))
    return { name: "Error", message: String(error), stack: undefined, cause: undefined, fault: undefined };
  const { name, message, stack, cause } = error;
  return {
    name,
    message,
    stack,
    cause: cause === undefined ? undefined : carry(cause),
    fault: LedgerError.is(error) ? faultOf(error) : undefined,
  };
};

/** A fault is a fault again; of anything else name, message and stack are left. */
export const uncarry = ({ name, message, stack, cause, fault }: CarriedError): Error => {
  const options = cause === undefined ? {} : { cause: uncarry(cause) };
  const error =
    fault === undefined
      ? Object.assign(new Error(message, options), { name })
      : new StoreFault(fault.code as FaultCode, message, {
          outcome: fault.outcome,
          retryable: fault.retryable,
          ...(fault.hint === undefined ? {} : { hint: fault.hint }),
          details: fault.details,
          ...options,
        });
  if (stack !== undefined) error.stack = stack;
  return error;
};

const faultOf = ({ code, outcome, retryable, hint, details }: LedgerError): CarriedError["fault"] => ({
  code,
  outcome,
  retryable,
  hint,
  // What is no data would not come across at all.
  details: JSON.parse(JSON.stringify(details)) as Readonly<Record<string, unknown>>,
});
