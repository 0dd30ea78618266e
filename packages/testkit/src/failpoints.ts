/** Failpoints that remember what they passed and fail where a test says. */
import type { Failpoint } from "@mission-ledger/core";

/** Thrown at a failpoint unless the test gave an error of its own. */
export class FailpointHit extends Error {
  override readonly name = "FailpointHit";
  readonly failpoint: string;

  constructor(failpoint: string) {
    super(`failed on purpose at ${failpoint}`);
    this.failpoint = failpoint;
  }
}

export interface Failpoints {
  /** What the store is given. */
  readonly failpoint: Failpoint;
  /** Every name passed so far, in order, including the one that failed. */
  readonly passed: readonly string[];
  /** Fails at the `nth` passing of `name` from now, counted from 1, and never again. @defaultValue the next, {@link FailpointHit} */
  failAt(name: string, nth?: number, error?: unknown): void;
  /** Forgets what was passed and what was to fail. */
  clear(): void;
}

export const failpoints = (): Failpoints => {
  const passed: string[] = [];
  const planned = new Map<string, { left: number; readonly error: unknown }>();
  return {
    failpoint: (name) => {
      passed.push(name);
      const plan = planned.get(name);
      if (plan === undefined) return;
      plan.left -= 1;
      if (plan.left > 0) return;
      planned.delete(name);
      throw plan.error;
    },
    passed,
    failAt: (name, nth = 1, error = new FailpointHit(name)) => {
      planned.set(name, { left: nth, error });
    },
    clear: () => {
      passed.length = 0;
      planned.clear();
    },
  };
};
