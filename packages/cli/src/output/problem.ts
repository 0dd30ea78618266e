/** A failure as it is shown: one shape for refusals, conflicts, faults, wrong usage and bugs. */
import { type CancelSignal, LedgerError, type Outcome } from "@mission-ledger/core";
import { hidePasswords } from "./passwords.ts";

/** What stands under `error` in the envelope. Nulls, never missing keys. */
export interface Problem {
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
  readonly retryable: boolean;
  /** `null` when the question of having written something does not arise. */
  readonly outcome: "not_written" | "unknown" | null;
  readonly details: Readonly<Record<string, unknown>>;
}

/** Codes that only the command line uses; all others come from core. */
export type CliErrorCode =
  | "AMBIGUOUS_REF"
  | "EMPTY"
  | "FOCUS_CONFLICT"
  | "FOCUS_EMPTY"
  | "FOCUS_TAKEN"
  | "FOCUS_UNVERIFIED"
  | "INPUT_REQUIRED"
  | "INTERRUPTED"
  | "INVALID_INPUT"
  | "LEDGER_NOT_FOUND"
  | "MISSION_ARCHIVED"
  | "NOT_FOUND"
  | "NOT_REVIEWABLE"
  | "PROJECTION_DRIFT"
  | "PROMPT_MISMATCH"
  | "TARGET_NOT_IN_SYNC"
  | "USAGE"
  | "VERIFY_FAILED";

/** Thrown by commands and the parser for what core does not know about. Nothing was written, unless it says otherwise. */
export class CliError extends LedgerError {
  override readonly name = "CliError";
  readonly code: CliErrorCode;

  constructor(
    code: CliErrorCode,
    message: string,
    options: {
      /** @defaultValue "not_written" */
      outcome?: Outcome;
      /** @defaultValue false */
      retryable?: boolean;
      hint?: string;
      details?: Readonly<Record<string, unknown>>;
      cause?: unknown;
    } = {},
  ) {
    super(message, { outcome: "not_written", retryable: false, ...options });
    this.code = code;
  }
}

export const usage = (message: string, hint?: string): CliError =>
  new CliError("USAGE", message, hint === undefined ? {} : { hint });

/** Whether an error is how an operation says that it was told to stop. */
export const isAbort = (error: unknown, signal: CancelSignal | undefined): boolean =>
  signal?.aborted === true && error instanceof Error && error.name === "AbortError";

export const problemOf = (error: unknown): Problem => {
  if (LedgerError.is(error)) {
    const { code, message, hint = null, retryable, outcome, details } = error;
    return withoutPasswords({ code, message, hint, retryable, outcome, details });
  }
  const { name, message } = error instanceof Error ? error : { name: typeof error, message: String(error) };
  return {
    code: "INTERNAL",
    message: hidePasswords(`${name}: ${message}`),
    hint: "This is a bug in mission-ledger; please report it with the command that was run.",
    retryable: false,
    outcome: "unknown",
    details: {},
  };
};

/** Whoever threw may have quoted what was typed, and a mistyped command can hold an address anywhere. */
export const withoutPasswords = (problem: Problem): Problem => ({
  ...problem,
  message: hidePasswords(problem.message),
  hint: problem.hint === null ? null : hidePasswords(problem.hint),
  details: hiddenIn(problem.details) as Problem["details"],
});

const hiddenIn = (value: unknown): unknown => {
  if (typeof value === "string") return hidePasswords(value);
  if (Array.isArray(value)) return value.map(hiddenIn);
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, hiddenIn(one)]));
};
