/** Where two JSON-like values differ, in words. `undefined` members count as absent, as they do in JSON. */

const manyDifferences = 12;

/** One line per difference, at most a dozen; empty when both are equal. */
export const differences = (actual: unknown, expected: unknown): readonly string[] => {
  const found: string[] = [];
  compare(actual, expected, "value", found);
  if (found.length <= manyDifferences) return found;
  return [...found.slice(0, manyDifferences), `… and ${found.length - manyDifferences} more`];
};

const compare = (actual: unknown, expected: unknown, path: string, found: string[]): void => {
  if (actual === expected) return;
  if (isObject(actual) && isObject(expected) && Array.isArray(actual) === Array.isArray(expected)) {
    for (const key of new Set([...Object.keys(actual), ...Object.keys(expected)])) {
      const at = Array.isArray(actual) ? `${path}[${key}]` : `${path}.${key}`;
      compare(ownMember(actual, key), ownMember(expected, key), at, found);
    }
    return;
  }
  found.push(`${path}: expected ${shown(expected)}, got ${shown(actual)}`);
};

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

const ownMember = (value: object, key: string): unknown =>
  Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;

const shown = (value: unknown): string => {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 200 ? `${text.slice(0, 200)}… (${text.length} characters)` : text;
};
