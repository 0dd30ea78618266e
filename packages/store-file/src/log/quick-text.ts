/** Texts in a block of bytes, told apart without being made into strings. */
import { longestId } from "@mission-ledger/core";

/** Short texts that come again and again: types, lanes, work packages, actors. Known by their bytes, they are not made anew. */
export class KnownTexts {
  readonly #texts: string[] = Array.from({ length: slots }, () => "");
  readonly #bytes: Uint8Array[] = Array.from({ length: slots }, () => noBytes);

  /** The ASCII text from here to there. A copy: a part of a longer string would keep the whole in memory. */
  at(block: Buffer, from: number, to: number): string {
    const length = to - from;
    if (length === 0) return "";
    if (length > longest) return block.toString("latin1", from, to);
    const first = block[from] as number;
    const last = block[to - 1] as number;
    const middle = block[from + (length >> 1)] as number;
    const slot = (length * 31 + first * 7 + last * 13 + middle) & (slots - 1);
    const known = this.#bytes[slot] as Uint8Array;
    if (known.length === length && isAt(block, from, known)) return this.#texts[slot] as string;
    // As a name the engine knows it is found in maps without being compared.
    const text = Object.keys({ [block.toString("latin1", from, to)]: 0 })[0] as string;
    this.#texts[slot] = text;
    this.#bytes[slot] = Uint8Array.from(block.subarray(from, to));
    return text;
  }
}

const isAt = (block: Uint8Array, at: number, what: Uint8Array): boolean => {
  for (let index = 0; index < what.length; index += 1) if (block[at + index] !== what[index]) return false;
  return true;
};

/** Bytes to look for at a place, four at a time. */
export class Pattern {
  readonly length: number;
  readonly #words: Int32Array;
  readonly #lastAt: number;

  /** ASCII, of at least four characters. */
  constructor(text: string) {
    const bytes = Buffer.from(text, "latin1");
    this.length = bytes.length;
    this.#lastAt = bytes.length - 4;
    const words = Math.ceil(bytes.length / 4);
    this.#words = Int32Array.from({ length: words }, (_, index) =>
      bytes.readInt32LE(Math.min(index * 4, this.#lastAt)),
    );
  }

  isAt(view: DataView, at: number): boolean {
    const words = this.#words;
    const last = words.length - 1;
    // The last word may overlap the one before; it is the one that differs most often.
    if (view.getInt32(at + this.#lastAt, true) !== words[last]) return false;
    for (let index = 0; index < last; index += 1)
      if (view.getInt32(at + index * 4, true) !== words[index]) return false;
    return true;
  }
}

/** A text to which others are compared, four bytes at a time. Of at least four characters, or it is none. */
export class LastText {
  length = 0;
  readonly #words = new Int32Array(longestId / 4);
  /** The last four bytes, which may overlap the last word. */
  #last = 0;

  get text(): string {
    const bytes = Buffer.alloc(this.length);
    for (let at = 0; at + 4 <= this.length; at += 4) bytes.writeInt32LE(this.#words[at >> 2] as number, at);
    if (this.length > 0) bytes.writeInt32LE(this.#last, this.length - 4);
    return bytes.toString("latin1");
  }

  /** Keeps nothing of what is not plain text. */
  keep(text: string): void {
    const bytes = /^[ !#-[\]-~]{4,200}$/.test(text) ? Buffer.from(text, "latin1") : Buffer.alloc(0);
    this.copy(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length);
  }

  copy(view: DataView, from: number, length: number): void {
    this.length = length < 4 ? 0 : length;
    if (this.length === 0) return;
    const words = this.#words;
    for (let at = 0; at + 4 <= length; at += 4) words[at >> 2] = view.getInt32(from + at, true);
    this.#last = view.getInt32(from + length - 4, true);
  }

  isAt(view: DataView, from: number): boolean {
    const { length } = this;
    const words = this.#words;
    if (view.getInt32(from + length - 4, true) !== this.#last) return false;
    for (let at = 0; at + 4 <= length; at += 4)
      if (view.getInt32(from + at, true) !== words[at >> 2]) return false;
    return true;
  }
}

const slots = 256;
const longest = 40;
const noBytes: Uint8Array = new Uint8Array(0);
