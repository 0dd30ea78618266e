/** The lines of a log or of an addition to it: records under the numbers of this ledger, each with its mark. */

import type { CopyRecord } from "../branches/read-copy.ts";
import { hardRecordBytes } from "../log/bounds.ts";
import { type BranchMark, commitOf, encodeRecord } from "../log/record.ts";

/** Encodes records that came from elsewhere, or whose mark changed. Their events, digests and origins stay as they are. */
export const layLines = (
  groups: readonly (readonly [records: readonly CopyRecord[], branch: BranchMark | undefined])[],
  highest: number,
): { readonly lines: readonly Buffer[]; readonly highest: number } => {
  let seq = highest;
  const lines = groups.flatMap(([records, branch]) =>
    records.map(({ record }) => {
      seq += 1;
      const { origin } = record;
      return encodeRecord(
        commitOf(record),
        { origin, seq, ...(branch === undefined ? {} : { branch }) },
        hardRecordBytes,
      );
    }),
  );
  return { lines, highest: seq };
};
