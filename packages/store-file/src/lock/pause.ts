/** Waiting that ends early when it is no longer wanted. */
import type { CancelSignal } from "@mission-ledger/core";

/** Over after a time, when the signal aborts, or when it is cancelled, so that nothing keeps the process waiting. */
export const cancellablePause = (
  milliseconds: number,
  signal?: CancelSignal,
): { readonly over: Promise<false>; cancel(): void } => {
  let cancel = (): void => {};
  const over = new Promise<false>((resolve) => {
    cancel = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", cancel);
      resolve(false);
    };
    const timer = setTimeout(cancel, Math.max(0, milliseconds));
    signal?.addEventListener("abort", cancel);
  });
  return { over, cancel };
};

/** Resolves after a time, or when the signal aborts. */
export const pause = (milliseconds: number, signal?: CancelSignal): Promise<false> =>
  cancellablePause(milliseconds, signal).over;
