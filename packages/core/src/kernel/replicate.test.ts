import { cancelSource } from "@mission-ledger/testkit";
import { describe, expect, test } from "vitest";
import { type Commit, type StreamHead, sealCommit } from "./event.ts";
import type { EventStore } from "./event-store.ts";
import { StoreFault } from "./faults.ts";
import { openMemoryStore } from "./memory-store.ts";
import type { Timers } from "./ports.ts";
import { replicate } from "./replicate.ts";
import { memoryViews } from "./view-store.ts";

const categories = ["mission"];

const commitOn = (head: StreamHead, stream: string, commandId: string, events = 1): Commit =>
  sealCommit(
    head,
    {
      stream,
      commandId,
      commandDigest: "0".repeat(64),
      recordedAt: "2026-01-02T03:04:05.678Z",
      actor: "agent-1",
      correlationId: "why",
    },
    Array.from({ length: events }, (_, index) => ({ type: "Noted", version: 1, data: { index, commandId } })),
  );

const write = async (store: EventStore, stream: string, commandId: string, events = 1): Promise<Commit> => {
  const head = await store.head(stream);
  const commit = commitOn(head, stream, commandId, events);
  await store.append({ commit, expected: head.revision < 0 ? "no_stream" : head.revision });
  return commit;
};

/** Three missions in turns, with commands of one to five events. */
const filled = async (commands: number, missions = 3): Promise<EventStore> => {
  const store = openMemoryStore();
  for (let index = 0; index < commands; index += 1)
    await write(store, `mission-m${index % missions}`, `c${index}`, 1 + (index % 5));
  return store;
};

const streamsOf = async (store: EventStore): Promise<Readonly<Record<string, readonly unknown[]>>> => {
  const streams: Record<string, unknown[]> = {};
  for (const stream of await store.streams("mission")) {
    const events: unknown[] = [];
    for await (const batch of store.read(stream))
      events.push(...batch.map(({ position: _, ...event }) => event));
    streams[stream] = events;
  }
  return streams;
};

type Call = "append" | "findCommand" | "head" | "read" | "readAll" | "readBack" | "streams";
const calls: readonly Call[] = ["append", "findCommand", "head", "read", "readAll", "readBack", "streams"];

/** The store, with a word said before each call. */
const told = (store: EventStore, tell: (call: Call, subject: unknown) => void): EventStore => {
  const changed: Record<string, unknown> = { ...store };
  for (const call of calls)
    changed[call] = (...given: readonly unknown[]) => {
      tell(call, given[0]);
      return (store[call] as (...given: readonly unknown[]) => unknown)(...given);
    };
  return changed as unknown as EventStore;
};

const unavailable = (message = "connect ECONNREFUSED 127.0.0.1:2113"): StoreFault =>
  new StoreFault("STORE_UNAVAILABLE", message, { outcome: "not_written", retryable: true });

/** Nothing is waited for. */
const timers: Timers = {
  after: (_, run) => {
    let off = false;
    queueMicrotask(() => off || run());
    return () => {
      off = true;
    };
  },
};

