/** What a log has to say about itself: checksums, digests, chain, order. Shared by verify and doctor; reads only. */
import { type CancelSignal, checkLink, emptyHead, LedgerError, type StreamHead } from "@mission-ledger/core";
import type { Ledger } from "@mission-ledger/core/mission";
import { findingCodes, inspectStream, type StreamReport } from "@mission-ledger/store-file";

/** Something that is not what it should be. */
export interface LogProblem {
  readonly code: string;
  readonly stream: string;
  readonly revision: number | null;
  /** Byte in the log file where it begins. */
  readonly offset: number | null;
  readonly message: string;
}

export interface CheckedLog {
  readonly stream: string;
  readonly events: number;
  /** Digests that were computed again and found equal. */
  readonly digests: number;
  readonly report: StreamReport | undefined;
  readonly problems: readonly LogProblem[];
}

/** Reads a stream as every command does, and its file line by line where there is one. */
export const checkLog = async (
  ledger: Ledger,
  stream: string,
  directory: string | null,
  {
    digests,
    known = [],
    signal,
  }: {
    readonly digests: boolean;
    /** What is known to be wrong with it already; the same is not told twice. */
    readonly known?: readonly LogProblem[];
    readonly signal: CancelSignal | undefined;
  },
): Promise<CheckedLog> => {
  const problems: LogProblem[] = [...known];
  // The file first: what is wrong there explains what follows.
  const report = directory === null ? undefined : inspect(directory, stream, problems);
  let [events, equal] = [0, 0];
  let head: StreamHead = emptyHead;
  try {
    if (digests)
      for await (const batch of ledger.store.read(stream, signal === undefined ? {} : { signal }))
        for (const event of batch) {
          const broken = checkLink(head, event);
          if (broken === undefined) equal += 1;
          else problems.push(brokenAt(stream, event.revision, broken._tag));
          events += 1;
          head = { revision: event.revision, digest: event.digest };
        }
  } catch (error) {
    const problem = problemIn(stream, error, signal);
    if (known.length === 0) problems.push({ ...problem, revision: problem.revision ?? head.revision + 1 });
  }
  return { stream, events: digests ? events : (report?.events ?? 0), digests: equal, report, problems };
};

/** What reading a log failed with, as something that is wrong with it. Throws the error where it says nothing of the log. */
export const problemIn = (stream: string, error: unknown, signal: CancelSignal | undefined): LogProblem => {
  if (signal?.aborted === true || !LedgerError.is(error) || saysNothingOfLogs(error)) throw error;
  const { code, message, details } = error;
  const revision = typeof details.revision === "number" ? details.revision : null;
  return { code, stream, revision, offset: offsetIn(details), message };
};

/** Whether a server went away: nothing is known of its logs then, and they may be as sound as ever. */
export const saysNothingOfLogs = ({ code }: LedgerError): boolean =>
  ["STORE_CLOSED", "STORE_UNAVAILABLE", "TIMEOUT"].includes(code);

const brokenAt = (stream: string, revision: number, tag: string): LogProblem => ({
  code: "LOG_CORRUPT",
  stream,
  revision,
  offset: null,
  message: sentences[tag] ?? tag,
});

const sentences: Readonly<Record<string, string>> = {
  DigestDiffers: "the digest of the event is not that of its content",
  ChainBroken: "the event does not follow the one before it",
  RevisionSkipped: "the revision does not follow the one before it",
};

const inspect = (directory: string, stream: string, problems: LogProblem[]): StreamReport | undefined => {
  try {
    const report = inspectStream({ directory, stream, digests: false });
    for (const { kind, offset, why } of report.findings)
      problems.push({ code: findingCodes[kind], stream, revision: null, offset, message: why });
    return report;
  } catch (error) {
    if (!LedgerError.is(error)) throw error;
    problems.push({
      code: error.code,
      stream,
      revision: null,
      offset: offsetIn(error.details),
      message: error.message,
    });
    return undefined;
  }
};

const offsetIn = (details: Readonly<Record<string, unknown>>): number | null =>
  typeof details.offset === "number" ? details.offset : null;
