/** Moments of a stream's past: told by revision, by position or by date, and found in one place for every view. */
import type { RecordedEvent } from "./event.ts";
import type { EventStore } from "./event-store.ts";
import type { CancelSignal } from "./ports.ts";

/**
 * A moment that a stream can be shown at.
 *
 * - A number, or `revision`: after that event of the stream.
 * - `position`: after every event at or before that place in the whole log; the same moment for all streams.
 * - `date` (RFC 3339): before the first event that was recorded later than that. A recorded time is a label that orders
 *   nothing, and clocks disagree, so this is decided event by event in the order of the stream: nothing that was recorded
 *   after the date is ever shown, and what follows such an event is not shown either, whatever its own label says.
 */
export type Moment =
  | number
  | { readonly revision: number }
  | { readonly position: string }
  | { readonly date: string };

/** Where in a stream a moment is. */
export interface FoundMoment {
  /** Of the last event that belongs to it; -1 where the stream had no event yet. */
  readonly revision: number;
  /** That event's place in the whole log, id and recorded time; `null` where there is none. */
  readonly position: string | null;
  readonly eventId: string | null;
  readonly recordedAt: string | null;
  /**
   * The time by which leases are judged at that moment: the date that was asked for, else what the clock of the last event's
   * writer said. The clock of today would call every claim of the past dead.
   */
  readonly judgedAt: string | null;
  /** Nothing follows it: the stream stands there now. */
  readonly isEnd: boolean;
  /**
   * Events behind it that carry a date no later than the one asked for: a writer's clock was ahead, or went back. Zero for
   * moments that are no dates.
   */
  readonly outOfOrder: number;
}

/** Whether an event comes after a moment; the first that does ends it for its stream, and all that follow come after it too. */
export const isAfter = (moment: Moment): ((event: RecordedEvent) => boolean) => {
  if (typeof moment === "number" || "revision" in moment) {
    const last = revisionOf(moment);
    return ({ revision }) => revision > last;
  }
  if ("position" in moment) return ({ position }) => position > moment.position;
  const date = timeOf(moment.date);
  return ({ recordedAt }) => Date.parse(recordedAt) > date;
};

/** Finds a moment in a stream. Reads from its first event; up to the moment, or to the end for a date. */
export const findMoment = async (
  store: EventStore,
  stream: string,
  moment: Moment,
  signal?: CancelSignal,
): Promise<FoundMoment> => {
  const comesAfter = isAfter(moment);
  const byDate = typeof moment === "object" && "date" in moment;
  let last: RecordedEvent | undefined;
  let isEnd = true;
  let outOfOrder = 0;
  reading: for await (const batch of store.read(stream, signal === undefined ? {} : { signal }))
    for (const event of batch)
      if (comesAfter(event)) {
        isEnd = false;
        if (!byDate) break reading;
      } else if (isEnd) last = event;
      else outOfOrder += 1;
  return {
    revision: last?.revision ?? -1,
    position: last?.position ?? null,
    eventId: last?.id ?? null,
    recordedAt: last?.recordedAt ?? null,
    judgedAt: byDate ? new Date(timeOf(moment.date)).toISOString() : (last?.recordedAt ?? null),
    isEnd,
    outOfOrder,
  };
};

/** The last revision that belongs to a moment; without reading anything where it is one. */
export const revisionAt = async (
  store: EventStore,
  stream: string,
  moment: Moment,
  signal?: CancelSignal,
): Promise<number> => {
  if (typeof moment === "number" || "revision" in moment) return revisionOf(moment);
  return (await findMoment(store, stream, moment, signal)).revision;
};

/** -1 is before the first event. */
const revisionOf = (moment: number | { readonly revision: number }): number => {
  const revision = typeof moment === "number" ? moment : moment.revision;
  if (Number.isSafeInteger(revision) && revision >= -1) return revision;
  throw new TypeError(`${revision} is no revision`);
};

const rfc3339 = /^(\d{4}-\d{2}-\d{2})[Tt ]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:[Zz]|[+-]\d{2}:\d{2})$/;

/** The platform reads more: a date without a zone as one of this machine's, the 30th of February as the 2nd of March. */
const timeOf = (date: string): number => {
  const [, day = ""] = rfc3339.exec(date) ?? [];
  const midnight = Date.parse(day);
  const isDay = !Number.isNaN(midnight) && new Date(midnight).toISOString().startsWith(day);
  const time = isDay ? Date.parse(date) : Number.NaN;
  if (Number.isNaN(time)) throw new TypeError(`${JSON.stringify(date)} is no date as RFC 3339 writes it`);
  return time;
};