describe("a replica", () => {
  test("holds the same events with ids, times and digests in the order of their streams, and the commands", async () => {
    const [from, to] = [await filled(40), openMemoryStore()];
    const report = await replicate(from, to, { categories });
    expect(await streamsOf(to)).toEqual(await streamsOf(from));
    expect(await to.findCommand("mission-m0", "c39")).toEqual(await from.findCommand("mission-m0", "c39"));
    expect(report).toMatchObject({ complete: true, equal: 3, events: 120, warnings: [] });
  });

  test("gets only what is new, and nothing twice", async () => {
    const [from, to] = [await filled(10), openMemoryStore()];
    await replicate(from, to, { categories });
    await write(from, "mission-m1", "late", 2);
    expect(await replicate(from, to, { categories })).toEqual({
      complete: true,
      streams: [{ stream: "mission-m1", events: 2, equal: true }],
      equal: 3,
      events: 2,
      warnings: [],
    });
    expect(await replicate(from, to, { categories })).toMatchObject({
      complete: true,
      streams: [],
      events: 0,
    });
    expect(await streamsOf(to)).toEqual(await streamsOf(from));
  });

  test("that lacks nothing costs a look at the end of each stream, and no reading", async () => {
    const [from, to] = [await filled(30), openMemoryStore()];
    await replicate(from, to, { categories });
    const asked: string[] = [];
    await replicate(
      told(from, (call) => asked.push(`from ${call}`)),
      told(to, (call) => asked.push(`to ${call}`)),
      { categories },
    );
    expect(asked.sort()).toEqual([
      ...Array(3).fill("from head"),
      "from streams",
      ...Array(3).fill("to head"),
    ]);
  });

  test("gets what was written just now without its being read again, if that is all it lacks", async () => {
    const [from, to] = [await filled(10), openMemoryStore()];
    await replicate(from, to, { categories });
    const written = [await write(from, "mission-m1", "one", 3), await write(from, "mission-m1", "two")];
    const asked: string[] = [];
    const watched = told(from, (call) => asked.push(call));
    const streams = ["mission-m1"];
    expect(await replicate(watched, to, { categories, streams, written })).toMatchObject({
      complete: true,
      events: 4,
    });
    expect(asked).toEqual(["head"]);
    expect(await streamsOf(to)).toEqual(await streamsOf(from));
  });

  test.each([
    ["other commits than the log holds", (commit: Commit) => ({ ...commit, events: commit.events.slice(1) })],
    [
      "commits whose events were changed",
      (commit: Commit) => ({
        ...commit,
        events: commit.events.map((event) => ({ ...event, data: { index: 99 } })),
      }),
    ],
  ])("never gets %s for what was written just now", async (_, change) => {
    const [from, to] = [await filled(10, 1), openMemoryStore()];
    await replicate(from, to, { categories });
    const written = [change(await write(from, "mission-m0", "one", 2))];
    await replicate(from, to, { categories, written });
    const [ours, theirs] = [await streamsOf(from), await streamsOf(to)];
    expect(theirs["mission-m0"]).toEqual(ours["mission-m0"]?.slice(0, theirs["mission-m0"]?.length));
  });

  test("of chosen streams leaves the others alone", async () => {
    const [from, to] = [await filled(9), openMemoryStore()];
    expect(await replicate(from, to, { categories, streams: ["mission-m2"] })).toMatchObject({
      complete: true,
      equal: 1,
    });
    expect(await to.streams("mission")).toEqual(["mission-m2"]);
  });

  test("is only compared in a dry run", async () => {
    const [from, to] = [await filled(9), openMemoryStore()];
    expect(await replicate(from, to, { categories, dryRun: true })).toMatchObject({
      complete: false,
      events: 27 - 2,
      equal: 0,
    });
    expect(await to.streams("mission")).toEqual([]);
  });

  test("tells how many events were sent", async () => {
    const [from, to] = [await filled(9), openMemoryStore()];
    let now = 0;
    const told: number[] = [];
    const { events } = await replicate(from, to, {
      categories,
      clock: { now: () => (now += 100) },
      onProgress: (progress) => told.push(progress.events),
    });
    expect(told.at(-1)).toBe(events);
    expect(told).toEqual([...told].sort((one, other) => one - other));
  });
});

describe("a target that somebody else wrote to", () => {
  test("is named where it holds another event, and nothing is written behind it", async () => {
    const [from, to] = [await filled(6), openMemoryStore()];
    await write(to, "mission-m1", "elsewhere");
    const before = (await streamsOf(to))["mission-m1"];
    const report = await replicate(from, to, { categories });
    expect(report).toMatchObject({
      complete: false,
      equal: 2,
      warnings: [{ code: "COPY_DIVERGED", count: 1, details: { stream: "mission-m1" } }],
    });
    expect(report.streams).toContainEqual({ stream: "mission-m1", events: 0, equal: false });
    expect((await streamsOf(to))["mission-m1"]).toEqual(before);
    expect(await to.streams("mission")).toHaveLength(3);
  });

  test.each([
    ["as far as the source", 1],
    ["further than the source", 4],
  ])("is named where its own history reaches %s", async (_, events) => {
    const [from, to] = [openMemoryStore(), openMemoryStore()];
    await write(from, "mission-a", "here");
    await write(to, "mission-a", "there", events);
    expect(await replicate(from, to, { categories })).toMatchObject({
      complete: false,
      warnings: [{ code: "COPY_DIVERGED", message: expect.stringContaining("another event at revision 0") }],
    });
  });

  test("is told apart where it only goes on from where the source ends", async () => {
    const [from, to] = [await filled(3), openMemoryStore()];
    await replicate(from, to, { categories });
    await write(to, "mission-m0", "there", 2);
    expect(await replicate(from, to, { categories })).toMatchObject({
      complete: false,
      equal: 2,
      warnings: [{ code: "COPY_DIVERGED", details: { stream: "mission-m0", ahead: 2 } }],
    });
  });

  test("by sending the same from another process is no trouble", async () => {
    const [from, to] = [await filled(12), openMemoryStore()];
    let raced = false;
    const racing = told(to, (call, subject) => {
      if (call !== "append" || raced) return;
      raced = true;
      const { commit } = subject as { commit: Commit };
      void to.append({ commit, expected: "no_stream" });
    });
    expect(await replicate(from, racing, { categories, timers })).toMatchObject({
      complete: true,
      warnings: [],
    });
    expect(await streamsOf(to)).toEqual(await streamsOf(from));
  });
});

