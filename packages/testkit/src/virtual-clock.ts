/** A clock that stands still until a test moves it, in either direction. */
import type { Clock } from "@mission-ledger/core";

export interface VirtualClock extends Clock {
  /** Moves by so many milliseconds; a negative number steps back, as real clocks do. */
  advance(milliseconds: number): void;
  set(milliseconds: number): void;
}

/** @param start milliseconds since the epoch, or RFC 3339 */
export const virtualClock = (start: number | string = "2026-01-01T00:00:00.000Z"): VirtualClock => {
  let now = typeof start === "number" ? start : Date.parse(start);
  if (Number.isNaN(now)) throw new TypeError(`${start} is no time`);
  return {
    now: () => now,
    advance: (milliseconds) => {
      now += milliseconds;
    },
    set: (milliseconds) => {
      now = milliseconds;
    },
  };
};
