/** Cases about the whole log: one order, positions to resume from, categories, subscriptions. */
import type { EventBatch, EventStore, RecordedEvent } from "@mission-ledger/core";
import { cancelSource } from "../cancel-source.ts";
import { ConformanceFailure, claim, same } from "./failure.ts";
import type { CaseContext, StoreCase } from "./harness.ts";
import { appendMany, appendNext, collect, headBefore, notes, readStream, requestOn } from "./writer.ts";

const names = ["mission-a", "mission-b", "run-a"] as const;

/** Three streams of two categories, written in turns. */
const mixedLog = async (store: EventStore): Promise<readonly RecordedEvent[]> => {
  for (const count of [1, 2, 1, 3])
    for (const name of names) await appendNext(store, name, { events: notes(count) });
  return collect(store.readAll());
};

const idsOf = (events: readonly RecordedEvent[]): readonly string[] =>
  events.map(({ stream, revision }) => `${stream}@${revision}`);

export const logCases: readonly StoreCase[] = [
  {
    name: "the whole log has one order, the same for every read",
    run: async ({ store }) => {
      const all = await mixedLog(store);
      claim(all.length === 21, `the log holds 21 events, not ${all.length}`);
      same(await collect(store.readAll()), all, "a second read gives the same");
      await appendNext(store, "mission-a");
      same((await collect(store.readAll())).slice(0, 21), all, "what is appended comes last");
    },
  },
  {
    name: "the order of the log keeps the order of each stream",
    run: async ({ store }) => {
      const all = await mixedLog(store);
      for (const name of names) {
        const own = all.filter(({ stream }) => stream === name);
        same(
          own.map(({ mark: _, ...event }) => event),
          (await readStream(store, name)).map(({ mark: _, ...event }) => event),
          `${name} reads the same in both ways`,
        );
      }
    },
  },
  {
    name: "positions are unique and sort as strings in log order",
    run: async ({ store }) => {
      const all = await mixedLog(store);
      for (const [index, { position }] of all.entries()) {
        const next = all[index + 1];
        claim(typeof position === "string", "a position is a string");
        claim(
          next === undefined || position < next.position,
          `${position} stands before ${next?.position} but does not sort before it`,
        );
      }
    },
  },
  {
    name: "a read resumes after any position with exactly the rest",
    run: async ({ store }) => {
      const all = await mixedLog(store);
      for (const [index, { position }] of all.entries())
        same(
          idsOf(await collect(store.readAll({ after: position }))),
          idsOf(all.slice(index + 1)),
          `after position ${index}`,
        );
    },
  },
  {
    name: "behind the end that a store finds by itself stands exactly what comes later",
    run: async ({ store }) => {
      if (store.end === undefined) return;
      await mixedLog(store);
      const end = await store.end();
      claim(end !== undefined, "a log with events has an end");
      same(await collect(store.readAll({ after: end })), [], "what was written stands before it");
      await appendNext(store, "mission-a");
      await appendNext(store, "run-a", { events: notes(2) });
      claim((await collect(store.readAll({ after: end }))).length === 3, "what is new stands behind it");
    },
  },
  {
    name: "a category gives exactly its own streams",
    run: async ({ store }) => {
      const all = await mixedLog(store);
      await appendNext(store, "missions-a");
      await appendNext(store, "mission2-a");
      await appendNext(store, "mission-x-1");
      const mission = (await collect(store.readAll())).filter(({ stream }) => stream.startsWith("mission-"));
      const read = await collect(store.readAll({ category: "mission" }));
      same(read, mission, "only streams of the category, with their positions");
      const after = (all[4] as RecordedEvent).position;
      same(
        idsOf(await collect(store.readAll({ category: "mission", after }))),
        idsOf(mission.filter(({ position }) => position > after)),
        "resumed after a position that may be another category's",
      );
      same(
        await collect(store.readAll({ category: "mission-x" })),
        [],
        "a category ends before the first dash",
      );
      same(await collect(store.readAll({ category: "nothing" })), [], "a category without streams is empty");
    },
  },
  {
    name: "streams names the streams of a category, sorted",
    run: async ({ store }) => {
      same(await store.streams("mission"), [], "an empty store has none");
      for (const name of ["mission-b", "run-a", "mission-a10", "missions-c", "mission-a2", "mission-x-1"])
        await appendNext(store, name);
      await store.append(requestOn("mission-refused", headBefore(await readStream(store, "mission-b"), 1)));
      same(
        await store.streams("mission"),
        ["mission-a10", "mission-a2", "mission-b", "mission-x-1"],
        "sorted, each once",
      );
      same(await store.streams("mission-x"), [], "a category ends before the first dash");
      same(await store.streams("run"), ["run-a"], "another category has its own");
    },
  },
  {
    name: "head follows every append",
    run: async ({ store }) => {
      for (const count of [1, 4, 2]) {
        const appended = await appendNext(store, "mission-a", { events: notes(count) });
        const { revision, digest } = await store.head("mission-a");
        same(
          { revision, digest },
          { revision: appended.head.revision, digest: appended.head.digest },
          "head and append agree",
        );
      }
      claim((await store.head("mission-a")).revision === 6, "seven events end at revision 6");
    },
  },
  {
    name: "a subscription gives history, then live events, in order",
    run: async (context) => {
      const { store } = context;
      const all = await mixedLog(store);
      const subscription = listen(context, store.subscribe());
      await subscription.until(all.length);
      for (let index = 0; index < 10; index += 1)
        await appendNext(store, names[index % 3] as string, { events: notes(1 + (index % 2)) });
      const now = await collect(store.readAll());
      same(idsOf(await subscription.until(now.length)), idsOf(now), "every event came, in log order");
      await subscription.leave();
    },
  },
  {
    name: "a subscription resumes after a position and keeps to its category",
    run: async (context) => {
      const { store } = context;
      const all = await mixedLog(store);
      const after = (all[6] as RecordedEvent).position;
      const subscription = listen(context, store.subscribe({ after, category: "mission" }));
      await appendMany(store, "run-b", 3);
      await appendMany(store, "mission-c", 3);
      const wanted = (await collect(store.readAll({ after }))).filter(({ stream }) =>
        stream.startsWith("mission-"),
      );
      same(
        idsOf(await subscription.until(wanted.length)),
        idsOf(wanted),
        "exactly the rest of the category came",
      );
      await subscription.leave();
    },
  },
  {
    name: "a subscription passes over other categories without an empty batch",
    run: async (context) => {
      const { store } = context;
      const subscription = listen(context, store.subscribe({ category: "mission" }));
      const arrival = subscription.next();
      for (let index = 0; index < 3; index += 1) await appendNext(store, "run-a");
      await appendNext(store, "mission-a");
      const { done, value } = await context.inTime(arrival, "the first event of the category");
      claim(done !== true, "the subscription goes on");
      same(idsOf(value), ["mission-a@0"], "the first batch is the category's first event");
      await subscription.leave();
    },
  },
  {
    name: "a subscription to an empty log waits for the first event",
    run: async (context) => {
      const { store } = context;
      const subscription = listen(context, store.subscribe());
      const [arrived] = await Promise.all([subscription.until(1), appendNext(store, "mission-a")]);
      same(idsOf(arrived), ["mission-a@0"], "the first event came");
      await subscription.leave();
    },
  },
  {
    name: "two subscriptions each get everything",
    run: async (context) => {
      const { store } = context;
      await mixedLog(store);
      const both = [listen(context, store.subscribe()), listen(context, store.subscribe())];
      for (const subscription of both) await subscription.until(21);
      await appendMany(store, "mission-d", 5);
      const wanted = idsOf(await collect(store.readAll()));
      for (const subscription of both) {
        same(idsOf(await subscription.until(26)), wanted, "every event came, in log order");
        await subscription.leave();
      }
    },
  },
  {
    name: "leaving one subscription leaves the other alone",
    run: async (context) => {
      const { store } = context;
      await mixedLog(store);
      const [left, stays] = [listen(context, store.subscribe()), listen(context, store.subscribe())];
      await Promise.all([left.until(21), stays.until(21)]);
      await left.leave();
      await appendMany(store, "mission-d", 3);
      same(idsOf(await stays.until(24)), idsOf(await collect(store.readAll())), "the other goes on");
      await stays.leave();
    },
  },
  {
    name: "a waiting subscription ends when its signal aborts",
    run: async (context) => {
      const { store, inTime } = context;
      await mixedLog(store);
      const { signal, abort } = cancelSource();
      const subscription = listen(context, store.subscribe({ signal }));
      await subscription.until(21);
      const end = subscription.next();
      abort();
      claim((await inTime(end, "the subscription after its signal aborted")).done === true, "the loop ends");
      const dead = listen(context, store.subscribe({ signal }));
      claim(
        (await inTime(dead.next(), "a subscription whose signal had aborted")).done === true,
        "the loop does not begin",
      );
      await appendNext(store, "mission-a");
    },
  },
  {
    name: "a waiting subscription ends when the store closes",
    run: async (context) => {
      const { store, inTime } = context;
      await mixedLog(store);
      const subscription = listen(context, store.subscribe());
      await subscription.until(21);
      const end = subscription.next();
      await inTime(store.close(), "closing with a subscription open");
      claim((await inTime(end, "the subscription after its store closed")).done === true, "the loop ends");
    },
  },
];