describe("a target that ends in the middle of a command", () => {
  const halfSeen = async (staleLooks: number) => {
    const [from, to] = [openMemoryStore(), openMemoryStore()];
    const commit = await write(from, "mission-a", "three at once", 3);
    await write(from, "mission-a", "next");
    await to.append({ commit, expected: "no_stream" });
    const [first] = commit.events;
    let looks = 0;
    const stale: EventStore = {
      ...to,
      head: async (stream) => {
        looks += 1;
        if (looks > staleLooks) return to.head(stream);
        return { revision: 0, digest: first?.digest ?? null };
      },
    };
    return replicate(from, stale, { categories, timers });
  };

  test("as an old look shows it is looked at again", async () => {
    expect(await halfSeen(2)).toMatchObject({ complete: true, events: 1, warnings: [] });
  });

  test("for good is named", async () => {
    expect(await halfSeen(1_000)).toMatchObject({
      complete: false,
      warnings: [{ code: "COPY_DIVERGED", message: expect.stringContaining("in the middle of a command") }],
    });
  });
});

test("what another process has brought is seen while a server does not answer for the same", async () => {
  const [from, to] = [await filled(6), openMemoryStore()];
  let dropped = 0;
  const dropping: EventStore = {
    ...to,
    append: async (request) => {
      // As it answers the other one.
      await to.append(request);
      dropped += 1;
      return dropped % 2 === 1 ? new Promise(() => {}) : to.append(request);
    },
  };
  expect(await replicate(from, dropping, { categories, timers })).toMatchObject({
    complete: true,
    warnings: [],
  });
  expect(dropped).toBeGreaterThan(2);
  expect(await streamsOf(to)).toEqual(await streamsOf(from));
});

describe("a source that is not sound", () => {
  test("is not sent from where an event is not what was digested", async () => {
    const [sound, to] = [await filled(6, 1), openMemoryStore()];
    const from: EventStore = {
      ...sound,
      findCommand: async (stream, commandId) => {
        const commit = await sound.findCommand(stream, commandId);
        if (commit === undefined || commandId !== "c3") return commit;
        return { ...commit, events: commit.events.map((event) => ({ ...event, data: { index: 99 } })) };
      },
    };
    expect(await replicate(from, to, { categories })).toMatchObject({
      complete: false,
      warnings: [{ code: "LOG_CORRUPT", phase: "reading" }],
    });
    expect((await to.head("mission-m0")).revision).toBe(1 + 2 + 3 - 1);
  });
});

