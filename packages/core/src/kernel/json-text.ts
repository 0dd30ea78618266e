/** Looks into stored JSON text before and after it is parsed, for what a parser lets through and a ledger does not. */
import { isDangerousKey } from "./json.ts";

/**
 * Whether a text nests deeper than `deepest` levels. Most have fewer brackets in all than the limit and are let through by
 * a native search; only the others are walked.
 */
export const nestsTooDeep = (text: string, deepest: number): boolean => {
  let brackets = 0;
  for (const bracket of ["{", "["])
    for (let at = text.indexOf(bracket); at >= 0 && brackets <= deepest; at = text.indexOf(bracket, at + 1))
      brackets += 1;
  return brackets > deepest && depthOf(text) > deepest;
};

const depthOf = (text: string): number => {
  let depth = 0;
  let deepest = 0;
  let quoted = false;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (quoted) {
      if (code === 0x5c) index += 1;
      else if (code === 0x22) quoted = false;
    } else if (code === 0x22) quoted = true;
    else if (code === 0x7b || code === 0x5b) deepest = Math.max(deepest, ++depth);
    else if (code === 0x7d || code === 0x5d) depth -= 1;
  }
  return deepest;
};

/**
 * Whether a text might hold a key that names a prototype. An escape hides letters, so it counts as a suspicion. Quotes before the
 * names are not looked for: JSON is full of them, and a search stops at each.
 */
export const mayHoldDangerousKey = (text: string): boolean =>
  text.includes('__proto__"') ||
  text.includes('constructor"') ||
  text.includes('prototype"') ||
  text.includes("\\u");

/** Looks for such a key in a parsed value that is known not to nest too deep. */
export const holdsDangerousKey = (value: unknown): boolean => {
  if (value === null || typeof value !== "object") return false;
  if (Array.isArray(value)) return value.some(holdsDangerousKey);
  return Object.entries(value).some(([key, member]) => isDangerousKey(key) || holdsDangerousKey(member));
};

/** Whether a text might hold half a character: UTF-8 cannot carry one, so it must be written as an escape. */
export const mayHoldLoneSurrogate = (text: string): boolean => text.includes("\\ud") || text.includes("\\uD");

/** Looks for half a character, which would come back from the next write as something else. */
export const holdsLoneSurrogate = (value: unknown): boolean => {
  if (typeof value === "string") return !(value as unknown as { isWellFormed(): boolean }).isWellFormed();
  if (value === null || typeof value !== "object") return false;
  if (Array.isArray(value)) return value.some(holdsLoneSurrogate);
  return Object.entries(value).some(([key, member]) => holdsLoneSurrogate(key) || holdsLoneSurrogate(member));
};
