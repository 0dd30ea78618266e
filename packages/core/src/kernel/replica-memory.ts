/**
 * What is remembered of a replica beside its source, so that a run looks only at what is new: how far the source's log was
 * brought over, and which streams were not. A cache: losing it costs one comparison of all streams.
 */

import { sha256Hex } from "./digest.ts";
import type { EventStore } from "./event-store.ts";
import { headAfter } from "./fold.ts";
import { isInLog } from "./is-in-log.ts";
import type { Limit } from "./limit.ts";
import type { LastSeen, Projected, ViewStore } from "./view-store.ts";

export interface ReplicaMemory {
  readonly views: ViewStore;
  /** Names the target; another target is another replica. */
  readonly target: string;
}

interface Remembered {
  /** Streams that the target lacks something of, or holds otherwise. */
  readonly behind: readonly string[];
}

/** What of the source has to be looked at. */
export interface News {
  /** Streams that may not be equal in the target. */
  readonly streams: ReadonlySet<string>;
  /** Whether a target may lack this revision of a stream, and not one before it, if what is remembered is true of it. */
  mayLack(stream: string, revision: number): boolean;
  /** False if nothing is remembered, and everything is news. */
  readonly isRemembered: boolean;
  /** Remembers where this look ended, with the streams that are still behind. */
  save(behind: readonly string[]): Promise<void>;
}

const version = 1;

/** Events that may be looked at again with every run before it is worth two flushes to remember them. */
const mostLookedAtAgain = 64;

/** More than these are not remembered one by one: then everything is looked at again. */
const mostBehind = 10_000;

/** The place in the log is taken before the streams are compared, so that what is written meanwhile is news the next time. */
export const newsSince = async (
  from: EventStore,
  categories: readonly string[],
  { views, target }: ReplicaMemory,
  limit: Limit,
): Promise<News> => {
  // An address may be longer than the name of a file.
  const name = `replica at ${sha256Hex(target).slice(0, 32)}`;
  const category = categories.length === 1 ? categories[0] : undefined;
  const stored = await limit.within(views.load<Remembered>(name, version));
  const isRemembered =
    stored !== undefined &&
    stored.position !== null &&
    stored.category === category &&
    (await limit.within(isInLog(from, stored, limit.signal)));
  const begun: Projected<Remembered> = isRemembered
    ? stored
    : {
        view: { behind: [] },
        position: null,
        events: 0,
        last: null,
        ...(category === undefined ? {} : { category }),
      };
  const since = new Map<string, number>();
  let [position, events] = [begun.position, begun.events];
  let last: LastSeen | null = begun.last;
  const after = position === null ? {} : { after: position };
  const scope = category === undefined ? {} : { category };
  for await (const batch of limit.each(from.readAll({ ...after, ...scope, signal: limit.signal })))
    for (const event of batch) {
      const { stream } = event;
      if (isIn(categories, stream))
        since.set(stream, Math.min(since.get(stream) ?? event.revision, event.revision));
      position = event.position;
      last = { stream, ...headAfter(event) };
      events += 1;
    }
  const { behind } = begun.view;
  return {
    streams: new Set([...behind, ...since.keys()]),
    mayLack: (stream, revision) =>
      behind.includes(stream) || revision >= (since.get(stream) ?? Number.POSITIVE_INFINITY),
    isRemembered,
    save: async (nowBehind) => {
      const isWorthIt =
        !isRemembered || events - begun.events >= mostLookedAtAgain || !isSame(behind, nowBehind);
      if (!isWorthIt || position === null || nowBehind.length > mostBehind) return;
      await views.save<Remembered>(name, version, {
        ...begun,
        view: { behind: nowBehind },
        position,
        events,
        last,
      });
    },
  };
};

const isIn = (categories: readonly string[], stream: string): boolean =>
  categories.some((category) => stream.startsWith(`${category}-`));

const isSame = (some: readonly string[], others: readonly string[]): boolean =>
  some.length === others.length && some.every((one, index) => one === others[index]);
