/** What an error of SQLite means: one table from its code and the step to code, outcome, retryable and hint. */
import { type FaultCode, type Outcome, StoreFault } from "@mission-ledger/core";
import { DamagedRow } from "./schema/rows.ts";
import { whyNotOpened } from "./why-not-opened.ts";

/** Where in a command's way the error came up. From `commit` on, the outcome is unknown until a retry resolves it. */
export type Step = "open" | "begin" | "decide" | "insert" | "commit" | "read-back" | "read";

const outcomeAt: Readonly<Record<Step, Outcome>> = {
  open: "not_written",
  begin: "not_written",
  decide: "not_written",
  insert: "not_written",
  commit: "unknown",
  "read-back": "unknown",
  read: "not_written",
};

interface Meaning {
  readonly code: FaultCode;
  readonly retryable: boolean;
  readonly hint: string;
  /** Certain even where the step leaves it open. */
  readonly outcome?: Outcome;
}

const missing: Meaning = {
  code: "STORE_MISSING",
  retryable: false,
  hint: "The database or its directory was removed or moved, or was never made; put it back, or make the directory.",
};
const readOnly: Meaning = {
  code: "STORAGE_READ_ONLY",
  retryable: false,
  hint: "The database, its directory or its file system is read-only, or is so for this user, and SQLite writes files beside a database even to read it; make it writable, or work on a copy elsewhere: who may write there makes one with VACUUM INTO, and while nobody can, the database file and its -wal, if there is one, may be copied together.",
};
const denied: Meaning = {
  code: "PERMISSION_DENIED",
  retryable: false,
  hint: "Check owner and permissions of the database, of its -wal and -shm files and of their directory.",
};
const corrupt: Meaning = {
  code: "LOG_CORRUPT",
  retryable: false,
  hint: "The database is damaged and takes no writes. `mled doctor` says where, and what to do about it.",
};
const exhausted: Meaning = {
  code: "RESOURCES_EXHAUSTED",
  retryable: true,
  hint: "The system is short of descriptors or memory; try again.",
};
const full: Meaning = {
  code: "STORAGE_FULL",
  retryable: true,
  hint: "Make room on the disk (or in the quota), then try again.",
  outcome: "not_written",
};
/** Not even a read goes without SQLite's file of shared memory, which is made anew by whoever comes first. */
const noSharedMemory: Meaning = {
  code: "STORAGE_FULL",
  retryable: true,
  hint: "SQLite could not make its `-shm` file beside the database: make room on the disk (or in the quota), then try again. If there is room, look at the system log.",
};
const damagedDisk: Meaning = {
  code: "STORAGE_ERROR",
  retryable: false,
  hint: "The disk reported an error; look at the system log before trusting it further.",
};
const unconfirmed: Meaning = {
  code: "DURABILITY_UNKNOWN",
  retryable: true,
  hint: "The disk did not confirm the commit. Look at the system log; the next command first has the database written anew.",
};
const locked: Meaning = {
  code: "LOCK_TIMEOUT",
  retryable: true,
  hint: "Another program keeps the database locked; try again.",
  outcome: "not_written",
};
const internal: Meaning = {
  code: "INTERNAL",
  retryable: false,
  hint: "This should not happen; please report it.",
};

/** Source: durability rules, section 10. The longest prefix of a code decides. */
const meanings: Readonly<Record<string, Meaning>> = {
  SQLITE_BUSY: locked,
  SQLITE_LOCKED: locked,
  SQLITE_PROTOCOL: locked,
  // A read is never turned into a write here.
  SQLITE_BUSY_SNAPSHOT: { ...internal, outcome: "not_written" },
  SQLITE_FULL: full,
  SQLITE_IOERR: damagedDisk,
  SQLITE_IOERR_SHMSIZE: noSharedMemory,
  SQLITE_IOERR_SHORT_READ: corrupt,
  SQLITE_IOERR_CORRUPTFS: corrupt,
  SQLITE_IOERR_DATA: corrupt,
  SQLITE_IOERR_NOMEM: exhausted,
  SQLITE_CORRUPT: corrupt,
  SQLITE_NOTADB: corrupt,
  SQLITE_READONLY: readOnly,
  SQLITE_READONLY_DBMOVED: missing,
  SQLITE_CANTOPEN: missing,
  SQLITE_PERM: denied,
  SQLITE_AUTH: denied,
  SQLITE_TOOBIG: {
    code: "LIMIT_EXCEEDED",
    retryable: false,
    hint: "Make it several commands, or shorten what they carry.",
    outcome: "not_written",
  },
  SQLITE_NOMEM: exhausted,
  SQLITE_INTERRUPT: { code: "TIMEOUT", retryable: true, hint: "It was interrupted; try again." },
  ENOSPC: full,
  EDQUOT: full,
  EROFS: readOnly,
  EACCES: denied,
  EPERM: denied,
  ENOENT: missing,
  ENOTDIR: missing,
  ESTALE: missing,
  EMFILE: exhausted,
  ENFILE: exhausted,
  ENOMEM: exhausted,
  EIO: damagedDisk,
  ELOOP: {
    code: "UNSAFE_FILE",
    retryable: false,
    hint: "Something stands there that is no plain file of the ledger; move it away.",
  },
};

