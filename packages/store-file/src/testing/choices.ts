/** Rows of choices for generators that are plain functions. */
import fc from "fast-check";
import type { Pick } from "./branch-graphs.ts";

/** Choices that shrink: towards fewer and smaller ones, 0 when there are none left. */
export const choices: fc.Arbitrary<readonly number[]> = fc.array(fc.nat(1_000_000), {
  maxLength: 200,
  size: "max",
});

export const pickFrom = (row: readonly number[]): Pick => {
  let at = 0;
  return (below) => (row[at++] ?? 0) % below;
};
