/**
 * A log as a new file under its old name, on new pages that are really written. Promises: the file that stood there is first
 * copied byte for byte into the quarantine; killed at any step, the path holds the old log or the new one, whole; between the
 * change and the flush that makes its name durable nobody writes, because the suspect mark stands there.
 * Source: durability rules, section 6; the order of flushes: section 2, facts 7 and 9.
 */
import type { Clock, Failpoint, Randomness } from "@mission-ledger/core";
import type { FilePort } from "../files/file-port.ts";
import { createNew, flushDirectory, openRegularIfThere, readOnly } from "../files/safe-files.ts";
import type { Layout, StreamPaths } from "../layout.ts";
import { rewriteStep } from "./faults.ts";
import { temporaryPath } from "./file-names.ts";
import { quarantineCopy } from "./quarantine.ts";
import { dropSegments } from "./segments.ts";
import { removeMark, setMark } from "./suspect-mark.ts";
import { compareLines, writeLines } from "./write-lines.ts";

export interface RewriteContext {
  readonly files: FilePort;
  readonly layout: Layout;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly failpoint: Failpoint;
}

export interface RewriteOptions {
  /** What the log is rewritten for: `repair`, `recovery`, `reconcile`. Named in faults. */
  readonly reason: string;
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
  { reason }: RewriteOptions,
): RewriteResult => {
  const { files, layout, randomness, failpoint } = context;
  const details = { stream: paths.stream, path: paths.log, reason };
  const before = <A>(action: () => A): A => rewriteStep("not_written", details, action);
  const after = <A>(action: () => A): A => rewriteStep("unknown", details, action);

  const quarantined = before(() => quarantineCopy(context, paths));
  const temporary = temporaryPath(layout, paths, randomness);
  let placed = false;
  try {
    const written = before(() => {
      failpoint("rewrite:write");
      const fd = files.open(temporary, createNew, 0o600);
      try {
        const written = writeLines(files, fd, lines);
        failpoint("rewrite:flush");
        files.fdatasync(fd);
        const { dev, ino } = files.fstat(fd);
        return { ...written, dev, ino };
      } finally {
        files.close(fd);
      }
    });
    before(() => {
      failpoint("rewrite:mark");
      dropSegments(files, paths);
      setMark(files, paths);
      failpoint("rewrite:rename");
    });
    after(() => {
      files.rename(temporary, paths.log);
      placed = true;
      failpoint("rewrite:flush-directory");
      flushDirectory(files, layout.logs);
      failpoint("rewrite:compare");
      const opened = openRegularIfThere(files, paths.log, readOnly);
      try {
        compareLines(files, paths, opened, written);
      } finally {
        if (opened !== undefined) files.close(opened.fd);
      }
      failpoint("rewrite:drop-index");
      // Once more: a writer may have added one for the old file, whose inode number the next file can get.
      dropSegments(files, paths);
      failpoint("rewrite:unmark");
      removeMark(files, layout, paths, failpoint);
    });
    return { quarantined, bytes: written.bytes, dev: written.dev, ino: written.ino };
  } finally {
    if (!placed) removeTemporary(files, temporary);
  }
};

/** Best effort: what a killed or failing process leaves is listed by `findLeftovers` and read by nobody. */
const removeTemporary = (files: FilePort, temporary: string): void => {
  try {
    files.unlink(temporary);
  } catch {
    // It was never made, or the disk refuses this too.
  }
};
