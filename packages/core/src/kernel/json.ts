/** Canonical JSON: one text per value, so that equal values have equal digests in every store. */

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

/** Keys that would change an object's prototype if they were ever assigned; refused at any depth. */
const dangerousKeys: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

/** Nesting above this is refused before anything is written, and again on reading. */
export const maxJsonDepth = 32;

/** Why a value has no canonical form, and where: a `TypeError`, since the caller handed over something that is not JSON. */
export class NotCanonical extends TypeError {
  override readonly name = "NotCanonical";
}

export const isDangerousKey = (key: string): boolean => dangerousKeys.has(key);

/**
 * The canonical text of a value: object keys sorted by UTF-16 code unit, no spaces, ECMAScript number and string
 * forms, members that are `undefined` left out.
 *
 * Throws {@link NotCanonical} for numbers that are not finite, integers beyond 2^53-1, lone surrogates, nesting above
 * {@link maxJsonDepth}, keys that name a prototype, and objects that JSON writes as something else (a Date, a Map).
 *
 * Source: RFC 8785 (JSON Canonicalization Scheme).
 */
export const canonicalJson = (value: unknown): string => {
  try {
    return write(value, 0, undefined);
  } catch (error) {
    if (!(error instanceof NotCanonical)) throw error;
    // Once more, to say where: almost nothing is refused, and paths cost more than the text.
    return write(value, 0, "");
  }
};

/** `path` leads to the value; `undefined` where nobody asks. */
const write = (value: unknown, depth: number, path: string | undefined): string => {
  if (value === null) return "null";
  switch (typeof value) {
    case "string":
      return writeString(value, path);
    case "boolean":
      return value ? "true" : "false";
    case "number":
      if (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value)))
        throw new NotCanonical(`${path || "value"} is ${value}, which JSON cannot carry exactly`);
      return JSON.stringify(value);
    case "object":
      if (depth >= maxJsonDepth)
        throw new NotCanonical(`${path || "value"} is nested deeper than ${maxJsonDepth}`);
      return Array.isArray(value) ? writeArray(value, depth, path) : writeObject(value, depth, path);
    default:
      throw new NotCanonical(`${path || "value"} is a ${typeof value}, which JSON cannot carry`);
  }
};

/** Printable ASCII that needs no escape: what most strings are. To see that takes less than half as long as to have them written. */
const plain = /^[ !#-[\]-~]*$/;

const writeString = (value: string, path: string | undefined): string => {
  if (plain.test(value)) return `"${value}"`;
  if (!isWellFormed(value)) throw new NotCanonical(`${path || "value"} holds a lone surrogate`);
  return JSON.stringify(value);
};

const writeArray = (value: readonly unknown[], depth: number, path: string | undefined): string => {
  let text = "[";
  for (let index = 0; index < value.length; index += 1) {
    if (index > 0) text += ",";
    text += write(value[index] ?? null, depth + 1, path === undefined ? path : `${path}[${index}]`);
  }
  return `${text}]`;
};

const writeObject = (value: object, depth: number, path: string | undefined): string => {
  // A Date, a Map or anything with a `toJSON` would be stored as something else than what was digested here.
  if (
    Object.prototype.toString.call(value) !== "[object Object]" ||
    typeof (value as { toJSON?: unknown }).toJSON === "function"
  )
    throw new NotCanonical(`${path || "value"} is no plain object`);
  let text = "{";
  for (const key of inOrder(Object.keys(value))) {
    const member = (value as Record<string, unknown>)[key];
    if (member === undefined) continue;
    if (dangerousKeys.has(key))
      throw new NotCanonical(`${path || "value"} has the key ${JSON.stringify(key)}`);
    if (text.length > 1) text += ",";
    const inside = path === undefined ? path : path ? `${path}.${key}` : key;
    text += `${writeString(key, path)}:${write(member, depth + 1, inside)}`;
  }
  return `${text}}`;
};

/** Keys from which on the platform's sort is the better one; it takes some hundred bytes, which is felt in every command. */
const manyKeys = 16;

/** Sorts in place, by UTF-16 code unit. */
const inOrder = (keys: string[]): readonly string[] => {
  if (keys.length > manyKeys) return keys.sort();
  for (let index = 1; index < keys.length; index += 1) {
    const key = keys[index] as string;
    let to = index;
    for (; to > 0 && key < (keys[to - 1] as string); to -= 1) keys[to] = keys[to - 1] as string;
    keys[to] = key;
  }
  return keys;
};

/** `String.prototype.isWellFormed` (in every Node we support), reached without needing its library types. */
const isWellFormed = (value: string): boolean =>
  (value as unknown as { isWellFormed(): boolean }).isWellFormed();
