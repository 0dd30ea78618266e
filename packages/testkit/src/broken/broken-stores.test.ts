import {
  digestOfEvent,
  type EventStore,
  isStoreFault,
  openMemoryStore,
  type RecordedEvent,
  StoreFault,
} from "@mission-ledger/core";
import { describe, expect, test } from "vitest";
import { ConformanceFailure } from "../conformance/failure.ts";
import { type OpenedStore, runStoreCase, type StoreCase, type StoreSetup } from "../conformance/harness.ts";
import { storeCases } from "../conformance/store-conformance.ts";
import { brokenStores } from "./broken-stores.ts";
import { withEvents, withOperations } from "./wrapping.ts";

interface Shelf extends OpenedStore {
  /** The data, which outlives its handles. */
  readonly memory: EventStore;
  readonly tampered: Set<string>;
}

/** A handle on a memory store that notices, as a store on a disk would, when somebody changed the data beneath. */
const handleOn = ({ memory, tampered }: Pick<Shelf, "memory" | "tampered">): EventStore => {
  const damaged = withEvents(memory, (event) =>
    tampered.has(`${event.stream}@${event.revision}`) ? { ...event, data: { changed: true } } : event,
  );
  return withOperations(damaged, {
    readBack: async (appended) => {
      const events = (await damaged.readBack(appended)) as readonly RecordedEvent[];
      if (events.every((event) => digestOfEvent(event) === event.digest)) return events;
      throw new StoreFault("READBACK_FAILED", "the event was changed", {
        outcome: "unknown",
        retryable: true,
      });
    },
  });
};

/** A world of memory stores; a case that opens a second handle needs a first one whose closing leaves the data alone. */
const worldOf = (breakIt: (store: EventStore) => EventStore, lasting: boolean): StoreSetup<Shelf> => {
  const close = async (): Promise<void> => {};
  const openOn = (shelf: Pick<Shelf, "memory" | "tampered">): EventStore => {
    const handle = handleOn(shelf);
    return breakIt(lasting ? withOperations(handle, { close }) : handle);
  };
  return {
    open: async () => {
      const shelf = { memory: openMemoryStore(), tampered: new Set<string>() };
      return { ...shelf, store: openOn(shelf), dispose: () => shelf.memory.close() };
    },
    reopen: async (shelf) => openOn(shelf),
    tamper: async ({ tampered }, stream, revision) => {
      tampered.add(`${stream}@${revision}`);
    },
    supports: { decidesUnderLock: true },
    patienceMs: 150,
  };
};

const caseNamed = (name: string): StoreCase => {
  const found = storeCases.find((storeCase) => storeCase.name === name);
  if (found === undefined) throw new TypeError(`no case is named ${JSON.stringify(name)}`);
  return found;
};

const worldFor = ({ needs }: StoreCase, breakIt: (store: EventStore) => EventStore): StoreSetup<Shelf> =>
  worldOf(breakIt, needs === "reopen" || needs === "multiProcess");

describe("the conformance suite", () => {
  test("has a name of its own for every case", () => {
    expect(new Set(storeCases.map(({ name }) => name)).size).toBe(storeCases.length);
  });

  test("has a name of its own for every broken store", () => {
    expect(new Set(brokenStores.map(({ name }) => name)).size).toBe(brokenStores.length);
  });

  for (const { name, caughtBy, breakIt } of brokenStores)
    test(`catches: ${name}`, async () => {
      const storeCase = caseNamed(caughtBy);
      const healthy = worldFor(storeCase, (store) => store);
      const broken = worldFor(storeCase, breakIt);
      await runStoreCase(storeCase, healthy);
      const error: unknown = await runStoreCase(storeCase, broken).catch((thrown: unknown) => thrown);
      // Anything else would be a mistake of the suite, and no catch.
      expect(error instanceof ConformanceFailure || isStoreFault(error), String(error)).toBe(true);
    });
});
