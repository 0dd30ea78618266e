/**
 * Records read without being parsed. The fields of a line stand in a fixed order, so a walk from quote to quote finds where
 * each begins and ends; what nobody asks for is passed over. The walk checks all that `decodeRecord` checks, to the last
 * bracket, but knows only lines as this library writes them, in plain characters: of any other it says nothing, and
 * `decodeRecord` decides. Whatever a line holds, it is walked once.
 */
import { isUtf8 } from "node:buffer";
import {
  type EventEnvelope,
  isDangerousKey,
  type Json,
  type JsonObject,
  longestActor,
  longestId,
  maxEventsPerCommit,
  type StreamHead,
} from "@mission-ledger/core";
import { type BlockMap, beyondAscii, canMap, escaped, strange } from "./block-map.ts";
import { KnownTexts, LastText, Pattern } from "./quick-text.ts";
import { isSealedAt, sealLength } from "./sealed-line.ts";
import { everything, type Wish } from "./wish.ts";

const beforeStream = '{"v":1,"stream":"';
const endOfStream = '","revision":';
const nothingBeginsSo = "\n\n\n\n";
/** In what every line of a stream begins with. */
const quotesOfStart = 8;
const beforeSeq = new Pattern(',"seq":');
const beforeCommandId = new Pattern(',"commandId":');
const beforeCommandDigest = new Pattern(',"commandDigest":');
const beforePrevious = new Pattern(',"previous":');
const beforeOrigin = new Pattern(',"origin":');
const beforeRecordedAt = new Pattern(',"recordedAt":');
const beforeActor = new Pattern(',"actor":');
const beforeCorrelationId = new Pattern(',"correlationId":');
const beforeCausationId = new Pattern(',"causationId":');
const beforeEvents = new Pattern(',"events":[');
const beforeId = new Pattern('{"id":');
const beforeType = new Pattern(',"type":');
const beforeVersion = new Pattern(',"version":');
const beforeData = new Pattern(',"data":');
const beforeDigest = new Pattern(',"digest":');
const absent = new Pattern("null");
const yes = new Pattern("true");
const no = new Pattern("false");

const quote = 0x22;
const backslash = 0x5c;
const zero = 0x30;
const minus = 0x2d;
const plus = 0x2b;
const point = 0x2e;
const exponent = 0x65;
const comma = 0x2c;
const colon = 0x3a;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;

type Draft<A> = { -readonly [Key in keyof A]: A[Key] };

const texts = new KnownTexts();

/** Walks records of one stream that follow one another. What it says of a record is good until the next walk. */
export class RecordWalk {
  firstRevision = 0;
  count = 0;
  #stream = "";
  #start = new Pattern(beforeStream);
  readonly #map: BlockMap;
  readonly #block: Buffer;
  readonly #view: DataView;
  /** Whether texts are their bytes, and whether they hold escapes. */
  #isPlain = true;
  #isEscaped = false;

  /** What a record has to follow. */
  #revision = -1;
  readonly #digest = new LastText();
  readonly #origin = new LastText();

  #commandIdAt = 0;
  #recordedAtAt = 0;
  #actorAt = 0;
  /** 0 if there is none. */
  #correlationIdAt = 0;
  #causationIdAt = 0;
  #endDigestAt = 0;
  #endDigestLength = 0;
  readonly #types: string[] = Array.from({ length: maxEventsPerCommit }, () => "");
  readonly #versions = new Float64Array(maxEventsPerCommit);
  readonly #idsAt = new Int32Array(maxEventsPerCommit);
  readonly #dataAt = new Int32Array(maxEventsPerCommit);
  readonly #dataEnds = new Int32Array(maxEventsPerCommit);
  readonly #dataQuotes = new Int32Array(maxEventsPerCommit);

  // Where the walk stands: the next byte, and the next quote among those of the map.
  #at = 0;
  #quote = 0;
  #quotes: Int32Array;

  constructor(map: BlockMap) {
    this.#map = map;
    this.#block = map.block;
    this.#view = map.view;
    this.#quotes = map.quotes;
  }

