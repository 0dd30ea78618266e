/** What a power cut can leave of one file: every prefix of what was not flushed, and every loss of pages that is legal. */
import { applied, type ContentSnapshot, type Extent, type PendingWrite } from "./file-content.ts";

const pageBytes = 4_096;
/** From here on subsets of pages are not enumerated but drawn. */
const mostPages = 6;

let nextId = 1;

/**
 * The states of one file by number: 0 is the disk's content as flushed, {@link ContentStates.whole} what the cache holds.
 * In between: the writes in order up to any byte; the same with the file's new length and NULs where the rest should be; and
 * any subset of the pages that were touched.
 */
export class ContentStates {
  /** Another one for each instance. */
  readonly id: number = nextId++;
  readonly count: number;
  /** The number of the state in which nothing is lost. */
  readonly whole: number;
  readonly #snapshot: ContentSnapshot;
  readonly #base: Extent;
  readonly #pendingBytes: number;
  readonly #pages: readonly number[];
  readonly #masks: number;
  #ids: Float64Array | undefined;

  constructor(snapshot: ContentSnapshot) {
    const { durable, pending, wasCut } = snapshot;
    this.#snapshot = snapshot;
    this.#base = wasCut ? { bytes: durable.bytes, length: 0 } : durable;
    this.#pendingBytes = pending.reduce((sum, { bytes }) => sum + bytes.length, 0);
    this.#pages = touchedPages(pending);
    const pages = this.#pages.length;
    this.#masks = pages < 2 ? 0 : pages <= mostPages ? 2 ** pages - 2 : 0;
    const cutStates = wasCut ? 1 : 0;
    this.whole = cutStates + this.#pendingBytes;
    this.count = 1 + cutStates + 2 * this.#pendingBytes + this.#masks;
  }

  /** Whether every state is among the numbers. */
  get isComplete(): boolean {
    return this.#pages.length <= mostPages;
  }

  /** A number for the content, equal for equal bytes. */
  idOf(state: number, intern: (content: Extent) => number): number {
    this.#ids ??= new Float64Array(this.count);
    const known = this.#ids[state] as number;
    if (known > 0) return known;
    const id = intern(this.contentOf(state));
    this.#ids[state] = id;
    return id;
  }

  contentOf(state: number): Extent {
    const { durable, cached, pending, wasCut } = this.#snapshot;
    if (state === 0) return durable;
    if (state === this.whole && !pending.some(({ isDoubtful }) => isDoubtful)) return cached;
    const ordered = wasCut ? state - 1 : state;
    if (ordered <= this.#pendingBytes) return applied(this.#base, prefixOf(pending, ordered).writes);
    const torn = ordered - this.#pendingBytes - 1;
    if (torn < this.#pendingBytes) {
      const { writes, end } = prefixOf(pending, torn);
      return applied(this.#base, writes, end);
    }
    return this.#subsetOf(torn - this.#pendingBytes + 1);
  }

  describe(state: number): string {
    const { wasCut } = this.#snapshot;
    if (this.count === 1) return "as flushed";
    if (state === 0) return "nothing unflushed";
    if (state === this.whole) return "everything";
    const ordered = wasCut ? state - 1 : state;
    const all = this.#pendingBytes;
    if (ordered <= all) return `${ordered} of ${all} unflushed bytes`;
    const torn = ordered - all - 1;
    if (torn < all) return `${torn} of ${all} unflushed bytes, then NULs`;
    const mask = torn - all + 1;
    return `of the pages ${this.#pages.join(" ")} only ${this.#pages.filter((_, index) => (mask >> index) & 1).join(" ")}`;
  }

  #subsetOf(mask: number): Extent {
    const whole = applied(this.#base, this.#snapshot.pending);
    const base = this.#base;
    const bytes = whole.bytes.slice();
    this.#pages.forEach((page, index) => {
      if ((mask >> index) & 1) return;
      const from = page * pageBytes;
      const to = Math.min(whole.length, from + pageBytes);
      bytes.fill(0, from, to);
      if (from < base.length) bytes.set(base.bytes.subarray(from, Math.min(to, base.length)), from);
    });
    return { bytes, length: whole.length };
  }
}

/** The first `count` bytes of writes in their order, and where the write that is cut would have ended. */
const prefixOf = (
  pending: readonly PendingWrite[],
  count: number,
): { readonly writes: readonly PendingWrite[]; readonly end: number } => {
  const writes: PendingWrite[] = [];
  let left = count;
  for (const write of pending) {
    const { at, bytes } = write;
    if (bytes.length > left) {
      if (left > 0) writes.push({ ...write, bytes: bytes.subarray(0, left) });
      return { writes, end: at + bytes.length };
    }
    writes.push(write);
    left -= bytes.length;
  }
  return { writes, end: 0 };
};

const touchedPages = (pending: readonly PendingWrite[]): readonly number[] => {
  const pages = new Set<number>();
  for (const { at, bytes } of pending)
    for (let page = Math.floor(at / pageBytes); page * pageBytes < at + bytes.length; page += 1)
      pages.add(page);
  return [...pages].sort((one, other) => one - other);
};