describe("a target that fails", () => {
  test("costs one diagnostic, whatever the number of streams and the words that differ", async () => {
    const [from, to] = [await filled(40, 20), openMemoryStore()];
    let port = 40_000;
    const dead = told(to, () => {
      port += 1;
      throw unavailable(`connect ECONNREFUSED 127.0.0.1:${port}`);
    });
    const report = await replicate(from, dead, { categories, timers, maxFailures: 20 });
    expect(report).toMatchObject({ complete: false, equal: 0, events: 0 });
    expect(report.warnings).toEqual([
      {
        code: "STORE_UNAVAILABLE",
        phase: "comparing",
        message: "connect ECONNREFUSED 127.0.0.1:40001",
        details: {},
        count: 20,
      },
    ]);
  });

  test("is given up after failures in a row, and never after those between which something was brought over", async () => {
    const [from, to] = [await filled(60, 1), openMemoryStore()];
    let appends = 0;
    const flaky = told(to, (call) => {
      if (call !== "append") return;
      appends += 1;
      if (appends % 2 === 0) throw unavailable();
    });
    expect(await replicate(from, flaky, { categories, timers, maxFailures: 2 })).toMatchObject({
      complete: true,
      warnings: [],
    });
    let asked = 0;
    const dead = told(openMemoryStore(), () => {
      asked += 1;
      throw unavailable();
    });
    await replicate(from, dead, { categories, timers, maxFailures: 3 });
    expect(asked).toBe(3);
  });

  test("in a way that cannot pass is not asked again for the same stream", async () => {
    const [from, to] = [await filled(3), openMemoryStore()];
    let refused = 0;
    const barred = told(to, (call) => {
      if (call !== "append") return;
      refused += 1;
      throw new StoreFault("PERMISSION_DENIED", "no right to append", {
        outcome: "not_written",
        retryable: false,
      });
    });
    expect(await replicate(from, barred, { categories, timers })).toMatchObject({
      warnings: [{ code: "PERMISSION_DENIED", phase: "appending", count: 3 }],
    });
    expect(refused).toBe(3);
  });

  test("by throwing what is no fault is a diagnostic as well", async () => {
    const [from, to] = [await filled(1), openMemoryStore()];
    const broken = told(to, () => {
      throw new TypeError("cannot read properties of undefined");
    });
    expect(await replicate(from, broken, { categories, timers })).toMatchObject({
      complete: false,
      warnings: [{ code: "INTERNAL" }],
    });
  });

  test("by acknowledging what it did not store is caught", async () => {
    const [from, to] = [await filled(4, 1), openMemoryStore()];
    const lying: EventStore = {
      ...to,
      readBack: async ({ commit }) =>
        commit.events.map((event) => ({ ...event, data: { index: -1 }, position: "0" })),
    };
    expect(await replicate(from, lying, { categories, timers, maxFailures: 2 })).toMatchObject({
      complete: false,
      warnings: [{ code: "READBACK_FAILED", phase: "proving" }],
    });
  });
});

describe("a target that does not answer", () => {
  const silent = (to: EventStore): EventStore => ({ ...to, head: () => new Promise(() => {}) });

  test("is waited for until the time is over", async () => {
    const from = await filled(3);
    let over = (): void => {};
    const held: Timers = {
      after: (milliseconds, run) => {
        expect(milliseconds).toBe(2_000);
        over = run;
        return () => {};
      },
    };
    const asked = told(silent(openMemoryStore()), () => queueMicrotask(over));
    expect(await replicate(from, asked, { categories, withinMs: 2_000, timers: held })).toMatchObject({
      complete: false,
      equal: 0,
      warnings: [{ code: "TIMEOUT", phase: "comparing", count: 1 }],
    });
  });

  test("is left at once when it is told to stop", async () => {
    const from = await filled(3);
    const source = cancelSource();
    const running = replicate(from, silent(openMemoryStore()), { categories, signal: source.signal });
    source.abort();
    expect(await running).toMatchObject({ complete: false, warnings: [{ code: "INTERRUPTED" }] });
  });

  test("in the middle is gone on with by the next run", async () => {
    const [from, to] = [await filled(30), openMemoryStore()];
    let appends = 0;
    const stuck: EventStore = {
      ...to,
      append: (request) => {
        appends += 1;
        return appends > 7 ? new Promise(() => {}) : to.append(request);
      },
    };
    const source = cancelSource();
    const running = replicate(from, stuck, { categories, signal: source.signal });
    while (appends < 8) await new Promise<void>((resolve) => queueMicrotask(resolve));
    source.abort();
    expect(await running).toMatchObject({ complete: false });
    expect(await replicate(from, to, { categories })).toMatchObject({ complete: true, warnings: [] });
    expect(await streamsOf(to)).toEqual(await streamsOf(from));
  });
});

