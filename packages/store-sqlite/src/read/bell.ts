/** Wakes subscriptions: at once for what this process appends, by looking again every tenth of a second for others. */
import type { CancelSignal } from "@mission-ledger/core";

export interface Bell {
  /** Resolves when this process appended, after a short time, on abort, or when the store closes. */
  wait(signal: CancelSignal | undefined): Promise<void>;
  readonly closed: boolean;
  ring(): void;
  close(): void;
}

const pollMs = 100;

export const subscriptionBell = (): Bell => {
  const sleepers = new Set<() => void>();
  let closed = false;
  const ring = (): void => {
    for (const wake of [...sleepers]) wake();
  };
  return {
    get closed() {
      return closed;
    },
    ring,
    close: () => {
      closed = true;
      ring();
    },
    wait: (signal) =>
      new Promise((resolve) => {
        const wake = (): void => {
          sleepers.delete(wake);
          clearTimeout(timer);
          signal?.removeEventListener("abort", wake);
          resolve();
        };
        const timer = setTimeout(wake, pollMs);
        sleepers.add(wake);
        signal?.addEventListener("abort", wake);
      }),
  };
};
