/** JSON as Spec Kitty's Python sees it: whole numbers and floats differ, and objects are maps, so no key can touch a prototype. */

/** `bigint` is a whole number, `number` a float. */
export type PyValue = null | boolean | string | bigint | number | readonly PyValue[] | PyObject;
export type PyObject = ReadonlyMap<string, PyValue>;

export const isPyObject = (value: PyValue | undefined): value is PyObject => value instanceof Map;

export const isPyArray = (value: PyValue | undefined): value is readonly PyValue[] => Array.isArray(value);

/** The member as a string, or `undefined` when it is absent or anything else. */
export const stringAt = (object: PyObject, key: string): string | undefined => {
  const value = object.get(key);
  return typeof value === "string" ? value : undefined;
};

/** Whether Python would take the value for true in an `if`. */
export const isTruthy = (value: PyValue | undefined): boolean => {
  if (value === undefined || value === null || value === false || value === "" || value === 0 || value === 0n)
    return false;
  if (isPyObject(value)) return value.size > 0;
  return !isPyArray(value) || value.length > 0;
};

/** Order of two strings as Python has it: by code point. JavaScript's own order is by UTF-16 unit. */
export const compareCodePoints = (a: string, b: string): number => {
  const shared = Math.min(a.length, b.length);
  for (let index = 0; index < shared; index += 1) {
    if (a.charCodeAt(index) === b.charCodeAt(index)) continue;
    return (a.codePointAt(index) as number) - (b.codePointAt(index) as number);
  }
  return a.length - b.length;
};
