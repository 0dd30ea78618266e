/** A clock and timers that a test moves: nothing happens by itself. */
import type { Clock, Timers } from "@mission-ledger/core";

export interface ManualTime {
  readonly clock: Clock;
  readonly timers: Timers;
  /** Time passes awake: each timer runs when it is due, and what it began comes to its end. */
  pass(milliseconds: number): Promise<void>;
  /** The machine sleeps: the clock moves on, timers do not. */
  sleep(milliseconds: number): void;
}

/** Everything that waits for a promise that is settled has gone on. */
export const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

export const manualTime = (start = "2026-03-01T10:00:00.000Z"): ManualTime => {
  let now = Date.parse(start);
  /** Time awake, which is what timers know. */
  let awake = 0;
  const waiting = new Set<{ readonly due: number; readonly run: () => void }>();
  return {
    clock: { now: () => now },
    timers: {
      after: (milliseconds, run) => {
        const entry = { due: awake + milliseconds, run };
        waiting.add(entry);
        return () => void waiting.delete(entry);
      },
    },
    pass: async (milliseconds) => {
      const end = awake + milliseconds;
      for (;;) {
        const next = [...waiting]
          .filter(({ due }) => due <= end)
          .sort((one, other) => one.due - other.due)[0];
        if (next === undefined) break;
        now += Math.max(0, next.due - awake);
        awake = Math.max(awake, next.due);
        waiting.delete(next);
        next.run();
        await settled();
      }
      now += end - awake;
      awake = end;
      await settled();
    },
    sleep: (milliseconds) => {
      now += milliseconds;
    },
  };
};
