/** Calls that a fault keeps waiting: silent for ever, or for a time. All of them can be let go at once. */
import { notReady } from "./wire/refusals.ts";

export interface HeldCalls {
  /** Never resolves; rejects when the caller went away, or with "not ready" when the calls are let go. */
  readonly silence: (signal: AbortSignal) => Promise<never>;
  /** Resolves when the time is over or the calls are let go; rejects when the caller went away. */
  readonly delay: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Resolves when the time is over or the calls are let go, whether or not anybody still asks; rejects when they are dropped. */
  readonly postpone: (ms: number) => Promise<void>;
  readonly letGo: () => void;
  /** As when the process dies: what was postponed never happens. */
  readonly drop: () => void;
  readonly count: () => number;
}

export const heldCalls = (): HeldCalls => {
  const held = new Set<() => void>();
  let death = new AbortController();

  const hold = (
    ms: number | undefined,
    signal: AbortSignal,
    atLetGo: (resolve: () => void, reject: (reason: unknown) => void) => void,
  ): Promise<void> =>
    new Promise((resolve, reject) => {
      const over = (settle: () => void): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", gone);
        held.delete(letGo);
        settle();
      };
      const gone = (): void => over(() => reject(notReady()));
      const letGo = (): void => over(() => atLetGo(resolve, reject));
      const timer = ms === undefined ? undefined : setTimeout(() => over(resolve), ms).unref();
      held.add(letGo);
      if (signal.aborted) gone();
      else signal.addEventListener("abort", gone);
    });

  return {
    silence: (signal) => hold(undefined, signal, (_resolve, reject) => reject(notReady())) as Promise<never>,
    delay: (ms, signal) => hold(ms, signal, (resolve) => resolve()),
    postpone: (ms) => hold(ms, death.signal, (resolve) => resolve()),
    drop: () => {
      death.abort();
      death = new AbortController();
    },
    letGo: () => {
      for (const letGo of [...held]) letGo();
    },
    count: () => held.size,
  };
};
