/** An interrupt that comes at a place and not at a time: in the middle of the work, wherever the work looks for one. */
import type { CancelSignal } from "@mission-ledger/core";

/** Aborts at the call of `throwIfAborted` of this number, counted from 1, and stays so. */
export const abortsAtAsk = (nth: number): CancelSignal => {
  let asked = 0;
  return {
    get aborted() {
      return asked >= nth;
    },
    throwIfAborted: () => {
      asked += 1;
      if (asked >= nth) throw Object.assign(new Error("This operation was aborted"), { name: "AbortError" });
    },
    addEventListener: () => {},
    removeEventListener: () => {},
  };
};
