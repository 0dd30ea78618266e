/** Many logs as one, in the order of their records' numbers. */
import type { CursorRecord, LogCursor } from "./log-cursor.ts";

interface Entry {
  readonly cursor: LogCursor;
  record: CursorRecord;
}

/** Takes the records up to number `upTo` from all cursors in order. Holds one block per cursor. */
export function* merge(
  cursors: readonly LogCursor[],
  upTo: number,
  blockBytes: number,
): Generator<CursorRecord> {
  const heap: Entry[] = [];
  for (const cursor of cursors) {
    const record = cursor.peek(blockBytes);
    if (record !== undefined && record.seq <= upTo) heap.push({ cursor, record });
    else cursor.rest();
  }
  for (let index = (heap.length >> 1) - 1; index >= 0; index -= 1) sink(heap, index);
  for (let top = heap[0]; top !== undefined; top = heap[0]) {
    yield top.record;
    top.cursor.drop();
    const next = top.cursor.peek(blockBytes);
    if (next !== undefined && next.seq <= upTo) top.record = next;
    else {
      top.cursor.rest();
      const last = heap.pop() as Entry;
      if (heap.length === 0) return;
      if (last !== top) heap[0] = last;
    }
    sink(heap, 0);
  }
}

const before = (a: Entry, b: Entry): boolean =>
  a.record.seq < b.record.seq || (a.record.seq === b.record.seq && a.cursor.tieBreak < b.cursor.tieBreak);

const sink = (heap: Entry[], from: number): void => {
  for (let at = from; ; ) {
    let least = at;
    for (const child of [2 * at + 1, 2 * at + 2])
      if (child < heap.length && before(heap[child] as Entry, heap[least] as Entry)) least = child;
    if (least === at) return;
    const moved = heap[at] as Entry;
    heap[at] = heap[least] as Entry;
    heap[least] = moved;
    at = least;
  }
};