interface Listener {
  /** Everything that came so far, once `count` distinct events have. */
  until(count: number): Promise<readonly RecordedEvent[]>;
  next(): Promise<IteratorResult<EventBatch>>;
  leave(): Promise<void>;
}

/** Takes in a subscription: repeats are allowed, gaps and disorder are not. */
const listen = ({ inTime }: CaseContext, batches: AsyncIterable<EventBatch>): Listener => {
  const iterator = batches[Symbol.asyncIterator]();
  const events: RecordedEvent[] = [];
  const seen = new Set<string>();
  const next = (): Promise<IteratorResult<EventBatch>> => iterator.next();
  return {
    next,
    until: async (count) => {
      while (events.length < count) {
        const { done, value } = await inTime(
          next(),
          `a subscription that has ${events.length} of ${count} events`,
        );
        if (done === true)
          throw new ConformanceFailure(`the subscription ended after ${events.length} of ${count} events`);
        claim(value.length > 0, "a batch is empty");
        for (const event of value) {
          if (seen.has(event.position)) continue;
          const last = events.at(-1);
          claim(
            last === undefined || last.position < event.position,
            `${event.position} came after ${last?.position}`,
          );
          seen.add(event.position);
          events.push(event);
        }
      }
      return events;
    },
    leave: async () => {
      if (iterator.return !== undefined) await inTime(iterator.return(), "leaving a subscription");
    },
  };
};
