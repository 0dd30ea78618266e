/** Randomness that a seed repeats. */
import type { Randomness } from "@mission-ledger/core";

/**
 * The same ids and fractions for the same seed, in the order in which they are asked for. UUIDs have version 4's form.
 *
 * Source: Mulberry32, a 32-bit generator in the public domain (T. Ettinger); good enough to spread, not to keep secrets.
 */
export const seededRandomness = (seed: number): Randomness => {
  let state = seed | 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const hex = (): string => next().toString(16).padStart(8, "0");
  return {
    fraction: () => next() / 2 ** 32,
    uuid: () => {
      const digits = `${hex()}${hex()}${hex()}${hex()}`;
      const variant = (8 + (Number.parseInt(digits.charAt(16), 16) % 4)).toString(16);
      return [
        digits.slice(0, 8),
        digits.slice(8, 12),
        `4${digits.slice(13, 16)}`,
        `${variant}${digits.slice(17, 20)}`,
        digits.slice(20),
      ].join("-");
    },
  };
};
