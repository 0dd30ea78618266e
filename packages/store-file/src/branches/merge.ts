/**
 * The three-way merge of two copies of a log. Logs only grow, so the merge is the union of what both hold; everything that
 * leaves a doubt is refused, and a person looks.
 */
import { arrange } from "./arrange.ts";
import { canonicalOrder } from "./canonical-order.ts";
import { type CopyContents, readCopy } from "./read-copy.ts";

export interface MergeInput {
  /** What both copies go back to; empty if nothing. */
  readonly base: Buffer;
  readonly ours: Buffer;
  readonly theirs: Buffer;
  readonly stream: string;
  /** The stream's name as a file name. */
  readonly encoded: string;
}

export type CopyName = "base" | "ours" | "theirs";

export interface RefusedMerge {
  readonly _tag: "Refused";
  readonly kind: "torn" | "conflict_marker" | "newer_format" | "damaged" | "oversized" | "clash";
  readonly why: string;
  /** `copy` is `null` where two copies are sound by themselves and do not go together. */
  readonly where: { readonly copy: CopyName | null; readonly offset: number | null };
}

export type MergedCopies = { readonly _tag: "Merged"; readonly bytes: Buffer } | RefusedMerge;

/**
 * The union of two copies: each record once, in canonical order, then each sealed fragment once. Exchanging ours and theirs
 * gives the same bytes, merging again changes nothing, and of several merges the order does not matter. Refuses copies that
 * are torn, damaged, conflicted, too large, of a newer format, or that hold records which contradict each other. Never
 * throws.
 */
export const mergeCopies = ({ base, ours, theirs, stream, encoded }: MergeInput): MergedCopies => {
  const sides: CopyContents[] = [];
  for (const [copy, bytes] of Object.entries({ base, ours, theirs }) as [CopyName, Buffer][]) {
    const contents = readCopy(bytes, stream, encoded);
    const refused = refusalOf(copy, contents, bytes.length);
    if (refused !== undefined) return refused;
    if (copy !== "base") sides.push(contents);
  }
  const { chain, demoted, openRecords, orphans, clashes } = arrange(sides.flatMap(({ records }) => records));
  const [clash] = clashes;
  if (clash !== undefined)
    return refuse("clash", `a record cannot be taken in: ${clash.why}`, { copy: null, offset: null });
  const lines = canonicalOrder([...chain, ...demoted, ...openRecords, ...orphans]).map(({ line }) => line);
  const sealed = new Map(sides.flatMap((side) => side.sealed.map((line) => [line.toString("latin1"), line])));
  return { _tag: "Merged", bytes: Buffer.concat([...lines, ...[...sealed.values()].sort(Buffer.compare)]) };
};

const refuse = (kind: RefusedMerge["kind"], why: string, where: RefusedMerge["where"]): RefusedMerge => ({
  _tag: "Refused",
  kind,
  why,
  where,
});

const refusalOf = (
  copy: CopyName,
  { problems, markers, torn }: CopyContents,
  bytes: number,
): RefusedMerge | undefined => {
  const [problem] = problems;
  if (problem !== undefined) {
    const { kind, offset, length, why } = problem;
    return refuse(kind, `${length} bytes at offset ${offset} are no record (${why})`, { copy, offset });
  }
  if (markers > 0)
    return refuse("conflict_marker", `holds ${markers} conflict markers`, { copy, offset: null });
  if (torn.length > 0)
    return refuse("torn", `the last line is torn: ${torn.length} bytes without an end`, {
      copy,
      offset: bytes - torn.length,
    });
  return undefined;
};
