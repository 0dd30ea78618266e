/** What an error of the disk means: one table from errno and step to code, outcome, retryable and hint. */
import { type FaultCode, type Outcome, StoreFault } from "@mission-ledger/core";

/** Where in a command's way the error came up. From `written` on, the outcome is unknown until a retry resolves it. */
export type Step =
  | "open"
  | "lock"
  | "catch-up"
  | "decide"
  | "write"
  | "written"
  | "flush"
  | "read-back"
  | "read";

const outcomeAt: Readonly<Record<Step, Outcome>> = {
  open: "not_written",
  lock: "not_written",
  "catch-up": "not_written",
  decide: "not_written",
  write: "not_written",
  written: "unknown",
  flush: "unknown",
  "read-back": "unknown",
  read: "not_written",
};

interface Meaning {
  readonly code: FaultCode;
  readonly retryable: boolean;
  readonly hint: string;
}

const full: Meaning = {
  code: "STORAGE_FULL",
  retryable: true,
  hint: "Make room on the disk (or in the quota), then try again.",
};
const denied: Meaning = {
  code: "PERMISSION_DENIED",
  retryable: false,
  hint: "Check owner and permissions of the ledger's directory, and its file attributes.",
};
const missing: Meaning = {
  code: "STORE_MISSING",
  retryable: false,
  hint: "The ledger's directory or log was removed or moved; put it back.",
};
const unsafe: Meaning = {
  code: "UNSAFE_FILE",
  retryable: false,
  hint: "Something stands there that is not a plain file of the ledger; move it away.",
};
const exhausted: Meaning = {
  code: "RESOURCES_EXHAUSTED",
  retryable: true,
  hint: "The system is short of descriptors or memory; try again.",
};
const damagedDisk: Meaning = {
  code: "STORAGE_ERROR",
  retryable: false,
  hint: "The disk reported an error; look at the system log before trusting it further.",
};
const internal: Meaning = {
  code: "INTERNAL",
  retryable: false,
  hint: "This should not happen; please report it.",
};

/** Source: durability rules, section 10. */
const meanings: Readonly<Record<string, Meaning>> = {
  ENOSPC: full,
  EDQUOT: full,
  EFBIG: full,
  EROFS: {
    code: "STORAGE_READ_ONLY",
    retryable: false,
    hint: "The file system is read-only; remount it or use another directory.",
  },
  EACCES: denied,
  EPERM: denied,
  ENOENT: missing,
  ENOTDIR: missing,
  ESTALE: missing,
  ELOOP: unsafe,
  EISDIR: unsafe,
  ENXIO: unsafe,
  EMFILE: exhausted,
  ENFILE: exhausted,
  ENOMEM: exhausted,
  EAGAIN: exhausted,
  ENOLCK: exhausted,
  EIO: damagedDisk,
};

/** The fault that stands for an error. Faults pass through, but an outcome is never said to be surer than its step allows. */
export const faultOf = (
  error: unknown,
  step: Step,
  details: Readonly<Record<string, unknown>>,
): StoreFault => {
  const outcome = outcomeAt[step];
  if (error instanceof StoreFault)
    return outcome === "unknown" && error.outcome !== "unknown" ? unsure(error) : error;
  const errno = (error as NodeJS.ErrnoException | null)?.code;
  if (step === "flush") return flushFailed(error, outcome, details);
  const { code, retryable, hint } = meanings[errno ?? ""] ?? internal;
  const what = error instanceof Error ? error.message : String(error);
  return new StoreFault(code, `${step}: ${what}`, {
    outcome,
    retryable: retryable || outcome === "unknown",
    hint: outcome === "unknown" ? `${hint} ${repeatIt}` : hint,
    details: { ...details, step, ...(errno === undefined ? {} : { errno }) },
    cause: error,
  });
};

/** The next step where a flush failed, now or earlier. */
export const recover = "Run `mled repair <mission>`, which writes the log anew.";

/** After a failed flush the cache may hold what the disk does not: nobody may build on it, and a second flush would lie. */
export const flushFailed = (
  error: unknown,
  outcome: Outcome,
  details: Readonly<Record<string, unknown>>,
): StoreFault =>
  new StoreFault("DURABILITY_UNKNOWN", `the disk did not confirm the flush of ${String(details.stream)}`, {
    outcome,
    retryable: false,
    hint: `The log is marked suspect and takes no writes until it is recovered. ${recover}`,
    details: { ...details, step: "flush" },
    cause: error,
  });

/** As {@link flushFailed}, for a folder: no log is suspect, but what was made in it may have no name after a crash. */
export const namesNotFlushed = (error: unknown, directory: string): StoreFault =>
  new StoreFault("DURABILITY_UNKNOWN", `the disk did not confirm the flush of the folder ${directory}`, {
    outcome: "not_written",
    retryable: false,
    hint: damagedDisk.hint,
    details: { path: directory, step: "flush" },
    cause: error,
  });

const repeatIt = "Whether the command was written is not known: repeat it with the same command id.";

const unsure = (fault: StoreFault): StoreFault =>
  new StoreFault(fault.code, fault.message, {
    outcome: "unknown",
    retryable: true,
    hint: repeatIt,
    details: fault.details,
    cause: fault,
  });
