/** The one order in which a set of records is written, whoever merges it. */
import { compareRecords, digestOfRecord } from "./identity.ts";
import type { CopyRecord } from "./read-copy.ts";

/**
 * Parent before child, concurrent ones by number and digest. Never by the clock, and never by the place in a file: the result
 * depends on the records alone. Each record is there once.
 */
export const canonicalOrder = (copies: Iterable<CopyRecord>): readonly CopyRecord[] => {
  const records = new Map<string, CopyRecord>();
  for (const copy of copies) records.set(digestOfRecord(copy.record), copy);
  const followers = new Map<string, CopyRecord[]>();
  const ready: CopyRecord[] = [];
  for (const copy of records.values()) {
    const { previous } = copy.record;
    if (previous === null || !records.has(previous)) {
      push(ready, copy);
      continue;
    }
    const siblings = followers.get(previous);
    if (siblings === undefined) followers.set(previous, [copy]);
    else siblings.push(copy);
  }
  const ordered: CopyRecord[] = [];
  for (let copy = pop(ready); copy !== undefined; copy = pop(ready)) {
    ordered.push(copy);
    for (const follower of followers.get(digestOfRecord(copy.record)) ?? []) push(ready, follower);
  }
  return ordered;
};

/** Source: the binary heap of any textbook; the smallest record is at index 0. */
const push = (heap: CopyRecord[], copy: CopyRecord): void => {
  let at = heap.length;
  heap.push(copy);
  while (at > 0) {
    const above = (at - 1) >> 1;
    if (compareRecords(heap[above] as CopyRecord, copy) <= 0) break;
    heap[at] = heap[above] as CopyRecord;
    at = above;
  }
  heap[at] = copy;
};

const pop = (heap: CopyRecord[]): CopyRecord | undefined => {
  const [smallest] = heap;
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return smallest;
  let at = 0;
  for (;;) {
    const left = 2 * at + 1;
    if (left >= heap.length) break;
    const right = left + 1;
    const below =
      right < heap.length && compareRecords(heap[right] as CopyRecord, heap[left] as CopyRecord) < 0
        ? right
        : left;
    if (compareRecords(last, heap[below] as CopyRecord) <= 0) break;
    heap[at] = heap[below] as CopyRecord;
    at = below;
  }
  heap[at] = last;
  return smallest;
};