  /** Which stream's records these are. None is walked of one whose name JSON escapes, or that is not ASCII. */
  begin(stream: string): void {
    const isPlain = canMap && /^[ !#-[\]-~]+$/.test(stream);
    this.#stream = stream;
    this.#start = new Pattern(isPlain ? `${beforeStream}${stream}${endOfStream}` : nothingBeginsSo);
  }

  /** From where records have to follow. Without a head and an origin that are plain text none does. */
  standAt({ revision, digest }: StreamHead, origin: string | undefined): void {
    this.#revision = revision;
    this.#digest.keep(digest ?? "");
    this.#origin.keep(origin ?? "");
  }

  get head(): StreamHead {
    return {
      revision: this.#revision,
      digest: this.#digest.text,
    };
  }

  /**
   * Walks a line of the block, which must be complete. True if it is a record of the usual form that carries its checksum,
   * follows the one before and comes from the same copy of the ledger.
   */
  follows(line: number): boolean {
    const map = this.#map;
    const look = map.characters[line] as number;
    if ((look & strange) !== 0 || this.#digest.length === 0 || this.#origin.length === 0) return false;
    const block = this.#block;
    const from = line === 0 ? 0 : (map.lineEnds[line - 1] as number) + 1;
    const to = map.lineEnds[line] as number;
    if (!this.#start.isAt(this.#view, from) || !isSealedAt(block, from, to)) return false;
    this.#isPlain = look === 0;
    this.#isEscaped = (look & escaped) !== 0;
    if ((look & beyondAscii) !== 0 && !isUtf8(block.subarray(from, to))) return false;
    this.#quotes = map.quotes;
    this.#quote = (line === 0 ? 0 : (map.quotesBefore[line - 1] as number)) + quotesOfStart;
    this.#at = from + this.#start.length;
    return this.#walkHeader() && this.#walkEvents() && this.#at + sealLength === to;
  }

  /** The record that was walked last has been taken in; the next has to follow it. */
  passOver(): void {
    this.#revision = this.firstRevision + this.count - 1;
    this.#digest.copy(this.#view, this.#endDigestAt, this.#endDigestLength);
  }

  #walkHeader(): boolean {
    this.firstRevision = this.#count();
    if (this.firstRevision !== this.#revision + 1) return false;
    if (!this.#passes(beforeSeq, 2) || this.#count() < 0) return false;
    if (!this.#passes(beforeCommandId, 2)) return false;
    this.#commandIdAt = this.#text(longestId);
    if (this.#commandIdAt === 0 || !this.#passes(beforeCommandDigest, 2)) return false;
    if (this.#text(longestId) === 0 || !this.#passes(beforePrevious, 2)) return false;
    if (!this.#isText(this.#digest) || !this.#passes(beforeOrigin, 2)) return false;
    if (!this.#isText(this.#origin) || !this.#passes(beforeRecordedAt, 2)) return false;
    this.#recordedAtAt = this.#text(longestId);
    if (this.#recordedAtAt === 0 || !this.#passes(beforeActor, 2)) return false;
    this.#actorAt = this.#text(longestActor);
    if (this.#actorAt === 0) return false;
    this.#correlationIdAt = 0;
    if (this.#passes(beforeCorrelationId, 2)) {
      this.#correlationIdAt = this.#text(longestId);
      if (this.#correlationIdAt === 0) return false;
    }
    this.#causationIdAt = 0;
    if (this.#passes(beforeCausationId, 2)) {
      this.#causationIdAt = this.#text(longestId);
      if (this.#causationIdAt === 0) return false;
    }
    return this.#passes(beforeEvents, 2);
  }

  #walkEvents(): boolean {
    const block = this.#block;
    for (let index = 0; index < maxEventsPerCommit; index += 1) {
      if (!this.#passes(beforeId, 2)) return false;
      const idAt = this.#text(longestId);
      if (idAt === 0 || !this.#passes(beforeType, 2)) return false;
      const typeAt = this.#text(longestId);
      const typeEnd = this.#at - 1;
      if (typeAt === 0 || !this.#passes(beforeVersion, 2)) return false;
      this.#types[index] = this.#isPlain ? texts.at(block, typeAt, typeEnd) : this.#decoded(typeAt, typeEnd);
      const version = this.#count();
      if (version < 0 || !this.#passes(beforeData, 2)) return false;
      this.#versions[index] = version;
      this.#idsAt[index] = idAt;
      this.#dataAt[index] = this.#at;
      this.#dataQuotes[index] = this.#quote;
      if (block[this.#at] !== openBrace || !this.#passesValue(deepestData)) return false;
      this.#dataEnds[index] = this.#at;
      if (!this.#passes(beforeDigest, 2)) return false;
      const digestAt = this.#text(longestId);
      if (digestAt === 0 || block[this.#at] !== closeBrace) return false;
      const next = block[this.#at + 1];
      this.#at += 2;
      if (next === comma) continue;
      this.count = index + 1;
      this.#endDigestAt = digestAt;
      this.#endDigestLength = this.#at - 3 - digestAt;
      // It is compared byte for byte, and answered as it stands.
      if (!this.#isPlain && !isPlainText(block, digestAt, digestAt + this.#endDigestLength)) return false;
      return next === closeBracket && Number.isSafeInteger(this.firstRevision + this.count);
    }
    return false;
  }

  /** Goes on behind these bytes, in which there are so many quotes, if they stand here. */
  #passes(what: Pattern, quotes: number): boolean {
    if (!what.isAt(this.#view, this.#at)) return false;
    this.#at += what.length;
    this.#quote += quotes;
    return true;
  }

  /** Where the string that opens here begins; goes on behind it. 0 if there is none, or a longer one. */
  #text(longest: number): number {
    const open = this.#at;
    if (this.#quotes[this.#quote] !== open) return 0;
    const close = this.#quotes[this.#quote + 1] as number;
    if (close - open - 1 > longest) return 0;
    this.#quote += 2;
    this.#at = close + 1;
    return open + 1;
  }

  #isText(what: LastText): boolean {
    const at = this.#text(longestId);
    return at > 0 && this.#at - 1 - at === what.length && what.isAt(this.#view, at);
  }

  /** A count of at most 15 digits, and goes on behind it; -1 for any other number. */
  #count(): number {
    const block = this.#block;
    const from = this.#at;
    let at = from;
    let count = 0;
    for (
      let digit = (block[at] as number) - 0x30;
      digit >= 0 && digit <= 9;
      digit = (block[at] as number) - 0x30
    ) {
      count = count * 10 + digit;
      at += 1;
    }
    this.#at = at;
    const digits = at - from;
    return digits === 0 || digits > 15 || (digits > 1 && block[from] === 0x30) ? -1 : count;
  }

  /** Goes on behind a JSON value without escapes and white space; false if there is none. */
  #passesValue(depth: number): boolean {
    const block = this.#block;
    const first = block[this.#at];
    if (first === quote) return this.#text(Number.MAX_SAFE_INTEGER) > 0;
    if (first === openBrace || first === openBracket) {
      if (depth === 0) return false;
      const close = first + 2;
      this.#at += 1;
      if (block[this.#at] === close) {
        this.#at += 1;
        return true;
      }
      for (;;) {
        if (first === openBrace && !this.#passesKey()) return false;
        if (!this.#passesValue(depth - 1)) return false;
        const next = block[this.#at];
        this.#at += 1;
        if (next === close) return true;
        if (next !== comma) return false;
      }
    }
    return this.#passesScalar();
  }

  #passesKey(): boolean {
    const at = this.#text(Number.MAX_SAFE_INTEGER);
    if (at === 0 || this.#block[this.#at] !== colon) return false;
    const length = this.#at - 1 - at;
    this.#at += 1;
    return (
      (length !== 9 && length !== 11) || !isDangerousKey(this.#block.toString("latin1", at, at + length))
    );
  }

  #passesScalar(): boolean {
    const block = this.#block;
    const first = block[this.#at] as number;
    if (first !== minus && !isDigit(first))
      return this.#passes(yes, 0) || this.#passes(no, 0) || this.#passes(absent, 0);
    if (first === minus) this.#at += 1;
    const whole = this.#at;
    if (!this.#passesDigits() || (block[whole] === zero && this.#at > whole + 1)) return false;
    if (block[this.#at] === point) {
      this.#at += 1;
      if (!this.#passesDigits()) return false;
    }
    if (((block[this.#at] as number) | 0x20) !== exponent) return true;
    this.#at += 1;
    const sign = block[this.#at];
    if (sign === minus || sign === plus) this.#at += 1;
    return this.#passesDigits();
  }

  #passesDigits(): boolean {
    const from = this.#at;
    while (isDigit(this.#block[this.#at] as number)) this.#at += 1;
    return this.#at > from;
  }

  typeOf(index: number): string {
    return this.#types[index] as string;
  }

  versionOf(index: number): number {
    return this.#versions[index] as number;
  }

  digestOf(index: number): string {
    return this.#copy((this.#dataEnds[index] as number) + beforeDigest.length + 1);
  }

  /** The event at an index, with what is wanted of it. Its texts are copies: what a view keeps of them keeps no block. */
  event(index: number, wish: Wish): EventEnvelope {
    const version = this.versionOf(index);
    const { wants, fields } = wish.version === undefined || wish.version === version ? wish : everything;
    // Made with all members at once: adding them one by one costs more than they do.
    const envelope = {
      id: wants.id ? this.#copy(this.#idsAt[index] as number) : undefined,
      type: this.typeOf(index),
      version,
      stream: this.#stream,
      revision: this.firstRevision + index,
      recordedAt: wants.recordedAt ? this.#copy(this.#recordedAtAt) : undefined,
      actor: wants.actor ? this.#copy(this.#actorAt) : undefined,
      commandId: wants.commandId ? this.#copy(this.#commandIdAt) : undefined,
      data: this.#data(index, fields.data),
      previous: wants.previous ? this.#previousOf(index) : undefined,
      digest: wants.digest ? this.digestOf(index) : undefined,
    } as Partial<Draft<EventEnvelope>>;
    if (wants.correlationId && this.#correlationIdAt > 0)
      envelope.correlationId = this.#copy(this.#correlationIdAt);
    if (wants.causationId && this.#causationIdAt > 0) envelope.causationId = this.#copy(this.#causationIdAt);
    return envelope as EventEnvelope;
  }

  #previousOf(index: number): string | null {
    return index > 0 ? this.digestOf(index - 1) : this.head.digest;
  }

  #data(index: number, members: readonly string[] | undefined): JsonObject {
    const from = this.#dataAt[index] as number;
    const to = this.#dataEnds[index] as number;
    if (members === undefined || members.length > fewMembers || !this.#isPlain)
      return JSON.parse(this.#block.toString(this.#isPlain ? "latin1" : "utf8", from, to)) as JsonObject;
    return members.length === 0 ? {} : this.#members(index, members);
  }

  /** Walks the members once more, which were found to be sound, and takes out those that are wanted. */
  #members(index: number, members: readonly string[]): JsonObject {
    const block = this.#block;
    const data: Record<string, Json> = {};
    const end = (this.#dataEnds[index] as number) - 1;
    this.#at = (this.#dataAt[index] as number) + 1;
    this.#quote = this.#dataQuotes[index] as number;
    while (this.#at < end) {
      const keyAt = this.#text(Number.MAX_SAFE_INTEGER);
      const key = texts.at(block, keyAt, this.#at - 1);
      const valueAt = this.#at + 1;
      this.#at = valueAt;
      this.#passesValue(deepestData);
      if (members.includes(key)) data[key] = this.#member(valueAt);
      this.#at += 1;
    }
    return data;
  }

  /** The value that was just walked. Short texts mostly come again: lanes, names of packages; times and digests do not. */
  #member(from: number): Json {
    const block = this.#block;
    if (block[from] !== quote) return JSON.parse(block.toString("latin1", from, this.#at)) as Json;
    const to = this.#at - 1;
    return to - from <= shortText ? texts.at(block, from + 1, to) : block.toString("latin1", from + 1, to);
  }

  #copy(from: number): string {
    const block = this.#block;
    let to = from;
    if (this.#isPlain) {
      while (block[to] !== quote) to += 1;
      return block.toString("latin1", from, to);
    }
    while (block[to] !== quote) to += block[to] === backslash ? 2 : 1;
    return this.#decoded(from, to);
  }

  #decoded(from: number, to: number): string {
    const block = this.#block;
    return this.#isEscaped
      ? (JSON.parse(block.toString("utf8", from - 1, to + 1)) as string)
      : block.toString("utf8", from, to);
  }
}

const isPlainText = (block: Buffer, from: number, to: number): boolean => {
  for (let at = from; at < to; at += 1)
    if (block[at] === backslash || (block[at] as number) >= 0x80) return false;
  return true;
};

const isDigit = (byte: number): boolean => byte >= zero && byte <= 0x39;

/** Up to so many are picked one by one; for more, parsing everything is as fast. */
const fewMembers = 3;
const shortText = 16;

/** Nesting that is walked; deeper data goes to the full decoder, which knows the limit. */
const deepestData = 16;
