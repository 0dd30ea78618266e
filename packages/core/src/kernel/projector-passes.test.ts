/** Passes of a projector that are long, interrupted, watched, compared, or that fail. */
import { additions, cancelSource, counter, counterCodec, virtualClock } from "@mission-ledger/testkit";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatPath } from "./differences.ts";
import { sealCommit } from "./event.ts";
import type { EventStore } from "./event-store.ts";
import { StoreFault } from "./faults.ts";
import { commandHandler } from "./handle.ts";
import { openMemoryStore } from "./memory-store.ts";
import type { Progress } from "./progress.ts";
import { type ProjectorOptions, projector } from "./projector.ts";
import { reconciledType } from "./reconciliation.ts";
import { memoryViews, type Projected, type ViewStore } from "./view-store.ts";

const at = "2026-01-01T00:00:00.000Z";

type View = (typeof additions)["initial"];
type Options = ProjectorOptions<View, Parameters<typeof counterCodec.encode>[0]>;

const add = async (store: EventStore, stream: string, actor: string): Promise<void> => {
  const handler = commandHandler({ store, decider: counter, codec: counterCodec });
  await handler.attempt(stream, { type: "Add", at, amount: 1 }, { actor })();
};

/** A memory store that hands the log over one event at a time, each of which takes a second, and counts them. */
const oneByOne = () => {
  const memory = openMemoryStore();
  const clock = virtualClock();
  const read: string[] = [];
  const store: EventStore = {
    ...memory,
    async *readAll(options) {
      for await (const batch of memory.readAll(options))
        for (const event of batch) {
          options?.signal?.throwIfAborted();
          clock.advance(1_000);
          read.push(event.position);
          yield [event];
        }
    },
  };
  return { store, read, clock };
};

const open = async (additionsMade: number, views: ViewStore = memoryViews()) => {
  const { store, read, clock } = oneByOne();
  for (let index = 0; index < additionsMade; index += 1)
    await add(store, `counter-${index % 3}`, `agent-${index}`);
  const make = (options: Partial<Options> = {}) =>
    projector({
      store,
      codec: counterCodec,
      projection: additions,
      views,
      saveEveryEvents: 1,
      clock,
      ...options,
    });
  return { store, views, make, read };
};

/** A rebuild that is cancelled when so many events were taken in. */
const interruptAfter = async (
  events: number,
  make: Awaited<ReturnType<typeof open>>["make"],
): Promise<void> => {
  const { signal, abort } = cancelSource();
  const onProgress = (progress: Progress) => {
    if (progress.events >= events) abort();
  };
  await expect(make().rebuild({ signal, onProgress })).rejects.toThrow();
};

const raised = { ...additions, version: additions.version + 1 };
const failing = {
  ...additions,
  version: additions.version + 1,
  when: {
    ...additions.when,
    Closed: () => {
      throw new RangeError("no such case");
    },
  },
};

describe("a follower", () => {
  test("shows nothing before it has reached the end that the log had", async () => {
    const { make } = await open(9);
    for await (const { events } of make().follow()) {
      expect(events).toBe(9);
      break;
    }
  });

  test("of a raised version neither, while the former view is served by its own reader", async () => {
    const { make, views } = await open(9);
    const former = await make().catchUp();
    const seen: (Projected<View> | undefined)[] = [];
    const watching: ViewStore = {
      ...views,
      save: async (name, version, projected) => {
        await views.save(name, version, projected);
        seen.push(await views.load<View>(additions.name, raised.version));
        expect(await views.load(additions.name, additions.version)).toEqual(former);
      },
    };
    for await (const { events } of make({ projection: raised, views: watching }).follow()) {
      expect(events).toBe(9);
      break;
    }
    expect(seen.length).toBeGreaterThan(5);
    for (const projected of seen) expect([undefined, 9]).toContain(projected?.events);
    expect(seen.at(-1)).toMatchObject({ events: 9 });
  });

  test("ends without a word when it is cancelled on the way", async () => {
    const { make } = await open(9);
    const { signal, abort } = cancelSource();
    abort();
    for await (const _ of make().follow({ signal })) expect.unreachable();
  });
});

