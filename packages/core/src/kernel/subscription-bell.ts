/** Wakes subscriptions: at once for what this process appends, by looking again every tenth of a second for others. */
import { type CancelSignal, systemTimers, type Timers } from "./ports.ts";

export interface SubscriptionBell {
  /** Resolves when this process appended, after a short time, on abort, or when the store closes. */
  wait(signal: CancelSignal | undefined): Promise<void>;
  readonly closed: boolean;
  ring(): void;
  close(): void;
}

const pollMs = 100;

/** For a store whose other writers cannot be heard. A sleeper leaves nothing behind, however it is woken. */
export const subscriptionBell = (timers: Timers = systemTimers): SubscriptionBell => {
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
          cancel();
          signal?.removeEventListener("abort", wake);
          resolve();
        };
        const cancel = timers.after(pollMs, wake);
        sleepers.add(wake);
        signal?.addEventListener("abort", wake);
      }),
  };
};
