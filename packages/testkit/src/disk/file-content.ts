/**
 * The bytes of one file, in the cache and on the disk. Never changed in place where somebody may still look: a snapshot keeps
 * the arrays it saw, and only who owns the array writes behind its end.
 */

/** A write that was not flushed, or one that a failed flush left in doubt for ever. */
export interface PendingWrite {
  readonly at: number;
  readonly bytes: Uint8Array;
  /** A flush failed for it, and its pages count as clean: no later flush brings it to the disk. */
  readonly isDoubtful: boolean;
}

/** Bytes of which the first `length` count. */
export interface Extent {
  readonly bytes: Uint8Array;
  readonly length: number;
}

/** What a file is at one moment; the same object as long as nothing changes. */
export interface ContentSnapshot {
  readonly durable: Extent;
  readonly cached: Extent;
  readonly pending: readonly PendingWrite[];
  /** The file was shortened since the last flush: the disk has the old length or the new one. */
  readonly wasCut: boolean;
}

const nothing: Extent = { bytes: new Uint8Array(0), length: 0 };
const none: readonly PendingWrite[] = [];

export class FileContent {
  #durable: Extent;
  #bytes: Uint8Array;
  #length: number;
  #pending: readonly PendingWrite[] = none;
  #wasCut = false;
  /** Whether bytes behind the end may be written in place, and whether those before it may. */
  #ownsTail = false;
  #ownsHead = false;
  #snapshot: ContentSnapshot | undefined;

  constructor(durable: Extent = nothing) {
    this.#durable = durable;
    this.#bytes = durable.bytes;
    this.#length = durable.length;
  }

  get length(): number {
    return this.#length;
  }

  snapshot(): ContentSnapshot {
    this.#ownsHead = false;
    this.#snapshot ??= {
      durable: this.#durable,
      cached: { bytes: this.#bytes, length: this.#length },
      pending: this.#pending,
      wasCut: this.#wasCut,
    };
    return this.#snapshot;
  }

  read(into: Uint8Array, offset: number, length: number, position: number): number {
    const count = Math.max(0, Math.min(length, this.#length - position));
    if (count > 0) into.set(this.#bytes.subarray(position, position + count), offset);
    return count;
  }

  write(source: Uint8Array, at: number): void {
    const end = at + source.length;
    this.#makeRoom(end, at < this.#length);
    if (at > this.#length) this.#bytes.fill(0, this.#length, at);
    this.#bytes.set(source, at);
    this.#length = Math.max(this.#length, end);
    // A copy, since the caller's buffer is the caller's; `slice` of a Buffer is none.
    this.#pending = [...this.#pending, { at, bytes: new Uint8Array(source), isDoubtful: false }];
    this.#snapshot = undefined;
  }

  /** Shortens the file to nothing, as opening with `O_TRUNC` does. */
  cut(): void {
    this.#bytes = new Uint8Array(0);
    this.#length = 0;
    this.#ownsTail = false;
    this.#pending = none;
    this.#wasCut = true;
    this.#snapshot = undefined;
  }

  get isClean(): boolean {
    return this.#pending.length === 0 && !this.#wasCut;
  }

  flush(): void {
    if (this.isClean) return;
    const doubtful = this.#pending.filter(({ isDoubtful }) => isDoubtful);
    this.#durable =
      doubtful.length === 0
        ? { bytes: this.#bytes, length: this.#length }
        : applied(
            this.#wasCut ? nothing : this.#durable,
            this.#pending.filter(({ isDoubtful }) => !isDoubtful),
            this.#length,
          );
    this.#ownsHead = false;
    this.#pending = doubtful;
    this.#wasCut = false;
    this.#snapshot = undefined;
  }

  /** The disk did not take it, and the kernel holds the pages for clean all the same. */
  failFlush(): void {
    this.#pending = this.#pending.map((write) => ({ ...write, isDoubtful: true }));
    this.#snapshot = undefined;
  }

  #makeRoom(end: number, overwrites: boolean): void {
    const fits = end <= this.#bytes.length;
    if (fits && this.#ownsTail && (!overwrites || this.#ownsHead)) return;
    const grown = new Uint8Array(Math.max(256, fits ? this.#bytes.length : end * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
    this.#ownsTail = true;
    this.#ownsHead = true;
  }
}

const slabBytes = 1_048_576;
let slab = new Uint8Array(0);
let taken = 0;

/** Bytes of a slab, whatever they hold: a buffer of its own for each of millions of contents costs more than all the rest. */
const room = (length: number): Uint8Array => {
  if (length > slabBytes / 16) return new Uint8Array(length);
  if (taken + length > slab.length) {
    slab = new Uint8Array(slabBytes);
    taken = 0;
  }
  taken += length;
  return slab.subarray(taken - length, taken);
};

/** A content with writes made on it, one after the other; at least `length` long. */
export const applied = (base: Extent, writes: readonly PendingWrite[], length = 0): Extent => {
  const end = writes.reduce((most, { at, bytes }) => Math.max(most, at + bytes.length), base.length);
  const result = room(Math.max(end, length));
  result.set(base.length === base.bytes.length ? base.bytes : base.bytes.subarray(0, base.length));
  result.fill(0, base.length);
  for (const { at, bytes } of writes) result.set(bytes, at);
  return { bytes: result, length: result.length };
};
