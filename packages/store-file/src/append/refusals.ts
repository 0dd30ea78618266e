/** Why a writer turns back before it has written anything, and the mark that makes all writers turn back. */
import { type Commit, type FaultCode, type Outcome, StoreFault } from "@mission-ledger/core";
import { recover } from "../faults.ts";
import type { FilePort } from "../files/file-port.ts";
import { createNew } from "../files/safe-files.ts";
import type { Finding, FindingKind } from "../log/fold.ts";
import type { StreamView } from "../stream-view/stream-view.ts";
import type { StoreContext } from "./store-context.ts";

/** After a failed flush nobody writes until the log was recovered: the next flush would say yes without having written. */
export const refuseSuspect = (
  { files, names, suspects }: Pick<StoreContext, "files" | "names" | "suspects">,
  view: StreamView,
  outcome: Outcome,
): void => {
  const { paths } = view;
  const generation = names.latest;
  if (suspects.has(paths)) writeMark(files, view);
  else {
    if (view.cleanAt === generation) return;
    if (files.lstat(paths.suspect) === undefined) {
      view.cleanAt = generation;
      return;
    }
  }
  throw new StoreFault(
    "DURABILITY_UNKNOWN",
    `a flush of ${paths.stream} failed earlier; its log is suspect`,
    {
      outcome,
      retryable: false,
      hint: `${recover} Then repeat the command with the same command id.`,
      details: { stream: paths.stream, path: paths.suspect },
    },
  );
};

/** This process knows which file it was until another one stands there; the others learn it from the mark. */
export const markSuspect = (
  { files, suspects }: Pick<StoreContext, "files" | "suspects">,
  view: StreamView,
): void => {
  suspects.add(view.paths.stream, view.log);
  writeMark(files, view);
};

/** Best effort: a disk that fails a flush may fail this too. Tried again with each refusal. */
const writeMark = (files: FilePort, { paths }: StreamView): void => {
  try {
    files.close(files.open(paths.suspect, createNew, 0o600));
  } catch {
    // It is there already, or only this process knows.
  }
};

/** The code with which a writer is refused for what was found in a log. */
export const findingCodes: Readonly<Record<FindingKind, FaultCode>> = {
  damaged: "LOG_CORRUPT",
  gap: "LOG_CORRUPT",
  conflict_marker: "LOG_CONFLICTED",
  newer_format: "UNSUPPORTED_FORMAT",
  fork: "FORK_DETECTED",
};

const hints: Readonly<Record<FindingKind, string>> = {
  damaged: "Run `mled repair <mission>`; it keeps the whole file in the quarantine.",
  gap: "Run `mled repair <mission> --from <file>` with another copy of the log, or without one to see what is missing.",
  conflict_marker:
    "Run `mled repair <mission>`: it sets the marker lines aside and keeps the records of both sides.",
  newer_format: "Use the version of mission-ledger that wrote it, or a newer one.",
  fork: "Run `mled reconcile <mission>` to decide between the two copies.",
};

/** What is wrong with the part of the log that was read makes writing wrong. */
export const refuseDamaged = ({ finding, paths }: StreamView, outcome: Outcome): void => {
  if (finding !== undefined) throw findingFault(finding, paths.stream, paths.log, outcome);
};

/** A line of a newer format may change what came before it: nothing is answered from such a log, not even its end. */
export const refuseNewer = ({ finding, paths }: StreamView): void => {
  if (finding?.kind === "newer_format") throw findingFault(finding, paths.stream, paths.log);
};

export const findingFault = (
  { kind, offset, length, why }: Finding,
  stream: string,
  path: string,
  outcome: Outcome = "not_written",
): StoreFault =>
  new StoreFault(findingCodes[kind], `${path} at byte ${offset}, ${length} bytes: ${kind} (${why})`, {
    outcome,
    retryable: false,
    hint: hints[kind],
    details: { stream, path, offset, length, kind, why },
  });

export const commandIdReused = ({ stream, commandId }: Commit): StoreFault =>
  new StoreFault("COMMAND_ID_REUSED", `command id ${commandId} was used for another command in ${stream}`, {
    outcome: "not_written",
    retryable: false,
    hint: "Make a new command id for a new intention; repeat an id only with the same command.",
    details: { stream, commandId },
  });

/** The disk took a part: it is full, or the file may not grow. */
export const shortWrite = (
  details: Readonly<Record<string, unknown>>,
  count: number,
  length: number,
): StoreFault =>
  new StoreFault("STORAGE_FULL", `the disk took ${count} of ${length} bytes`, {
    outcome: "not_written",
    retryable: true,
    hint: "Make room on the disk (or in the quota), then try again. What was written of it is no record and never becomes one.",
    details: { ...details, step: "write", count, length },
  });
