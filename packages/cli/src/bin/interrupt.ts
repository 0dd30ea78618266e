/** A signal that says stop, without the machinery of `AbortController`, which every command would pay for. */
import type { CancelSignal } from "@mission-ledger/core";

export const interrupt = (): { readonly signal: CancelSignal; abort(): void } => {
  const listeners = new Set<() => void>();
  let aborted = false;
  const signal: CancelSignal = {
    get aborted() {
      return aborted;
    },
    throwIfAborted: () => {
      if (aborted) throw interrupted();
    },
    addEventListener: (_, listener) => {
      listeners.add(listener);
    },
    removeEventListener: (_, listener) => {
      listeners.delete(listener);
    },
  };
  return {
    signal,
    abort: () => {
      aborted = true;
      for (const listener of [...listeners]) listener();
    },
  };
};

/** The error by which an aborted operation is known, as with an `CancelSignal`. */
const interrupted = (): Error =>
  Object.assign(new Error("This operation was aborted"), { name: "AbortError" });
