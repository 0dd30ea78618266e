/** Places in the server's log as texts that sort as the log does. */
import { StoreFault } from "@mission-ledger/core";
import type { LogPosition } from "../gateway-port.ts";

/** Digits of 2^64-1. */
const digits = 20;

export const positionText = ({ commit, prepare }: LogPosition): string =>
  `${String(commit).padStart(digits, "0")}-${String(prepare).padStart(digits, "0")}`;

/** Throws `LOG_REPLACED` for a text that this store never gave. */
export const positionOf = (text: string): LogPosition => {
  const match = /^(\d{20})-(\d{20})$/.exec(text);
  if (match === null) throw notAPosition(text);
  return { commit: BigInt(match[1] as string), prepare: BigInt(match[2] as string) };
};

export const notAPosition = (text: string): StoreFault =>
  new StoreFault("LOG_REPLACED", `${JSON.stringify(text)} is no position in this ledger`, {
    outcome: "not_written",
    retryable: false,
    hint: "Begin at the start of the log, or at a position that this ledger gave.",
  });

export const isBehind = (one: LogPosition, other: LogPosition): boolean =>
  one.commit > other.commit || (one.commit === other.commit && one.prepare > other.prepare);
