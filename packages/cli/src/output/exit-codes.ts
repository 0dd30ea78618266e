/** The exit table: one number per kind of ending, and which error code ends how. Numbers are never reused. */

export const exitCodes = {
  done: 0,
  unexpected: 1,
  usage: 2,
  notFound: 3,
  inputRequired: 4,
  contended: 5,
  refused: 6,
  store: 7,
  data: 8,
  empty: 9,
  ownershipViolated: 20,
  contextMissing: 21,
  contextStale: 22,
  contextAmbiguous: 23,
  ownershipInvalid: 24,
  notInSync: 25,
  reviewContradicted: 26,
  promptMismatch: 27,
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** How a command ends that ends as a program did which it ran: the one exit code that is not in the table. */
export const exitAsProgram = (code: number): ExitCode => code as ExitCode;

const byCode: Readonly<Record<string, ExitCode>> = {
  ALREADY_EXISTS: exitCodes.refused,
  AMBIGUOUS_REF: exitCodes.notFound,
  CANNOT_UNDO: exitCodes.refused,
  CLAIM_ALIVE: exitCodes.contended,
  CLAIM_HELD: exitCodes.contended,
  CLAIM_LOST: exitCodes.contended,
  COMMAND_ID_REUSED: exitCodes.refused,
  CONTEXT_AMBIGUOUS: exitCodes.contextAmbiguous,
  CONTEXT_MISSING: exitCodes.contextMissing,
  CONTEXT_STALE: exitCodes.contextStale,
  COPY_DIVERGED: exitCodes.data,
  DRIVER_MISSING: exitCodes.store,
  DURABILITY_UNKNOWN: exitCodes.data,
  EMPTY: exitCodes.empty,
  FOCUS_CONFLICT: exitCodes.refused,
  FOCUS_EMPTY: exitCodes.refused,
  FOCUS_TAKEN: exitCodes.refused,
  FOCUS_UNVERIFIED: exitCodes.unexpected,
  FORK_DETECTED: exitCodes.data,
  GIT_FAILED: exitCodes.store,
  GIT_LIMIT_EXCEEDED: exitCodes.refused,
  GIT_MISSING: exitCodes.store,
  GIT_NAME_INVALID: exitCodes.usage,
  GIT_NO_REPOSITORY: exitCodes.notFound,
  GIT_NO_WORK_TREE: exitCodes.notFound,
  GIT_OUTPUT_UNREADABLE: exitCodes.unexpected,
  GIT_REVISION_AMBIGUOUS: exitCodes.notFound,
  GIT_REVISION_MISSING: exitCodes.notFound,
  GIT_TIMEOUT: exitCodes.store,
  GIT_TOO_OLD: exitCodes.store,
  GIT_UNTRUSTED: exitCodes.store,
  GUARD_FAILED: exitCodes.refused,
  IMPORT_MISMATCH: exitCodes.data,
  IMPORT_INCOMPLETE: exitCodes.refused,
  INPUT_REQUIRED: exitCodes.inputRequired,
  INTERNAL: exitCodes.unexpected,
  INTERRUPTED: exitCodes.interrupted,
  INVALID_INPUT: exitCodes.usage,
  LEDGER_NOT_FOUND: exitCodes.notFound,
  LIMIT_EXCEEDED: exitCodes.refused,
  LOCK_TIMEOUT: exitCodes.store,
  // Git takes 1 for a conflict.
  MERGE_REFUSED: exitCodes.unexpected,
  MISSION_ARCHIVED: exitCodes.refused,
  NOT_FOUND: exitCodes.notFound,
  NOT_REVIEWABLE: exitCodes.refused,
  OUTPUT_FAILED: exitCodes.unexpected,
  OWNERSHIP_INVALID: exitCodes.ownershipInvalid,
  OWNERSHIP_VIOLATED: exitCodes.ownershipViolated,
  PERMISSION_DENIED: exitCodes.store,
  // `hold` ends as the program did; this is for who asks about the code alone.
  PROGRAM_FAILED: exitCodes.unexpected,
  PROJECTION_DRIFT: exitCodes.data,
  PROJECTION_FAILED: exitCodes.unexpected,
  PROMPT_MISMATCH: exitCodes.promptMismatch,
  RESOURCES_EXHAUSTED: exitCodes.store,
  REVIEW_CONTRADICTED: exitCodes.reviewContradicted,
  REVISION_CONFLICT: exitCodes.contended,
  SELF_REVIEW: exitCodes.refused,
  TARGET_NOT_IN_SYNC: exitCodes.notInSync,
  TIMEOUT: exitCodes.store,
  TRANSITION_REJECTED: exitCodes.refused,
  UNSAFE_FILE: exitCodes.store,
  UNSUPPORTED_FORMAT: exitCodes.data,
  USAGE: exitCodes.usage,
  VERIFY_FAILED: exitCodes.data,
};

const byPrefix: readonly (readonly [string, ExitCode])[] = [
  ["STORAGE_", exitCodes.store],
  ["STORE_", exitCodes.store],
  ["STREAM_", exitCodes.store],
  ["LOG_", exitCodes.data],
  ["READBACK_", exitCodes.data],
  ["DURABILITY_", exitCodes.data],
];

/** How a command that failed with this code ends. Codes nobody knows are bugs, and end with 1. */
export const exitCodeOf = (code: string): ExitCode =>
  (Object.hasOwn(byCode, code) ? byCode[code] : undefined) ??
  byPrefix.find(([prefix]) => code.startsWith(prefix))?.[1] ??
  exitCodes.unexpected;
