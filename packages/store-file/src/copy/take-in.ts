/**
 * Taking records of a copy into the authoritative log. Promises: what extends the log is appended with one write, flushed and
 * read back; a branch that nobody has decided about is kept beside the chain and keeps writers out; a decision that was made
 * elsewhere makes the log a new file. Nothing that was acknowledged here is ever dropped, and killed at any step the next
 * command finishes.
 */
import { StoreFault } from "@mission-ledger/core";
import { ledgerDirectories } from "../append/directories.ts";
import { type Arranged, arrange } from "../branches/arrange.ts";
import { digestOfRecord } from "../branches/identity.ts";
import type { CopyRecord } from "../branches/read-copy.ts";
import { faultOf } from "../faults.ts";
import {
  createAppend,
  openRegular,
  openRegularIfThere,
  readAppend,
  readFully,
  readOnly,
} from "../files/safe-files.ts";
import type { StreamPaths } from "../layout.ts";
import { tornSeal } from "../log/fold.ts";
import { handleOf, type LogHandle } from "../log/log-handle.ts";
import type { BranchMark } from "../log/record.ts";
import { rewriteLog } from "../rewrite/rewrite-log.ts";
import { setMark } from "../rewrite/suspect-mark.ts";
import type { CopyAccess } from "./copy-access.ts";
import { layLines } from "./lay-lines.ts";
import { type LogContents, readLog } from "./log-contents.ts";

export interface TakenIn {
  /** Records that became part of the stream. */
  readonly records: number;
  /** Records of branches that nobody has decided about, which were not known before. */
  readonly undecided: number;
  /** A decision made elsewhere changed what the stream is. */
  readonly rewritten: boolean;
  readonly arranged: Arranged;
}

type Group = readonly [records: readonly CopyRecord[], branch: BranchMark | undefined];

/**
 * To be called with the stream's lock held. `undefined` if the log is damaged or suspect: then nothing is added, and every
 * writer says so. Throws a `StoreFault`; its outcome speaks of what was taken in, not of any command.
 */
export const takeIn = async (
  access: CopyAccess,
  paths: StreamPaths,
  incoming: readonly CopyRecord[],
): Promise<TakenIn | undefined> => {
  const { files, failpoint, suspects } = access;
  failpoint("take-in:read");
  if (suspects.has(paths) || files.lstat(paths.suspect) !== undefined) return undefined;
  const log = readLog(files, paths);
  if (log.finding !== undefined) return undefined;
  const digests = log.chain.map(({ record }) => digestOfRecord(record));
  const arranged = arrange([...log.chain, ...log.open, ...log.demoted, ...incoming], {
    chain: new Set(digests),
  });
  const taken = {
    records: arranged.chain.length - log.chain.length,
    undecided: without(arranged.openRecords, log.open).length,
    arranged,
  };
  if (!isAddition(log, digests, arranged)) {
    await rewrite(access, paths, log, digests, arranged);
    return { ...taken, rewritten: true };
  }
  const groups: readonly Group[] = [
    [arranged.chain.slice(digests.length), undefined],
    [without(arranged.demoted, log.demoted), "demoted"],
    [without(arranged.openRecords, log.open), "open"],
  ];
  if (groups.some(([records]) => records.length > 0)) await append(access, paths, log, groups);
  return { ...taken, rewritten: false };
};

const without = (records: readonly CopyRecord[], known: readonly CopyRecord[]): readonly CopyRecord[] => {
  const digests = new Set(known.map(({ record }) => digestOfRecord(record)));
  return records.filter(({ record }) => !digests.has(digestOfRecord(record)));
};

/** Whether lines at the end of the log say all that is new, and every line that stands there keeps its mark. */
const isAddition = (
  { open, demoted }: LogContents,
  digests: readonly string[],
  arranged: Arranged,
): boolean =>
  digests.every((digest, index) => {
    const copy = arranged.chain[index];
    return copy !== undefined && digestOfRecord(copy.record) === digest;
  }) &&
  without(open, arranged.openRecords).length === 0 &&
  without(demoted, arranged.demoted).length === 0;

