/**
 * A log as a new file under its old name, on new pages that are really written. Promises: the file that stood there is first
 * copied byte for byte into the quarantine; killed at any step, the path holds the old log or the new one, whole; between the
 * change and the flush that makes its name durable nobody writes, because the suspect mark stands there.
 * Source: durability rules, section 6; the order of flushes: section 2, facts 7 and 9.
 */
import { type Outcome, StoreFault } from "@mission-ledger/core";
import type { FilePort, FileStatus } from "../files/file-port.ts";
import {
  createNew,
  flushDirectory,
  type OpenedFile,
  openRegularIfThere,
  readOnly,
} from "../files/safe-files.ts";
import type { StreamPaths } from "../layout.ts";
import { rewriteStep } from "./faults.ts";
import { temporaryPath } from "./file-names.ts";
import { quarantineCopy } from "./quarantine.ts";
import type { RewriteContext } from "./rewrite-context.ts";
import { dropSegments } from "./segments.ts";
import { removeMark, setMark } from "./suspect-mark.ts";
import { compareLines, writeLines } from "./write-lines.ts";

export interface RewriteOptions {
  /** What the log is rewritten for: `repair`, `recovery`, `reconcile`. Named in faults. */
  readonly reason: string;
  /**
   * The file that the lines were made from, still open: if another one stands at the path by then, nothing is changed.
   * @defaultValue whatever stands at the path
   */
  readonly of?: OpenedFile;
}

export interface RewriteResult {
  /** Where the old file stands in full; `undefined` if there was no log. */
  readonly quarantined: string | undefined;
  /** Length of the new log. */
  readonly bytes: number;
  /** Which file the new log is. */
  readonly dev: number;
  readonly ino: number;
}

/**
 * Puts `lines` (each with its LF) in the place of a log. To be called with the stream's lock held, and its flush lock if there
 * is one. `lines` may be read from the old log while this goes on. Throws a `StoreFault`: `not_written` if the old log stands
 * as it was; `unknown` if the new one may or may not be durable. Then the mark stands, and a second run finishes.
 */
export const rewriteLog = (
  context: RewriteContext,
  paths: StreamPaths,
  lines: Iterable<Buffer>,
  { reason, of }: RewriteOptions,
): RewriteResult => {
  const { files } = context;
  const details = { stream: paths.stream, path: paths.log, reason };
  const before = <A>(action: () => A): A => rewriteStep("not_written", details, action);
  // Open to the end: an inode number says which file it is only as long as somebody holds it.
  const old = before(() => openRegularIfThere(files, paths.log, readOnly));
  try {
    if (of !== undefined) before(() => expectFile(paths, of.status, old?.status, "not_written"));
    const quarantined = before(() =>
      old === undefined ? undefined : quarantineCopy(context, paths, old.fd),
    );
    return { quarantined, ...replace(context, paths, lines, { reason, old }) };
  } finally {
    if (old !== undefined) files.close(old.fd);
  }
};

const replace = (
  { files, layout, randomness, failpoint }: RewriteContext,
  paths: StreamPaths,
  lines: Iterable<Buffer>,
  { reason, old }: { readonly reason: string; readonly old: OpenedFile | undefined },
): Omit<RewriteResult, "quarantined"> => {
  const details = { stream: paths.stream, path: paths.log, reason };
  const before = <A>(action: () => A): A => rewriteStep("not_written", details, action);
  const after = <A>(action: () => A): A => rewriteStep("unknown", details, action);
  const temporary = temporaryPath(layout, paths, randomness);
  let placed = false;
  try {
    const { status, ...written } = before(() => {
      failpoint("rewrite:write");
      const fd = files.open(temporary, createNew, 0o600);
      try {
        const written = writeLines(files, fd, lines);
        failpoint("rewrite:flush");
        files.fdatasync(fd);
        return { ...written, status: files.fstat(fd) };
      } finally {
        files.close(fd);
      }
    });
    before(() => {
      failpoint("rewrite:mark");
      dropSegments(files, paths);
      setMark(files, paths);
      failpoint("rewrite:rename");
      // What was put there meanwhile is in no quarantine, and a rename would destroy it.
      expectFile(paths, old?.status, files.lstat(paths.log), "not_written");
    });
    after(() => {
      files.rename(temporary, paths.log);
      placed = true;
      failpoint("rewrite:flush-directory");
      flushDirectory(files, layout.logs);
      failpoint("rewrite:compare");
      const opened = openRegularIfThere(files, paths.log, readOnly);
      try {
        compareLines(files, paths, opened, { ...written, ...status });
        failpoint("rewrite:drop-index");
        // Once more: a writer may have added one for the old file, whose inode number the next file can get.
        dropSegments(files, paths);
        failpoint("rewrite:unmark");
        removeMark(files, layout, paths, failpoint);
        expectStill(files, paths, opened?.status);
      } finally {
        if (opened !== undefined) files.close(opened.fd);
      }
    });
    return { bytes: written.bytes, dev: status.dev, ino: status.ino };
  } finally {
    if (!placed) removeTemporary(files, temporary);
  }
};

/** The last look. If it is another file by now, the mark keeps writers out of it. */
const expectStill = (files: FilePort, paths: StreamPaths, expected: FileStatus | undefined): void => {
  try {
    expectFile(paths, expected, files.lstat(paths.log), "unknown");
  } catch (error) {
    setMark(files, paths);
    throw error;
  }
};

/** Whether the path still holds the very file, as it was. Throws `LOG_REPLACED`. */
const expectFile = (
  { stream, log }: StreamPaths,
  expected: FileStatus | undefined,
  found: FileStatus | undefined,
  outcome: Outcome,
): void => {
  const same =
    expected?.dev === found?.dev &&
    expected?.ino === found?.ino &&
    expected?.size === found?.size &&
    expected?.mtimeMs === found?.mtimeMs &&
    (found === undefined || (found.isFile() && found.nlink === 1));
  if (!same)
    throw new StoreFault(
      "LOG_REPLACED",
      `the log of ${stream} was replaced or written to while it was rewritten`,
      {
        outcome,
        retryable: true,
        hint: "Find out what does that, and repair again.",
        details: { stream, path: log },
      },
    );
};

/** Best effort: what a killed or failing process leaves is listed by `findLeftovers` and read by nobody. */
const removeTemporary = (files: FilePort, temporary: string): void => {
  try {
    files.unlink(temporary);
  } catch {
    // It was never made, or the disk refuses this too.
  }
};
