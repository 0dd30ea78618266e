/** What JSON does not keep of a value: it would be written as something else, or not at all, and come back changed. */
import type { ValuePath } from "./differences.ts";

/** A place of a value, and what stands there. */
export interface Unkept {
  readonly path: ValuePath;
  /** In words, such as `NaN`, `a Date` or `undefined in a list`. */
  readonly what: string;
}

/** No view that people look at nests so deep; what refers to itself does. */
const deepest = 500;

/**
 * The first place that JSON does not keep: numbers that are not finite, -0, `undefined` and holes in lists, functions, symbols,
 * bigints, whatever is no plain object or list (a Date, a Map), what refers to itself. Members that are `undefined` count as
 * absent, and an object of a class as its own members.
 */
export const unkeptIn = (value: unknown): Unkept | undefined =>
  // Almost nothing is refused, and paths cost more than the look.
  isKept(value, 0) ? undefined : findUnkept(value, [], []);

/** Whether what stands at a path is nothing that JSON keeps. `false` where nothing stands. */
export const isUnkeptAt = (value: unknown, path: ValuePath): boolean => {
  const above: unknown[] = [];
  let here = value;
  for (const key of path) {
    if (typeof here !== "object" || here === null) return false;
    // A hole in a list is as bad as an `undefined` there.
    if (!Object.hasOwn(here, key) && !Array.isArray(here)) return false;
    if (Array.isArray(here) && Number(key) >= here.length) return false;
    above.push(here);
    here = (here as Readonly<Record<string, unknown>>)[key];
  }
  return wordFor(here, above) !== undefined;
};

const isKept = (value: unknown, depth: number): boolean => {
  switch (typeof value) {
    case "string":
    case "boolean":
      return true;
    case "number":
      return isKeptNumber(value);
    case "object": {
      if (value === null) return true;
      if (depth > deepest) return false;
      if (Array.isArray(value)) {
        for (let index = 0; index < value.length; index += 1)
          if (!isKept(value[index], depth + 1)) return false;
        return true;
      }
      if (!isPlain(value)) return false;
      for (const key in value) {
        const member = (value as Readonly<Record<string, unknown>>)[key];
        if (member !== undefined && !isKept(member, depth + 1)) return false;
      }
      return true;
    }
    default:
      return false;
  }
};

const findUnkept = (
  value: unknown,
  path: readonly string[],
  above: readonly unknown[],
): Unkept | undefined => {
  const what = wordFor(value, above);
  if (what !== undefined) return { path, what };
  if (typeof value !== "object" || value === null) return undefined;
  const inside = [...above, value];
  const keys = Array.isArray(value) ? Array.from(value, (_, index) => String(index)) : Object.keys(value);
  for (const key of keys) {
    const member = (value as Readonly<Record<string, unknown>>)[key];
    if (member === undefined && !Array.isArray(value)) continue;
    const found = findUnkept(member, [...path, key], inside);
    if (found !== undefined) return found;
  }
  return undefined;
};

/** What a value is that JSON does not keep, itself and not what is in it. `above` are the objects it stands in. */
const wordFor = (value: unknown, above: readonly unknown[]): string | undefined => {
  switch (typeof value) {
    case "number":
      return isKeptNumber(value) ? undefined : Object.is(value, -0) ? "-0" : String(value);
    case "object":
      if (value === null) return undefined;
      if (above.includes(value)) return "what it stands in itself";
      if (above.length > deepest) return `nested deeper than ${deepest}`;
      return Array.isArray(value) || isPlain(value)
        ? undefined
        : `a ${Object.prototype.toString.call(value).slice(8, -1)}`;
    case "undefined":
      return Array.isArray(above.at(-1)) ? "undefined in a list" : "undefined";
    case "bigint":
    case "function":
    case "symbol":
      return `a ${typeof value}`;
    default:
      return undefined;
  }
};

const isKeptNumber = (value: number): boolean => (value === 0 ? 1 / value > 0 : value - value === 0);

/** A `toJSON` of its own is found among its members, for it is a function. */
const isPlain = (value: object): boolean => {
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return true;
  return (
    Object.prototype.toString.call(value) === "[object Object]" &&
    typeof (value as { readonly toJSON?: unknown }).toJSON !== "function"
  );
};
