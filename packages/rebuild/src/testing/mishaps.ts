/** What may befall a thread while it folds. */
import process from "node:process";
import type { FoldSpec } from "@mission-ledger/core";

export interface Mishap {
  /** The stream at whose last event it happens. */
  readonly stream: string;
  readonly revision: number;
  /** `throw` in a projection, `exit` of the thread, `crash` outside of every promise, `hang` for ever. */
  readonly kind: "throw" | "exit" | "crash" | "hang";
}

export const withMishap = (
  folds: readonly FoldSpec<unknown>[],
  mishap: Mishap | undefined,
): readonly FoldSpec<unknown>[] =>
  mishap === undefined
    ? folds
    : folds.map(({ name, version, initial, stepInPlace }, index) => ({
        name,
        version,
        initial,
        stepInPlace: (state, envelope) => {
          if (index === 0 && envelope.stream === mishap.stream && envelope.revision === mishap.revision)
            befall(mishap.kind);
          return stepInPlace(state, envelope);
        },
      }));

const befall = (kind: Mishap["kind"]): void => {
  switch (kind) {
    case "throw":
      throw new RangeError("no such card");
    case "exit":
      process.exit(3);
      break;
    case "crash":
      // Before anything else that is under way: a thread with little to do would be done by the next turn of its loop.
      queueMicrotask(() => {
        throw new Error("out of nowhere");
      });
      break;
    case "hang":
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
      break;
  }
};
