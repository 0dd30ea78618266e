/** Columns in the text of a page. */
import { areSameBytes } from "./scan-bytes.ts";
import type { ScannedText } from "./scan-text.ts";

const lineFeed = 10;
const zero = 48;

/** Goes through columns with a LF behind each. */
export class ColumnReader {
  at = 0;
  readonly #bytes: Buffer;
  readonly #view: DataView;
  readonly #byBytes: string;

  constructor({ bytes, view, byBytes }: ScannedText) {
    this.#bytes = bytes;
    this.#view = view;
    this.#byBytes = byBytes;
  }

  /** A whole number; NaN if it is anything else, or none that is certainly exact. */
  number(): number {
    const bytes = this.#bytes;
    const start = this.at;
    let value = 0;
    for (let at = start; at < bytes.length; at += 1) {
      const byte = bytes[at] as number;
      if (byte === lineFeed) {
        this.at = at + 1;
        return at > start && at - start < 16 ? value : Number.NaN;
      }
      if (byte < zero || byte >= zero + 10) break;
      value = value * 10 + byte - zero;
    }
    return Number.NaN;
  }

  /** Takes a column that is the same as so many bytes of a text from a place on. */
  is(expected: DataView, from: number, count: number): boolean {
    const end = this.at + count;
    if (this.#bytes[end] !== lineFeed || !areSameBytes(this.#view, this.at, expected, from, count))
      return false;
    this.at = end + 1;
    return true;
  }

  /** Where the column ends that begins here; -1 if there is none any more. */
  end(): number {
    const end = this.#byBytes.indexOf("\n", this.at);
    this.at = end + 1;
    return end;
  }

  /** The same of a column that has so many bytes as a rule, which is looked at first. */
  endAfter(usual: number): number {
    const end = this.at + usual;
    if (this.#bytes[end] !== lineFeed) return this.end();
    this.at = end + 1;
    return end;
  }

  isAtEnd(): boolean {
    return this.at === this.#bytes.length;
  }
}
