/** How long a commit may be, checked before anything is written. */
import { tooMuchForOneCommit } from "@mission-ledger/core";
import type { CommitRows } from "./rows.ts";

export const defaultCommitBytes = 65_536;

/** Throws `LIMIT_EXCEEDED` for a commit that is too long. */
export const checkLength = ({ command, events }: CommitRows, maxBytes: number): void => {
  let characters = 0;
  for (const row of [command, ...events])
    for (const value of row) if (typeof value === "string") characters += value.length;
  // A character takes three bytes at most; most commits are far from the bound, and need not be counted byte by byte.
  if (3 * characters <= maxBytes) return;
  let bytes = 0;
  for (const row of [command, ...events])
    for (const value of row) if (typeof value === "string") bytes += Buffer.byteLength(value);
  if (bytes > maxBytes)
    throw tooMuchForOneCommit(`it takes ${bytes} bytes of ${maxBytes}`, String(command[1]));
};
