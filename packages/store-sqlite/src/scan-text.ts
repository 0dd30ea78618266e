/** Columns that SQLite put together, as bytes and as a text that has a character for each byte. */
import { isAscii, isUtf8 } from "node:buffer";
import { viewOf } from "./scan-bytes.ts";

/** Places in the bytes are places in the text, so that each is searched where it is faster. */
export class ScannedText {
  readonly bytes: Buffer;
  readonly view: DataView;
  /** Is what was written only as far as it is ASCII; brackets, quotes and line feeds stand where they stood in any case. */
  readonly byBytes: string;
  readonly #isAscii: boolean;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.view = viewOf(bytes);
    this.byBytes = bytes.toString("latin1");
    this.#isAscii = isAscii(bytes);
  }

  /** Whether it was a text before it was bytes. */
  isText(): boolean {
    return this.#isAscii || isUtf8(this.bytes);
  }

  /** What was written from one place to another. */
  slice(from: number, to: number): string {
    return this.#isAscii ? this.byBytes.slice(from, to) : this.bytes.toString("utf8", from, to);
  }
}