describe("an interrupted rebuild", () => {
  test("leaves the stored view alone, and goes on where it was", async () => {
    const { make, views, read } = await open(9);
    const before = await make().catchUp();
    await interruptAfter(6, make);
    expect(await views.load(additions.name, additions.version)).toEqual(before);
    read.length = 0;
    expect(await make().rebuild()).toEqual(before);
    expect(read).toHaveLength(3);
    read.length = 0;
    expect(await make().rebuild()).toEqual(before);
    expect(read).toHaveLength(9);
  });

  test("begins with the first event if that is asked for", async () => {
    const { make, read } = await open(9);
    await interruptAfter(6, make);
    read.length = 0;
    await make().rebuild({ resume: false });
    expect(read).toHaveLength(9);
  });

  test("is gone on with by whoever catches up or follows next", async () => {
    for (const goOn of ["catchUp", "follow"] as const) {
      const { make, read } = await open(9);
      await interruptAfter(6, make);
      read.length = 0;
      if (goOn === "catchUp") await make().catchUp();
      else for await (const _ of make().follow()) break;
      expect(read).toHaveLength(3);
    }
  });

  test("cancelled anywhere and any number of times, ends equal to an uninterrupted one", async () => {
    const whole = await (await open(12)).make().rebuild();
    const cuts = fc.uniqueArray(fc.integer({ min: 1, max: 11 }), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(cuts, async (ends) => {
        const { make } = await open(12);
        for (const end of [...ends].sort((left, right) => left - right)) await interruptAfter(end, make);
        const { view, events } = await make().rebuild();
        expect({ view, events }).toEqual({ view: whole.view, events: whole.events });
      }),
      { numRuns: 20 },
    );
  });

  test("whose process died before or after any write to the view store is gone on with, and never shows", async () => {
    const whole = await (await open(9)).make().rebuild();
    for (let at = 0; at < 24; at += 1) {
      const views = memoryViews();
      const { make } = await open(9, views);
      await views.save(additions.name, additions.version, { ...whole, events: 77 });
      let left = at;
      const dies = async (write: () => Promise<void>): Promise<void> => {
        const [before, after] = [left === 0, left === 1];
        left -= 2;
        if (before) throw new Error("died");
        await write();
        if (after) throw new Error("died");
      };
      const dying: ViewStore = {
        load: (name, version) => views.load(name, version),
        save: (name, version, projected) => dies(() => views.save(name, version, projected)),
        drop: (name, version) => dies(async () => views.drop?.(name, version)),
      };
      const died = await make({ views: dying })
        .rebuild()
        .then(
          () => false,
          () => true,
        );
      expect(died).toBe(at < 22);
      // Nine saves on the way, one in place of the live view, one that forgets what was kept meanwhile.
      const shown = await views.load(additions.name, additions.version);
      expect(shown?.events).toBe(at < 19 ? 77 : 9);
      expect((await make().rebuild()).view).toEqual(whole.view);
    }
  });

  test("begins again when a branch was decided on in between", async () => {
    const { make, store, read } = await open(9);
    await interruptAfter(6, make);
    const head = await store.head("counter-0");
    const context = { stream: "counter-0", commandId: "r", commandDigest: "r", recordedAt: at, actor: "ana" };
    const decision = { type: reconciledType, version: 1, data: { winner: head.digest, losers: [] } };
    await store.append({ commit: sealCommit(head, context, [decision]), expected: head.revision });
    read.length = 0;
    expect(await make().rebuild()).toMatchObject({ events: 10 });
    expect(read).toHaveLength(4 + 10);
  });

  test("is not gone on with in another log, nor for other streams", async () => {
    const { make, views } = await open(9);
    await interruptAfter(6, make);
    const other = await open(2, views);
    expect(await other.make().rebuild()).toMatchObject({ events: 2 });
    await interruptAfter(6, make);
    expect(await make({ category: "nobody" }).rebuild()).toMatchObject({ events: 0, view: {} });
  });

  test("leaves no checkpoint behind when it is done, with a store that can forget or cannot", async () => {
    for (const views of [memoryViews(), (({ load, save }) => ({ load, save }))(memoryViews())]) {
      const { make, read } = await open(9, views);
      await interruptAfter(6, make);
      await make().rebuild();
      read.length = 0;
      await make().rebuild();
      expect(read).toHaveLength(9);
    }
  });

  test("is begun for no projection whose name is that of a view under way", async () => {
    const { make } = await open(0);
    const projection = { ...additions, name: `${additions.name} (underway)` };
    expect(() => make({ projection })).toThrow(TypeError);
  });
});

