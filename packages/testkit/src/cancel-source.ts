/** A cancel signal that a test can pull, where no platform's `AbortController` is typed. */
import type { CancelSignal } from "@mission-ledger/core";

export interface CancelSource {
  readonly signal: CancelSignal;
  abort(): void;
}

export const cancelSource = (): CancelSource => {
  const listeners = new Set<() => void>();
  let aborted = false;
  return {
    signal: {
      get aborted() {
        return aborted;
      },
      throwIfAborted: () => {
        if (aborted) throw Object.assign(new Error("This operation was aborted"), { name: "AbortError" });
      },
      addEventListener: (_, listener) => {
        listeners.add(listener);
      },
      removeEventListener: (_, listener) => {
        listeners.delete(listener);
      },
    },
    abort: () => {
      if (aborted) return;
      aborted = true;
      for (const listener of [...listeners]) listener();
    },
  };
};
