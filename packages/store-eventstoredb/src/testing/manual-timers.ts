/** Time that passes when a test says so. */
import type { Timers } from "../timers.ts";

export interface ManualTimers extends Timers {
  /** Runs what is due by then, in order, also what is set meanwhile. */
  pass(milliseconds: number): void;
  /** How many are waiting. */
  waiting(): number;
}

export const manualTimers = (startMs = 0): ManualTimers => {
  let nowMs = startMs;
  let number = 0;
  const due = new Map<number, { readonly at: number; readonly task: () => void }>();
  return {
    now: () => nowMs,
    after: (milliseconds, task) => {
      const id = number;
      number += 1;
      due.set(id, { at: nowMs + milliseconds, task });
      return () => due.delete(id);
    },
    pass: (milliseconds) => {
      const end = nowMs + milliseconds;
      for (;;) {
        const [next] = [...due].filter(([, { at }]) => at <= end).sort(([, a], [, b]) => a.at - b.at);
        if (next === undefined) break;
        const [id, { at, task }] = next;
        due.delete(id);
        nowMs = at;
        task();
      }
      nowMs = end;
    },
    waiting: () => due.size,
  };
};
