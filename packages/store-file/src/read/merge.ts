/** Many logs as one, in the order of their records' numbers. */
interface Numbered {
  readonly seq: number;
}

/** A place in one log. */
export interface MergeCursor<A extends Numbered> {
  /** Orders records of equal number. */
  readonly tieBreak: string;
  peek(blockBytes: number): A | undefined;
  drop(): void;
  /** Lets go of the block, keeps the place. */
  rest(): void;
}

interface Entry<A extends Numbered> {
  readonly cursor: MergeCursor<A>;
  record: A;
}

/** Takes the records up to number `upTo` from all cursors in order. Holds one block per cursor. */
export function* merge<A extends Numbered>(
  cursors: readonly MergeCursor<A>[],
  upTo: number,
  blockBytes: number,
): Generator<A> {
  const heap: Entry<A>[] = [];
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
      const last = heap.pop() as Entry<A>;
      if (heap.length === 0) return;
      if (last !== top) heap[0] = last;
    }
    sink(heap, 0);
  }
}

const before = (a: Entry<Numbered>, b: Entry<Numbered>): boolean =>
  a.record.seq < b.record.seq || (a.record.seq === b.record.seq && a.cursor.tieBreak < b.cursor.tieBreak);

const sink = <A extends Numbered>(heap: Entry<A>[], from: number): void => {
  for (let at = from; ; ) {
    let least = at;
    for (const child of [2 * at + 1, 2 * at + 2])
      if (child < heap.length && before(heap[child] as Entry<A>, heap[least] as Entry<A>)) least = child;
    if (least === at) return;
    const moved = heap[at] as Entry<A>;
    heap[at] = heap[least] as Entry<A>;
    heap[least] = moved;
    at = least;
  }
};
