/** Event data in the text of a page, parsed if nothing in it may be refused. */
import { type JsonObject, maxJsonDepth, mayHoldDangerousKey, nestsTooDeep } from "@mission-ledger/core";
import type { ScannedText } from "./scan-text.ts";

/** Looks for what may not be parsed, as far as it can in the text of the whole page. To be asked from its start to its end. */
export class DataGuard {
  readonly #text: ScannedText;
  #isSuspect: boolean | undefined;
  #brace = -1;
  #bracket = -1;

  constructor(text: ScannedText) {
    this.#text = text;
  }

  /** The object that the data from one place to another is; `undefined` for any other, and for what might be refused. */
  dataIn(from: number, to: number): JsonObject | undefined {
    const data = this.#text.slice(from, to);
    this.#isSuspect ??= mayHoldPartOfDangerousKey(this.#text.byBytes);
    const isPlain = !this.#isSuspect && this.#opening(from, to) <= maxJsonDepth;
    // Half a character is an escape, and any escape of a character is a suspicion here.
    if (!isPlain && (nestsTooDeep(data, maxJsonDepth) || mayHoldDangerousKey(data))) return undefined;
    return objectIn(data);
  }

  /** How many brackets open, each searched for once in the page. */
  #opening(from: number, to: number): number {
    const text = this.#text.byBytes;
    let brackets = 0;
    let at = this.#brace < from ? nextOf(text, "{", from) : this.#brace;
    for (; at < to; at = nextOf(text, "{", at + 1)) brackets += 1;
    this.#brace = at;
    at = this.#bracket < from ? nextOf(text, "[", from) : this.#bracket;
    for (; at < to; at = nextOf(text, "[", at + 1)) brackets += 1;
    this.#bracket = at;
    return brackets;
  }
}

/** Parts that begin with a rare letter, and so are found in an eighth of the time that the keys themselves take. */
const mayHoldPartOfDangerousKey = (text: string): boolean =>
  text.includes("__p") || text.includes('uctor"') || text.includes('ype"') || text.includes("\\u");

/** The end of the text if there is none. */
const nextOf = (text: string, bracket: string, from: number): number => {
  const at = text.indexOf(bracket, from);
  return at < 0 ? text.length : at;
};

/** `undefined` for what is no JSON object. */
const objectIn = (text: string): JsonObject | undefined => {
  try {
    const parsed: unknown = JSON.parse(text);
    const isObject = typeof parsed === "object" && parsed !== null && !Array.isArray(parsed);
    return isObject ? (parsed as JsonObject) : undefined;
  } catch {
    return undefined;
  }
};
