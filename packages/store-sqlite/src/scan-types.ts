/** Names of event types, found again by their bytes. */
import type { WantedFields } from "@mission-ledger/core";
import { areSameBytes, viewOf } from "./scan-bytes.ts";
import type { ScannedText } from "./scan-text.ts";
import { type Wish, wishOf } from "./scan-wish.ts";

export interface ScannedType {
  readonly name: string;
  /** `undefined` where nothing is wanted of such events. */
  readonly wish: Wish | undefined;
}

interface KnownType extends ScannedType {
  readonly bytes: DataView;
}

type Wanted = ReadonlyMap<string, WantedFields>;

/** A power of two, and how many of them are looked at for one name. A log may hold any number of names; some are then forgotten. */
const places = 512;
const looks = 4;

/** Has a string for each name only once: to cut it out of every row and look it up costs more than a row's checksum. */
export class TypeTable {
  readonly #wanted: Wanted;
  readonly #known: (KnownType | undefined)[] = Array(places).fill(undefined);

  constructor(wanted: Wanted) {
    this.#wanted = wanted;
  }

  /** The type whose name stands from one place to another. */
  in(text: ScannedText, from: number, to: number): ScannedType {
    const { bytes, view } = text;
    const count = to - from;
    let hash = count;
    for (let at = from; at < to; at += 1) hash = (Math.imul(hash, 31) + (bytes[at] as number)) | 0;
    for (let look = 0; look < looks; look += 1) {
      const known = this.#known[(hash + look) & (places - 1)];
      if (known === undefined) return this.#learn(hash + look, text.slice(from, to));
      if (known.bytes.byteLength === count && areSameBytes(view, from, known.bytes, 0, count)) return known;
    }
    return this.#learn(hash, text.slice(from, to));
  }

  #learn(place: number, cut: string): ScannedType {
    const type = this.#typeOf(cut);
    this.#known[place & (places - 1)] = type;
    return type;
  }

  #typeOf(cut: string): KnownType {
    const bytes = Buffer.from(cut);
    // Of its own: what was cut out of a page keeps the page.
    const name = bytes.toString();
    const fields = this.#wanted.get(name);
    return { name, bytes: viewOf(bytes), wish: fields === undefined ? undefined : wishOf(name, fields) };
  }
}

const tables = new WeakMap<Wanted, TypeTable>();

/** The same table for every stream that the same is wanted of. */
export const typesOf = (wanted: Wanted): TypeTable => {
  const known = tables.get(wanted);
  if (known !== undefined) return known;
  const made = new TypeTable(wanted);
  tables.set(wanted, made);
  return made;
};
