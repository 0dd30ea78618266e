/** Handing on what the log holds to the copy: lines as they stand in the log, appended with one call, or a copy made anew. */
import path from "node:path";
import { digestOfRecord } from "../branches/identity.ts";
import type { CopyContents, CopyRecord } from "../branches/read-copy.ts";
import type { FileStatus } from "../files/file-port.ts";
import { makeDirectories, openRegularIfThere, readFully, readOnly } from "../files/safe-files.ts";
import { writeNewFile } from "../files/write-file.ts";
import type { StreamPaths } from "../layout.ts";
import { foldLog, startOfLog, tornSeal } from "../log/fold.ts";
import { openLineReader } from "../log/line-reader.ts";
import { quarantinePath } from "../rewrite/file-names.ts";
import type { CopyAccess } from "./copy-access.ts";
import { appendToCopy, replaceCopy } from "./copy-file.ts";
import type { CopyPaths, CopyPlace } from "./copy-place.ts";
import type { SeenLog } from "./copy-state.ts";
import type { LogContents } from "./log-contents.ts";

/** How a place in the log is recognised: what stands right before it. */
const lastBytes = 11;

export interface NewLines {
  readonly lines: readonly Buffer[];
  readonly log: SeenLog;
}

/** What the log holds beyond what was published; `undefined` if it is no longer the log that was. */
export const linesAfter = (
  { files }: CopyAccess,
  paths: StreamPaths,
  seen: SeenLog,
): NewLines | undefined => {
  const opened = openRegularIfThere(files, paths.log, readOnly);
  if (opened === undefined) return undefined;
  const { fd, status } = opened;
  try {
    if (status.ino !== seen.ino || status.size < seen.end) return undefined;
    if (
      endAt(readFully(files, fd, Math.max(0, seen.end - lastBytes), Math.min(lastBytes, seen.end))) !==
      seen.last
    )
      return undefined;
    if (status.size === seen.end) return { lines: [], log: seen };
    const lines: Buffer[] = [];
    const head = { revision: seen.revision, digest: seen.digest };
    let { end, last } = seen;
    const fold = foldLog(paths.stream, paths.encoded, { head, origin: seen.origin ?? undefined }, () => {});
    const reader = openLineReader(files, fd, { from: seen.end });
    for (let line = reader.next(); line !== undefined; line = reader.next()) {
      const step = fold.take(line);
      if (step._tag === "Record")
        lines.push(Buffer.concat([line.bytes.subarray(line.bytes.length + 1 - step.length), lineFeed]));
      end = reader.end;
      last = endAt(Buffer.concat([line.bytes.subarray(-lastBytes), lineFeed]));
    }
    return {
      lines,
      log: { ino: seen.ino, end, last, ...fold.head, origin: fold.origin ?? null },
    };
  } finally {
    files.close(fd);
  }
};

const lineFeed = Buffer.from("\n");
const endAt = (bytes: Buffer): string => bytes.subarray(-lastBytes).toString("latin1");

/** The place behind a log that was read whole. */
export const seenLogOf = ({ files }: CopyAccess, paths: StreamPaths, log: LogContents): SeenLog => {
  const { revision, digest } = log.state.head;
  const opened = openRegularIfThere(files, paths.log, readOnly);
  try {
    const last =
      opened === undefined
        ? ""
        : endAt(readFully(files, opened.fd, Math.max(0, log.end - lastBytes), Math.min(lastBytes, log.end)));
    return { ino: log.ino, end: log.end, last, revision, digest, origin: log.state.origin ?? null };
  } finally {
    if (opened !== undefined) files.close(opened.fd);
  }
};

/** Lines of the stream that the copy does not hold. */
export const missingIn = (copy: readonly CopyRecord[], log: LogContents): readonly Buffer[] => {
  const held = new Set(copy.map(({ record }) => digestOfRecord(record)));
  return log.chain.filter(({ record }) => !held.has(digestOfRecord(record))).map(({ line }) => line);
};

/** `undefined` if the copy is not, or no longer, the one that was looked at. */
export const publishLines = (
  { files, failpoint }: CopyAccess,
  place: CopyPlace,
  paths: CopyPaths,
  lines: readonly Buffer[],
  before: (Pick<FileStatus, "ino" | "size"> & { readonly isTorn: boolean }) | undefined,
): FileStatus | undefined => {
  failpoint("publish:write");
  const bytes = Buffer.concat(before?.isTorn ? [Buffer.from(tornSeal), ...lines] : lines);
  return appendToCopy(files, place, paths, bytes, before);
};

/** Whether somebody without this ledger would read the copy as the stream that the ledger holds. */
export const readsAlike = (copy: Buffer, { stream, encoded }: StreamPaths, log: LogContents): boolean => {
  let isSound = true;
  const fold = foldLog(stream, encoded, startOfLog, () => {
    isSound = false;
  });
  let records = 0;
  for (let from = 0, end = copy.indexOf(0x0a); end >= 0; from = end + 1, end = copy.indexOf(0x0a, from)) {
    const bytes = copy.subarray(from, end);
    const step = fold.take({ offset: from, length: end + 1 - from, bytes, oversized: false });
    if (step._tag === "Record") records += 1;
  }
  return isSound && records === log.chain.length && fold.head.digest === log.state.head.digest;
};

/**
 * Writes the copy as the log has it: the stream, what was decided against, what waits for a decision, and what the log does not
 * hold because it could not be taken in. The old copy goes to the quarantine first.
 */
export const publishAnew = (
  access: CopyAccess,
  place: CopyPlace,
  paths: CopyPaths,
  log: LogContents,
  old: Buffer | undefined,
  left: readonly CopyRecord[],
): FileStatus => {
  const { files, failpoint, randomness } = access;
  if (old !== undefined) keepOld(access, paths, old);
  failpoint("publish:replace");
  const lines = [...log.chain, ...log.demoted, ...log.open, ...left].map(({ line }) => line);
  const id = randomness.uuid().replaceAll("-", "").slice(0, 12);
  return replaceCopy(files, place, paths, Buffer.concat(lines), id);
};

const keepOld = ({ files, layout, clock, randomness }: CopyAccess, paths: CopyPaths, old: Buffer): void => {
  makeDirectories(files, layout.quarantine);
  const name = quarantinePath(layout, layout.of(paths.stream), clock, randomness);
  writeNewFile(files, path.join(path.dirname(name), `copy.${path.basename(name)}`), old, { flush: true });
};

/** Records of a copy that stand nowhere in the log. */
export const leftIn = ({ records }: CopyContents, log: LogContents): readonly CopyRecord[] => {
  const held = new Set(
    [...log.chain, ...log.demoted, ...log.open].map(({ record }) => digestOfRecord(record)),
  );
  const left = new Map<string, CopyRecord>();
  for (const copy of records)
    if (!held.has(digestOfRecord(copy.record))) left.set(copy.line.toString("latin1"), copy);
  return [...left.values()];
};
