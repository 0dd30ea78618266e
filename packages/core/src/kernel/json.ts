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
export const canonicalJson = (value: unknown): string => write(value, 0, "");

const write = (value: unknown, depth: number, path: string): string => {
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

const writeString = (value: string, path: string): string => {
  if (!isWellFormed(value)) throw new NotCanonical(`${path || "value"} holds a lone surrogate`);
  return JSON.stringify(value);
};

const writeArray = (value: readonly unknown[], depth: number, path: string): string => {
  let text = "[";
  for (let index = 0; index < value.length; index += 1) {
    if (index > 0) text += ",";
    text += write(value[index] ?? null, depth + 1, `${path}[${index}]`);
  }
  return `${text}]`;
};

const writeObject = (value: object, depth: number, path: string): string => {
  // A Date, a Map or anything with a `toJSON` would be stored as something else than what was digested here.
  if (
    Object.prototype.toString.call(value) !== "[object Object]" ||
    typeof (value as { toJSON?: unknown }).toJSON === "function"
  )
    throw new NotCanonical(`${path || "value"} is no plain object`);
  let text = "{";
  for (const key of Object.keys(value).sort()) {
    const member = (value as Record<string, unknown>)[key];
    if (member === undefined) continue;
    if (dangerousKeys.has(key))
      throw new NotCanonical(`${path || "value"} has the key ${JSON.stringify(key)}`);
    if (text.length > 1) text += ",";
    text += `${writeString(key, path)}:${write(member, depth + 1, path ? `${path}.${key}` : key)}`;
  }
  return `${text}}`;
};

/** `String.prototype.isWellFormed` (in every Node we support), reached without needing its library types. */
const isWellFormed = (value: string): boolean =>
  (value as unknown as { isWellFormed(): boolean }).isWellFormed();
