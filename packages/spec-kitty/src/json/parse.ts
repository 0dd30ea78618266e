/** Reads JSON the way Python's `json.loads` does, with a limit on nesting and no way to reach a prototype. */
import type { PyObject, PyValue } from "./value.ts";

/** Nesting beyond this is refused. Source: the project's security rules for parsed text. */
export const maxNesting = 32;

/** Source: Python refuses to turn longer texts into whole numbers. */
const maxDigits = 4300;

export type Parsed =
  | { readonly _tag: "Value"; readonly value: PyValue }
  | { readonly _tag: "Problem"; readonly problem: string; readonly offset: number };

/** Never throws. The last of equal keys wins, and `NaN` and `Infinity` are numbers, as in Python. */
export const parsePythonJson = (text: string): Parsed => {
  const reader = new Reader(text);
  try {
    return { _tag: "Value", value: reader.document() };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return { _tag: "Problem", problem: error.message, offset: reader.offset };
  }
};

class Problem extends Error {}

const quote = 0x22;
const backslash = 0x5c;
const numberPattern = /(-?(?:0|[1-9][0-9]*))(\.[0-9]+)?([eE][-+]?[0-9]+)?/y;
const words: ReadonlyMap<string, PyValue> = new Map<string, PyValue>([
  ["null", null],
  ["true", true],
  ["false", false],
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["-Infinity", Number.NEGATIVE_INFINITY],
]);
const escapes: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ["\\", "\\"],
  ["/", "/"],
  ["b", "\b"],
  ["f", "\f"],
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
]);

class Reader {
  offset = 0;
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  document(): PyValue {
    this.skipSpace();
    const value = this.value(0);
    this.skipSpace();
    if (this.offset < this.text.length) throw new Problem("something follows the value");
    return value;
  }

  private value(depth: number): PyValue {
    switch (this.text[this.offset]) {
      case "{":
        return this.object(depth + 1);
      case "[":
        return this.array(depth + 1);
      case '"':
        return this.string();
      case undefined:
        throw new Problem("the value is cut off");
      default:
        return this.numberOrWord();
    }
  }

  private object(depth: number): PyObject {
    this.enter(depth);
    const members = new Map<string, PyValue>();
    if (this.closes("}")) return members;
    for (;;) {
      if (this.text[this.offset] !== '"') throw new Problem("a key is missing");
      const key = this.string();
      this.skipSpace();
      if (this.text[this.offset] !== ":") throw new Problem("a colon is missing");
      this.offset += 1;
      this.skipSpace();
      members.set(key, this.value(depth));
      if (this.ends("}")) return members;
    }
  }

  private array(depth: number): readonly PyValue[] {
    this.enter(depth);
    const items: PyValue[] = [];
    if (this.closes("]")) return items;
    for (;;) {
      items.push(this.value(depth));
      if (this.ends("]")) return items;
    }
  }

  private enter(depth: number): void {
    if (depth > maxNesting) throw new Problem(`nested deeper than ${maxNesting}`);
    this.offset += 1;
    this.skipSpace();
  }

  private closes(bracket: string): boolean {
    if (this.text[this.offset] !== bracket) return false;
    this.offset += 1;
    return true;
  }

  /** After a member: true at the closing bracket, false behind a comma. */
  private ends(bracket: string): boolean {
    this.skipSpace();
    if (this.closes(bracket)) return true;
    if (this.text[this.offset] !== ",")
      throw new Problem(this.offset < this.text.length ? "a comma is missing" : "the value is cut off");
    this.offset += 1;
    this.skipSpace();
    return false;
  }

  private string(): string {
    let text = "";
    let from = this.offset + 1;
    for (let at = from; ; at += 1) {
      const unit = this.text.charCodeAt(at);
      if (unit === quote) {
        this.offset = at + 1;
        return text + this.text.slice(from, at);
      }
      if (unit === backslash) {
        text += this.text.slice(from, at);
        const [decoded, length] = this.escape(at);
        text += decoded;
        from = at + length;
        at = from - 1;
      } else if (Number.isNaN(unit)) throw new Problem("a string is cut off");
      else if (unit < 0x20) {
        this.offset = at;
        throw new Problem("a control character stands in a string");
      }
    }
  }

  private escape(at: number): readonly [string, number] {
    const letter = this.text[at + 1] ?? "";
    if (letter === "u") {
      const hex = this.text.slice(at + 2, at + 6);
      if (/^[0-9a-fA-F]{4}$/.test(hex)) return [String.fromCharCode(Number.parseInt(hex, 16)), 6];
    }
    const decoded = escapes.get(letter);
    this.offset = at;
    if (decoded === undefined) throw new Problem("an escape is not valid");
    return [decoded, 2];
  }

  private numberOrWord(): PyValue {
    numberPattern.lastIndex = this.offset;
    const match = numberPattern.exec(this.text);
    if (match !== null) {
      const [all, whole = "", fraction, exponent] = match;
      this.offset += all.length;
      if (fraction !== undefined || exponent !== undefined) return Number(all);
      if (whole.length > maxDigits) throw new Problem("a number is too long");
      return BigInt(whole);
    }
    for (const [word, value] of words) {
      if (!this.text.startsWith(word, this.offset)) continue;
      this.offset += word.length;
      return value;
    }
    throw new Problem("no value stands here");
  }

  private skipSpace(): void {
    for (;;) {
      const unit = this.text.charCodeAt(this.offset);
      if (unit !== 0x20 && unit !== 0x0a && unit !== 0x0d && unit !== 0x09) return;
      this.offset += 1;
    }
  }
}