describe("a view of one category", () => {
  test("is no view of another, under one name and version", async () => {
    const { make } = await open(9);
    await make({ category: "nobody" }).catchUp();
    expect(await make({ category: "counter" }).catchUp()).toMatchObject({ events: 9 });
    expect(await make().verify()).toEqual({ _tag: "Foreign", events: 9 });
    expect(await make({ category: "nobody" }).catchUp()).toMatchObject({ events: 0, view: {} });
  });
});

describe("the progress of a pass", () => {
  test("comes as data, with the position, and with the total where there is a category", async () => {
    const { make } = await open(9);
    const seen: Progress[] = [];
    const options = { onProgress: (progress: Progress) => seen.push(progress) };
    const { position } = await make({ category: "counter" }).rebuild(options);
    expect(seen.at(-1)).toMatchObject({ events: 9, total: 9, share: 1, position });
    seen.length = 0;
    await make().rebuild(options);
    expect(seen.at(-1)).not.toHaveProperty("total");
  });

  test("counts what was there before", async () => {
    const { make } = await open(9);
    await interruptAfter(6, make);
    const seen: Progress[] = [];
    await make().rebuild({ onProgress: (progress) => seen.push(progress) });
    expect(seen.map(({ events }) => events)).toEqual([7, 8, 9, 9]);
  });
});

describe("a projection that throws", () => {
  test("is named with the event, and what is stored stays as it was", async () => {
    const { make, store, views } = await open(3);
    const before = await make().catchUp();
    const handler = commandHandler({ store, decider: counter, codec: counterCodec });
    await handler.attempt("counter-1", { type: "Close", at }, { actor: "ana" })();
    const events: { id: string }[] = [];
    for await (const batch of store.read("counter-1")) events.push(...batch);
    for (const pass of ["catchUp", "rebuild", "follow"] as const) {
      const broken = make({ projection: failing });
      const run = async () => {
        if (pass === "follow") for await (const _ of broken.follow()) expect.unreachable();
        else await broken[pass]();
      };
      const fault: unknown = await run().catch((error: unknown) => error);
      expect(fault).toBeInstanceOf(StoreFault);
      expect(fault).toMatchObject({
        code: "PROJECTION_FAILED",
        outcome: "not_written",
        details: {
          projection: additions.name,
          version: raised.version,
          eventId: events.at(-1)?.id,
          type: "Closed",
          stream: "counter-1",
          revision: 1,
        },
        cause: new RangeError("no such case"),
      });
      expect(await views.load(additions.name, additions.version)).toEqual(before);
      expect(await views.load(additions.name, raised.version)).toBeUndefined();
    }
  });
});

describe("verifying a stored view", () => {
  test("finds it equal, although the log has grown since", async () => {
    const { make, store } = await open(9);
    await make().catchUp();
    await add(store, "counter-1", "late");
    expect(await make().verify()).toEqual({ _tag: "Equal", events: 9 });
  });

  test("names each key that differs and the event that made the true value, and writes nothing", async () => {
    const { make, views, store } = await open(9);
    const stored = await make().catchUp();
    const tampered = {
      ...stored,
      view: {
        ...stored.view,
        "counter-1": { times: 77, by: "agent-7" },
        "counter-9": { times: 1, by: "nobody" },
      },
    };
    await views.save(additions.name, additions.version, tampered);
    const verified = await make().verify();
    const last: string[] = [];
    for await (const batch of store.read("counter-1")) last.push(...batch.map(({ id }) => id));
    expect(verified).toMatchObject({
      _tag: "Differs",
      events: 9,
      differences: [
        {
          path: ["counter-1", "times"],
          _tag: "Changed",
          before: 77,
          after: 3,
          madeBy: { id: last.at(-1), type: "Added", stream: "counter-1", revision: 2, actor: "agent-7" },
        },
        { _tag: "Removed", path: ["counter-9"], before: { times: 1, by: "nobody" } },
      ],
      more: 0,
    });
    if (verified._tag !== "Differs") expect.unreachable();
    expect(verified.differences[1]).not.toHaveProperty("madeBy");
    expect(verified.differences.map(({ path }) => formatPath(path))).toEqual([
      "counter-1.times",
      "counter-9",
    ]);
    expect(await views.load(additions.name, additions.version)).toEqual(tampered);
  });

  test("says when nothing is stored, or what is stored is of another log", async () => {
    const { make, views } = await open(9);
    expect(await make().verify()).toEqual({ _tag: "Missing" });
    await make().catchUp();
    const other = await open(2, views);
    expect(await other.make().verify()).toEqual({ _tag: "Foreign", events: 9 });
  });
});
