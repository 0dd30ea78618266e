/**
 * What stands where in a block of a log: line ends, quotes, and which lines hold more than plain characters. One pass over
 * the bytes, four at a time; a walk over a record then jumps from quote to quote and looks at nothing twice.
 *
 * Source: the idea of a structural index is that of G. Langdale and D. Lemire, "Parsing gigabytes of JSON per second" (2019).
 */

/** What a line's characters are, added up. 0: nothing but printable ASCII without backslashes. */
export const beyondAscii = 1;
/** A backslash before another, a quote, a slash or one of `bfnrt`. */
export const escaped = 2;
/** Control characters, and all other escapes: they may hide anything. */
export const strange = 4;

/** The words are read as the bytes stand in memory. */
export const canMap: boolean = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

export class BlockMap {
  /** Offsets of quotes in the block. */
  quotes: Int32Array;
  /** Offsets of line ends in the block. */
  readonly lineEnds: Int32Array;
  /** Number of quotes before each line end. */
  readonly quotesBefore: Int32Array;
  /** What is unusual in each line. */
  readonly characters: Uint8Array;
  lines = 0;
  readonly block: Buffer;
  /** The same bytes, and some behind them that may be looked at but hold nothing. */
  readonly view: DataView;
  readonly #words: Int32Array;

  constructor(bytes: number) {
    const memory = new ArrayBuffer(bytes + roomBehind);
    this.block = Buffer.from(memory, 0, bytes);
    this.view = new DataView(memory);
    this.#words = new Int32Array(memory);
    this.quotes = new Int32Array(bytes >> 3);
    this.lineEnds = new Int32Array(bytes >> 4);
    this.quotesBefore = new Int32Array(bytes >> 4);
    this.characters = new Uint8Array(bytes >> 4);
  }

  /** Maps the complete lines of the block's first bytes. Stops early at more lines than there is room for; they are for later. */
  read(filled: number): void {
    const words = this.#words;
    const { lineEnds, quotesBefore, characters, block } = this;
    let { quotes } = this;
    // Behind what is filled there are bytes of earlier blocks: made harmless up to the next word.
    const wordEnd = (filled + 3) >> 2;
    for (let at = filled; at < wordEnd << 2 && at < block.length; at += 1) block[at] = 0x20;
    let count = 0;
    let lines = 0;
    let look = 0;
    let skipped = -1;
    for (let index = 0; index < wordEnd; index += 1) {
      const word = words[index] as number;
      const quoted = word ^ 0x22222222;
      // Exact, byte by byte: the sum cannot carry into the next.
      let hits = ~(((quoted & 0x7f7f7f7f) + 0x7f7f7f7f) | quoted) & 0x80808080;
      const slashed = word ^ 0x5c5c5c5c;
      // May mark bytes above a find that are none: they are looked at one by one.
      const unusual =
        (((word - 0x20202020) & ~word) | ((slashed - 0x01010101) & ~slashed) | word) & 0x80808080;
      const at = index << 2;
      if (unusual !== 0 || skipped >= at) {
        for (let offset = at; offset < at + 4; offset += 1) {
          const byte = block[offset] as number;
          if (offset === skipped) continue;
          if (byte === 0x22) {
            quotes[count] = offset;
            count += 1;
          } else if (byte === 0x5c) {
            const isPair = isEscapable[block[offset + 1] as number] === 1;
            look |= isPair ? escaped : strange;
            if (isPair) skipped = offset + 1;
          } else if (byte === 0x0a) {
            lineEnds[lines] = offset;
            quotesBefore[lines] = count;
            characters[lines] = look;
            lines += 1;
            look = 0;
          } else if (byte < 0x20) look |= strange;
          else if (byte >= 0x80) look |= beyondAscii;
        }
        if (lines >= lineEnds.length - 4) break;
      } else
        while (hits !== 0) {
          const lowest = hits & -hits;
          quotes[count] = at + ((31 - Math.clz32(lowest)) >> 3);
          count += 1;
          hits ^= lowest;
        }
      if (count > quotes.length - 8) {
        const larger = new Int32Array(quotes.length * 2);
        larger.set(quotes);
        this.quotes = larger;
        quotes = larger;
      }
    }
    this.lines = lines;
  }
}

/** A walk looks for the next field's name before it knows that the line goes on so far. */
const roomBehind = 256;

const isEscapable: Uint8Array = new Uint8Array(256);
for (const character of '"\\/bfnrt') isEscapable[character.charCodeAt(0)] = 1;