/** The fault that stands for an error. Faults pass through, but an outcome is never said to be surer than its step allows. */
export const faultOf = (
  error: unknown,
  step: Step,
  details: Readonly<Record<string, unknown>>,
): StoreFault => {
  if (error instanceof StoreFault)
    return outcomeAt[step] === "unknown" && error.outcome !== "unknown" ? unsure(error) : error;
  const reason = codeOf(error);
  const meaning = meaningOf(error, reason, step, details.path);
  const { code, retryable, hint } = meaning;
  // Once it is committed, no error of a later look undoes it.
  const outcome = step === "read-back" ? "unknown" : (meaning.outcome ?? outcomeAt[step]);
  const what = error instanceof Error ? error.message : String(error);
  const where = placeOf(error, details);
  return new StoreFault(code, `${step}: ${where === "" ? "" : `${where}: `}${what}`, {
    outcome,
    retryable: retryable || outcome === "unknown",
    hint: outcome === "unknown" ? `${hint} ${repeatIt}` : hint,
    details: {
      ...details,
      step,
      ...(reason === undefined ? {} : { sqlite: reason }),
      ...(error instanceof DamagedRow ? error.at : {}),
    },
    cause: error,
  });
};

/** `mission-passkeys, revision 7, position 12 in events` for a row, else the file. */
const placeOf = (error: unknown, { path }: Readonly<Record<string, unknown>>): string => {
  if (!(error instanceof DamagedRow)) return typeof path === "string" ? path : "";
  const { stream, revision, position, table } = error.at;
  return [
    typeof stream === "string" ? stream : "",
    typeof revision === "number" ? `revision ${revision}` : "",
    `${typeof position === "number" ? `position ${position} ` : ""}in ${String(table)}`,
  ]
    .filter((part) => part !== "")
    .join(", ");
};

const meaningOf = (error: unknown, reason: string | undefined, step: Step, path: unknown): Meaning => {
  if (error instanceof DamagedRow) return corrupt;
  if (reason === undefined) {
    // better-sqlite3 looks for the directory itself and says so in words alone.
    const isNoDirectory = error instanceof TypeError && error.message.includes("directory does not exist");
    return isNoDirectory ? missing : internal;
  }
  const isUnclear = reason === "SQLITE_CANTOPEN" && typeof path === "string";
  const found = meaningOfCode((isUnclear ? whyNotOpened(path) : undefined) ?? reason);
  return step === "commit" && (found === damagedDisk || found === noSharedMemory) ? unconfirmed : found;
};

const meaningOfCode = (reason: string): Meaning => {
  for (let prefix = reason; prefix !== ""; prefix = prefix.slice(0, Math.max(0, prefix.lastIndexOf("_")))) {
    const meaning = meanings[prefix];
    if (meaning !== undefined) return meaning;
  }
  return internal;
};

/** What the driver or the system calls the error. */
export const codeOf = (error: unknown): string | undefined => {
  const code = (error as { readonly code?: unknown } | null | undefined)?.code;
  return typeof code === "string" ? code : undefined;
};

/** Whether somebody else has the lock, so that trying again may help. */
export const isBusy = (error: unknown): boolean => {
  const code = codeOf(error);
  return (
    code !== undefined && code !== "SQLITE_BUSY_SNAPSHOT" && meanings[code.split("_", 2).join("_")] === locked
  );
};

const repeatIt = "Whether the command was written is not known: repeat it with the same command id.";

const unsure = (fault: StoreFault): StoreFault =>
  new StoreFault(fault.code, fault.message, {
    outcome: "unknown",
    retryable: true,
    hint: fault.hint === undefined ? repeatIt : `${fault.hint} ${repeatIt}`,
    details: fault.details,
    cause: fault,
  });
