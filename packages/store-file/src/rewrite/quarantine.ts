/** A whole log, byte for byte, in the quarantine: flushed with the directories above it before anything else may happen. */
import path from "node:path";
import { StoreFault } from "@mission-ledger/core";
import { createNew, flushDirectory, makeDirectories } from "../files/safe-files.ts";
import type { StreamPaths } from "../layout.ts";
import { quarantinePath } from "./file-names.ts";
import type { RewriteContext } from "./rewrite-context.ts";
import { bytesOf, sumOf, writeLines } from "./write-lines.ts";

/** Answers where the copy of an open log stands. A copy that was not finished stays, and is never read. */
export const quarantineCopy = (
  { files, layout, clock, randomness, failpoint }: RewriteContext,
  paths: StreamPaths,
  log: number,
): string => {
  failpoint("rewrite:quarantine");
  const made = makeDirectories(files, layout.quarantine);
  const target = quarantinePath(layout, paths, clock, randomness);
  const fd = files.open(target, createNew, 0o600);
  try {
    const { bytes, sum } = writeLines(files, fd, bytesOf(files, log));
    failpoint("rewrite:quarantine-flush");
    files.fdatasync(fd);
    const copied = sumOf(files, fd);
    if (copied.bytes !== bytes || copied.sum !== sum) throw differs(target);
  } finally {
    files.close(fd);
  }
  failpoint("rewrite:quarantine-directory");
  const above = made.map((name) => path.dirname(name));
  for (const directory of new Set([layout.quarantine, layout.root, ...above]))
    flushDirectory(files, directory);
  return target;
};

const differs = (target: string): StoreFault =>
  new StoreFault("READBACK_FAILED", `${target} does not hold what was copied into it`, {
    outcome: "not_written",
    retryable: true,
    hint: "Distrust the disk.",
    details: { path: target },
  });
