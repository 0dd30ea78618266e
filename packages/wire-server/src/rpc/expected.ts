/** What a write expects, as the four messages that carry an expectation say it. */
import { type Expected, noStream } from "../log/commit-check.ts";

interface SaysExpected {
  hasNoStream(): boolean;
  hasAny(): boolean;
  hasStreamExists(): boolean;
}

/** `undefined` where nothing is expected, which the server refuses. */
export const expectedIn = (options: SaysExpected, revision: string | undefined): Expected | undefined => {
  if (revision !== undefined) return Number(BigInt.asIntN(64, BigInt(revision)));
  if (options.hasNoStream()) return noStream;
  if (options.hasAny()) return "any";
  return options.hasStreamExists() ? "stream_exists" : undefined;
};

/** The server's number for it, as it stands in trailers. */
export const expectedNumber = (expected: Expected): number => {
  if (expected === "any") return -2;
  return expected === "stream_exists" ? -4 : expected;
};