describe("what is remembered of a replica", () => {
  const remembering = async (commands = 30) => {
    const [from, to, views] = [await filled(commands), openMemoryStore(), memoryViews()];
    const memory = { views, target: "there" };
    await replicate(from, to, { categories, memory });
    return { from, to, memory };
  };

  test("leaves the streams without news out", async () => {
    const { from, to, memory } = await remembering();
    const written = [await write(from, "mission-m1", "new")];
    const looked: unknown[] = [];
    const watched = told(to, (call, subject) => call === "head" && looked.push(subject));
    expect(await replicate(from, watched, { categories, memory, written })).toMatchObject({
      complete: true,
      equal: 1,
      events: 1,
    });
    expect(looked).toEqual(["mission-m1"]);
  });

  test("brings what was written while the target was away, whichever stream is written next", async () => {
    const { from, to, memory } = await remembering();
    const dead = told(to, () => {
      throw unavailable();
    });
    for (const name of ["m0", "m2"]) {
      const written = [await write(from, `mission-${name}`, `away-${name}`)];
      expect(await replicate(from, dead, { categories, memory, written, timers })).toMatchObject({
        complete: false,
      });
    }
    const written = [await write(from, "mission-m1", "back")];
    expect(await replicate(from, to, { categories, memory, written })).toMatchObject({
      complete: true,
      equal: 3,
      events: 3,
    });
    expect(await streamsOf(to)).toEqual(await streamsOf(from));
  });

  test("is not believed of a target that lacks more than it says", async () => {
    const { from, memory } = await remembering();
    const written = [await write(from, "mission-m1", "new")];
    const emptied = openMemoryStore();
    expect(await replicate(from, emptied, { categories, memory, written })).toMatchObject({
      complete: true,
      equal: 3,
    });
    expect(await streamsOf(emptied)).toEqual(await streamsOf(from));
  });

  test("is not believed of another log, nor where all is to be compared", async () => {
    const { to, memory } = await remembering();
    const other = openMemoryStore();
    await write(other, "mission-x", "x");
    expect(await replicate(other, to, { categories, memory })).toMatchObject({ complete: true, events: 1 });
    expect((await replicate(other, to, { categories, memory, compareAll: true })).equal).toBe(1);
  });

  test("keeps a stream that diverged in mind, and does not let it hold back the others", async () => {
    const { from, to, memory } = await remembering();
    await write(to, "mission-m0", "elsewhere");
    await write(from, "mission-m0", "here");
    await replicate(from, to, { categories, memory });
    await write(from, "mission-m2", "new");
    const looked: unknown[] = [];
    const watched = told(to, (call, subject) => call === "head" && looked.push(subject));
    expect(await replicate(from, watched, { categories, memory })).toMatchObject({
      complete: false,
      equal: 1,
      events: 1,
      warnings: [{ code: "COPY_DIVERGED", count: 1 }],
    });
    expect(looked.sort()).toEqual(["mission-m0", "mission-m2"]);
  });

  test("is written down seldom, since that takes longer than to look again", async () => {
    const { from, to, memory } = await remembering();
    let saved = 0;
    const counted = {
      ...memory,
      views: {
        ...memory.views,
        save: async (...given: Parameters<typeof memory.views.save>) => {
          saved += 1;
          await memory.views.save(...given);
        },
      },
    };
    for (let index = 0; index < 130; index += 1) {
      const written = [await write(from, "mission-m0", `one-${index}`)];
      await replicate(from, to, { categories, memory: counted, written });
    }
    expect(saved).toBe(2);
  });

  test("that cannot be compared with the source leaves the replica incomplete", async () => {
    const { from, to, memory } = await remembering();
    const written = [await write(from, "mission-m0", "new")];
    const unreadable: EventStore = {
      ...from,
      readAll: () => {
        throw new StoreFault("LOG_CORRUPT", "damaged", { outcome: "not_written", retryable: false });
      },
    };
    expect(await replicate(unreadable, to, { categories, memory, written })).toMatchObject({
      complete: false,
      equal: 1,
      warnings: [{ code: "LOG_CORRUPT", phase: "remembering" }],
    });
  });

  test("that cannot be kept is a warning, and the replica is complete", async () => {
    const [from, to] = [await filled(3), openMemoryStore()];
    const views = {
      ...memoryViews(),
      save: async () => {
        throw new StoreFault("STORAGE_FULL", "no room", { outcome: "not_written", retryable: true });
      },
    };
    expect(await replicate(from, to, { categories, memory: { views, target: "there" } })).toMatchObject({
      complete: true,
      warnings: [{ code: "STORAGE_FULL", phase: "remembering" }],
    });
  });
});
