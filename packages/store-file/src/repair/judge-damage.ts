/** Which records stood in damaged lines: told only where checksum, digests or the neighbours prove it. */
import type { StreamPaths } from "../layout.ts";
import type { StoredRecord } from "../log/record.ts";
import { type DamagedLine, type Part, partsOf } from "./damaged-line.ts";
import { digestsHold, endOf } from "./proof.ts";

export type Candidate = Extract<Part, { readonly _tag: "Candidate" }>;

/** Who is told what became of each part, in the order of the file. */
export interface Verdicts {
  /** The revision of the record that ends with this digest, if it is known by now. */
  revisionOf(digest: string): number | undefined;
  restore(candidate: Candidate): void;
  leave(part: Part, why: string): void;
}

/** Judges the damaged lines before a record, or before the end. Each verdict may rest on the ones before it. */
export const judgeDamage = (
  lines: readonly DamagedLine[],
  next: StoredRecord | undefined,
  paths: StreamPaths,
  verdicts: Verdicts,
): void => {
  const parts: (Part & { readonly why: string })[] = [];
  for (let index = 0; index < lines.length; ) {
    const line = lines[index] as DamagedLine;
    const found = partsOf(line, lines[index + 1], paths);
    parts.push(...found.parts.map((part) => ({ ...part, why: line.why })));
    index += found.lines;
  }
  parts.forEach((part, index) => {
    const after = parts[index + 1];
    const follower = after === undefined ? next : after._tag === "Candidate" ? after.record : undefined;
    if (part._tag === "Candidate" && isProven(part, follower, verdicts)) verdicts.restore(part);
    else verdicts.leave(part, part.why);
  });
};

/** Whether it is proven that a record stood there. */
const isProven = (
  { record, whole, needsSuccessor }: Candidate,
  follower: StoredRecord | undefined,
  { revisionOf }: Verdicts,
): boolean => {
  if (whole) return true;
  const { firstRevision, previous } = record;
  const { digest, revision } = endOf(record);
  const isFollowed = follower?.previous === digest && follower.firstRevision === revision + 1;
  if (needsSuccessor && !isFollowed) return false;
  const before = previous === null ? -1 : revisionOf(previous);
  return (isFollowed || before === firstRevision - 1) && digestsHold(record);
};
