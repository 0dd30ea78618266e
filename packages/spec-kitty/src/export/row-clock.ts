/** Times and ids of exported rows: Spec Kitty orders rows by the texts of both, so each has to sort behind all before it. */
import { sha256Hex } from "@mission-ledger/core";
import { compareCodePoints } from "../json/value.ts";

/** Only goes forward, as texts go. */
export interface RowClock {
  /** Takes note of a time that stands in the log already. */
  saw(at: string): void;
  /** The time of a row recorded then, moved on where it would not sort behind the last. */
  next(recordedAt: string): string;
}

export const rowClock = (): RowClock => {
  let last = "";
  const saw = (at: string): void => {
    if (compareCodePoints(at, last) > 0) last = at;
  };
  return {
    saw,
    next: (recordedAt) => {
      const recorded = pythonTime(Date.parse(recordedAt) * 1000);
      const lastMicros = wallMicros(last);
      // `…48Z` sorts behind `…48.000001+00:00`, so a second more is tried after a microsecond more.
      const later =
        lastMicros === undefined
          ? []
          : [lastMicros + 1, (Math.floor(lastMicros / 1e6) + 1) * 1e6].map(pythonTime);
      const at = [recorded, ...later].find((time) => compareCodePoints(time, last) > 0) ?? recorded;
      saw(at);
      return at;
    },
  };
};

/** Microseconds since the epoch as Python writes them, always with six digits so that texts sort as times. */
const pythonTime = (micros: number): string => {
  const millis = Math.floor(micros / 1000);
  return `${new Date(millis).toISOString().slice(0, -1)}${String(micros - millis * 1000).padStart(3, "0")}+00:00`;
};

/** The digits of a time read as UTC, since texts are compared without regard to the offset. */
const wallMicros = (at: string): number | undefined => {
  const match = /^([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?/.exec(at);
  if (match === null) return undefined;
  const millis = Date.parse(`${match[1]}Z`);
  return Number.isNaN(millis)
    ? undefined
    : millis * 1000 + Number((match[2] ?? "").slice(0, 6).padEnd(6, "0"));
};

const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** An id in the form of a ULID: the row's time, the event's revision, and 40 bits of the digest of the event's id. */
export const rowId = (at: string, revision: number, eventId: string): string =>
  encode(Math.max(0, Math.floor((wallMicros(at) ?? 0) / 1000)), 10) +
  encode(revision, 8) +
  encode(Number.parseInt(sha256Hex(eventId).slice(0, 10), 16), 8);

const encode = (value: number, length: number): string => {
  let text = "";
  let rest = value;
  for (let index = 0; index < length; index += 1) {
    text = crockford[rest % 32] + text;
    rest = Math.floor(rest / 32);
  }
  return text;
};
