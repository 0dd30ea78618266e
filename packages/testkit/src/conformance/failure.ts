/** How a conformance case says no: a thrown `ConformanceFailure`, understood by every test runner and by programs. */
import { type FaultCode, isStoreFault, type StoreFault } from "@mission-ledger/core";
import { differences } from "../difference.ts";

export class ConformanceFailure extends Error {
  override readonly name = "ConformanceFailure";
  /** Vitest and node:test print both sides of an assertion that carries them. */
  readonly actual: unknown;
  readonly expected: unknown;

  constructor(
    message: string,
    { actual, expected }: { readonly actual?: unknown; readonly expected?: unknown } = {},
  ) {
    super(message);
    this.actual = actual;
    this.expected = expected;
  }
}

export function claim(condition: boolean, otherwise: string): asserts condition {
  if (!condition) throw new ConformanceFailure(otherwise);
}

/** Compares as JSON does: members that are `undefined` are absent. */
export const same = (actual: unknown, expected: unknown, what: string): void => {
  const found = differences(actual, expected);
  if (found.length > 0)
    throw new ConformanceFailure(`${what}\n  ${found.join("\n  ")}`, { actual, expected });
};

/** Runs what must fail with one of `codes`, and answers the fault. */
export const faultOf = async (
  action: () => Promise<unknown>,
  codes: readonly FaultCode[],
  what: string,
): Promise<StoreFault> => {
  let answer: unknown;
  try {
    answer = await action();
  } catch (error) {
    if (!isStoreFault(error))
      throw new ConformanceFailure(`${what}: expected a StoreFault, got ${String(error)}`);
    claim(
      codes.includes(error.code),
      `${what}: expected ${codes.join(" or ")}, got ${error.code}: ${error.message}`,
    );
    return error;
  }
  throw new ConformanceFailure(`${what}: expected ${codes.join(" or ")}, but it was answered`, {
    actual: answer,
  });
};
