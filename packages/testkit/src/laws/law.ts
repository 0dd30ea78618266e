/** A law: a sentence that is true for every input, and the property that looks for a counterexample. */
import fc from "fast-check";
import { differences } from "../difference.ts";

export interface Law {
  /** A fact in the present tense, fit for the title of a test. */
  readonly name: string;
  /** Looks for a counterexample; throws with the smallest one found, its seed and its path. */
  check(parameters?: fc.Parameters<unknown>): Promise<void>;
}

/** A law about one generated value; `holds` throws when it does not. */
export const law = <Value>(
  name: string,
  values: fc.Arbitrary<Value>,
  holds: (value: Value) => void | Promise<void>,
): Law => ({
  name,
  check: async (parameters = {}) => {
    const property = fc.asyncProperty(values, async (value) => {
      await holds(value);
    });
    await fc.assert(property, parameters as fc.Parameters<[Value]>);
  },
});

/** Throws unless both are the same JSON. */
export const agree = (actual: unknown, expected: unknown, what: string): void => {
  const found = differences(actual, expected);
  if (found.length > 0) throw new Error(`${what}\n  ${found.join("\n  ")}`);
};

export const frozen = <A>(value: A): A => {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const member of Object.values(value)) frozen(member);
  }
  return value;
};

export const throughJson = <A>(value: A): A => JSON.parse(JSON.stringify(value)) as A;
