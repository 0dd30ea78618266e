/** Two values of JSON side by side: where they differ, and how the one becomes the other. */
import type { Json } from "./json.ts";

/** The way to a value: keys of objects and places in lists, outermost first. Empty for the whole. */
export type ValuePath = readonly string[];

/** One place where two values differ. */
export type Difference =
  | { readonly _tag: "Added"; readonly path: ValuePath; readonly after: Json }
  | { readonly _tag: "Removed"; readonly path: ValuePath; readonly before: Json }
  | { readonly _tag: "Changed"; readonly path: ValuePath; readonly before: Json; readonly after: Json };

/**
 * What stands at a path; `undefined` where nothing does. Sees own members only, so that no path leads to a prototype.
 */
export const valueAt = (value: unknown, path: ValuePath): unknown => {
  let found = value;
  for (const key of path) {
    if (typeof found !== "object" || found === null || !Object.hasOwn(found, key)) return undefined;
    // A list's length is its own, but it is no place in the list.
    if (Array.isArray(found) && !isIndex(key)) return undefined;
    found = (found as Readonly<Record<string, unknown>>)[key];
  }
  return found;
};

/**
 * Every place where `after` differs from `before`, the smallest places that differ, in the order of the keys. Members that
 * are `undefined` count as absent, as they do in JSON. Lists are compared place by place: what was inserted at the front
 * of a list changes every place of it.
 */
export const differencesBetween = (before: unknown, after: unknown): readonly Difference[] => {
  const found: Difference[] = [];
  compare(before, after, [], found);
  return found;
};

const compare = (before: unknown, after: unknown, path: ValuePath, found: Difference[]): void => {
  if (before === after) return;
  if (isNested(before) && isNested(after) && Array.isArray(before) === Array.isArray(after)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)]))
      compare(own(before, key), own(after, key), [...path, key], found);
    return;
  }
  if (before === undefined) found.push({ _tag: "Added", path, after: after as Json });
  else if (after === undefined) found.push({ _tag: "Removed", path, before: before as Json });
  else found.push({ _tag: "Changed", path, before: before as Json, after: after as Json });
};

/** `value` with the differences made: `applyDifferences(a, differencesBetween(a, b))` equals `b`. A copy; `value` stays as it was. */
export const applyDifferences = (value: Json, differences: readonly Difference[]): Json => {
  let result: unknown = structuredCopy(value);
  // From the back, so that lists lose their last places first.
  for (const difference of [...differences].sort(removalsLast)) {
    const key = difference.path.at(-1);
    const made = difference._tag === "Removed" ? undefined : structuredCopy(difference.after);
    if (key === undefined) result = made;
    else put(valueAt(result, difference.path.slice(0, -1)), key, made);
  }
  return result as Json;
};

const removalsLast = (one: Difference, other: Difference): number => {
  const [oneGoes, otherGoes] = [one._tag === "Removed", other._tag === "Removed"];
  if (oneGoes !== otherGoes) return oneGoes ? 1 : -1;
  return oneGoes ? Number(other.path.at(-1)) - Number(one.path.at(-1)) || 0 : 0;
};

const put = (parent: unknown, key: string, made: unknown): void => {
  if (!isNested(parent)) return;
  if (made !== undefined)
    Object.defineProperty(parent, key, { value: made, writable: true, enumerable: true, configurable: true });
  else if (Array.isArray(parent)) parent.length = Math.min(parent.length, Number(key));
  else delete (parent as Record<string, unknown>)[key];
};

/** A path as people write it: keys joined by dots. */
export const formatPath = (path: ValuePath): string => path.join(".");

/** The keys of a dotted path; a key that holds a dot itself is found by the value it is meant for. */
export const parsePath = (text: string, within?: unknown): ValuePath => {
  const path: string[] = [];
  let here = within;
  let rest = text.split(".");
  while (rest.length > 0) {
    const taken = longestKey(here, rest);
    const key = rest.slice(0, taken).join(".");
    path.push(key);
    here = valueAt(here, [key]);
    rest = rest.slice(taken);
  }
  return path;
};

const longestKey = (here: unknown, words: readonly string[]): number => {
  for (let taken = words.length; taken > 1; taken -= 1)
    if (valueAt(here, [words.slice(0, taken).join(".")]) !== undefined) return taken;
  return 1;
};

const structuredCopy = (value: Json): Json => JSON.parse(JSON.stringify(value)) as Json;

const isNested = (value: unknown): value is object => typeof value === "object" && value !== null;

const own = (value: object, key: string): unknown => valueAt(value, [key]);

const isIndex = (key: string): boolean => /^(?:0|[1-9]\d*)$/.test(key);