const append = async (
  access: CopyAccess,
  paths: StreamPaths,
  log: LogContents,
  groups: readonly Group[],
): Promise<void> => {
  const { files, order, failpoint } = access;
  const details = { stream: paths.stream, path: paths.log };
  const directories = ledgerDirectories(access);
  let written = Buffer.alloc(0);
  let step: "open" | "write" | "written" | "flush" | "read-back" = "open";
  let handle: LogHandle | undefined;
  try {
    directories.prepare();
    failpoint("take-in:open");
    const opened = openRegular(files, paths.log, log.exists ? readAppend : createAppend);
    handle = handleOf(files, opened, true);
    if (log.end === 0 && log.tail === 0) directories.flushNames();
    step = "write";
    const waiting = order.exclusively((highest) => {
      const laid = layLines(groups, Math.max(highest, log.lastSeq));
      const seal = log.tail > 0 ? [Buffer.from(tornSeal)] : [];
      written = Buffer.concat([...seal, ...laid.lines]);
      failpoint("take-in:write");
      const count = files.write(opened.fd, written, 0, written.length, null);
      step = "written";
      if (count !== written.length) throw shortWrite(details, count, written.length);
      return laid.highest;
    }, access.deadline());
    if (waiting !== undefined) await waiting;
    step = "flush";
    failpoint("take-in:flush");
    flush(access, paths, handle);
    step = "read-back";
    failpoint("take-in:read-back");
    readBack(access, paths, opened.status.ino, log.end + log.tail, written);
  } catch (error) {
    throw faultOf(error, step, details);
  } finally {
    handle?.release();
  }
};

const flush = ({ files, suspects }: CopyAccess, paths: StreamPaths, log: LogHandle): void => {
  try {
    files.fdatasync(log.fd);
  } catch (error) {
    suspects.add(paths.stream, log);
    try {
      setMark(files, paths);
    } catch {
      // Only this process knows.
    }
    throw error;
  }
};

const readBack = (
  { files }: CopyAccess,
  paths: StreamPaths,
  ino: number,
  offset: number,
  written: Buffer,
): void => {
  const opened = openRegularIfThere(files, paths.log, readOnly);
  if (opened === undefined) throw notThere(paths, "LOG_REPLACED");
  try {
    if (opened.status.ino !== ino) throw notThere(paths, "LOG_REPLACED");
    if (!readFully(files, opened.fd, offset, written.length).equals(written))
      throw notThere(paths, "READBACK_FAILED");
  } finally {
    files.close(opened.fd);
  }
};

/** The lines that stay are kept byte for byte; from the first one that changes on, all get new, higher numbers. */
const rewrite = async (
  access: CopyAccess,
  paths: StreamPaths,
  log: LogContents,
  digests: readonly string[],
  arranged: Arranged,
): Promise<void> => {
  const { order } = access;
  const same = digests.findIndex((digest, index) => {
    const copy = arranged.chain[index];
    return copy === undefined || digestOfRecord(copy.record) !== digest;
  });
  const kept = log.chain.slice(0, same < 0 ? log.chain.length : same);
  const groups: readonly Group[] = [
    [arranged.chain.slice(kept.length), undefined],
    [arranged.demoted, "demoted"],
    [arranged.openRecords, "open"],
  ];
  const waiting = order.exclusively((highest) => {
    const laid = layLines(groups, Math.max(highest, log.lastSeq));
    rewriteLog(access, paths, [...kept.map(({ line }) => line), ...laid.lines], { reason: "take-in" });
    return laid.highest;
  }, access.deadline());
  if (waiting !== undefined) await waiting;
  access.failpoint("take-in:read-back");
  const { state } = readLog(access.files, paths);
  const end = arranged.chain.at(-1);
  if (end === undefined || state.head.digest !== digestOfRecord(end.record))
    throw notThere(paths, "READBACK_FAILED");
};

const shortWrite = (details: Readonly<Record<string, unknown>>, count: number, length: number): StoreFault =>
  new StoreFault("STORAGE_FULL", `the disk took ${count} of ${length} bytes of what arrived`, {
    outcome: "unknown",
    retryable: true,
    hint: "Make room on the disk (or in the quota), then try again; the next command takes in the rest.",
    details,
  });

const notThere = ({ stream, log }: StreamPaths, code: "LOG_REPLACED" | "READBACK_FAILED"): StoreFault =>
  new StoreFault(code, `the log of ${stream} does not hold what was taken in`, {
    outcome: "unknown",
    retryable: true,
    hint: "Run the command again; if it happens again, distrust the disk.",
    details: { stream, path: log },
  });
