/** Stores and snapshots that would let a wrong snapshot through, and the case that must catch each. */
import {
  type EventStore,
  memorySnapshots,
  openMemoryStore,
  type Snapshot,
  type SnapshotStore,
} from "@mission-ledger/core";
import { describe, expect, test } from "vitest";
import { type BelievedWorld, believedCases, runBelievedCase } from "../conformance/believed-snapshots.ts";
import { ConformanceFailure } from "../conformance/failure.ts";
import { withOperations } from "./wrapping.ts";

const world = (
  breakStore: (store: EventStore) => EventStore = (store) => store,
  breakSnapshots: (snapshots: SnapshotStore) => SnapshotStore = (snapshots) => snapshots,
): BelievedWorld => {
  let damaged = false;
  const kept = memorySnapshots();
  const snapshots: SnapshotStore = {
    ...kept,
    load: async (key) => (damaged ? undefined : kept.load(key)),
  };
  const damage = () => {
    damaged = true;
  };
  return { store: breakStore(openMemoryStore()), snapshots: breakSnapshots(snapshots), damage };
};

/** Reads what follows a head that `fits` the event there, whether it is that event or not. */
const believing = (store: EventStore, fits: (revision: number, end: number) => boolean): EventStore =>
  withOperations(store, {
    async *read(stream, { after, ...options } = {}) {
      const revision = after?.revision ?? -1;
      const { revision: end } = await store.head(stream);
      if (after === undefined || !fits(revision, end)) {
        yield* store.read(stream, { ...options, ...(after === undefined ? {} : { after }) });
        return;
      }
      for await (const batch of store.read(stream, options)) {
        const rest = batch.filter((event) => event.revision > revision);
        if (rest.length > 0) yield rest;
      }
    },
  });

const broken: readonly {
  readonly name: string;
  readonly caughtBy: string;
  readonly open: () => BelievedWorld;
}[] = [
  {
    name: "the digest of a remembered head is not compared",
    caughtBy: "a snapshot whose digest the log does not hold at that revision is not used",
    open: () => world((store) => believing(store, () => true)),
  },
  {
    name: "the digest is not compared, but for heads beyond the end",
    caughtBy: "a snapshot of another ledger is not used, and neither is its mark",
    open: () => world((store) => believing(store, (revision, end) => revision <= end)),
  },
  {
    name: "a head beyond the end is followed by nothing",
    caughtBy: "a snapshot ahead of the log is not used",
    open: () => world((store) => believing(store, (revision, end) => revision > end)),
  },
  {
    name: "the version of the state is not part of the key",
    caughtBy: "a snapshot of another version of the state is not used",
    open: () =>
      world(undefined, (snapshots) => ({
        load: (key) => snapshots.load({ ...key, version: 0 }),
        save: (key, snapshot) => snapshots.save({ ...key, version: 0 }, snapshot),
      })),
  },
  {
    name: "the stream is not part of the key",
    caughtBy: "a snapshot of another fold, or of another stream, is not used",
    open: () =>
      world(undefined, (snapshots) => ({
        load: (key) => snapshots.load({ ...key, stream: "" }),
        save: (key, snapshot) => snapshots.save({ ...key, stream: "" }, snapshot),
      })),
  },
  {
    name: "the state has no checksum",
    caughtBy: "a snapshot whose state was changed where it is stored is not used",
    open: () => {
      const kept = new Map<string, Snapshot>();
      return {
        ...world(),
        snapshots: {
          load: async ({ stream }) => kept.get(stream),
          save: async ({ stream }, snapshot) => void kept.set(stream, snapshot),
        },
        damage: () => {
          for (const [stream, snapshot] of kept)
            kept.set(stream, { ...snapshot, state: { total: 998, closed: false } });
        },
      };
    },
  },
  {
    name: "snapshots are forgotten at once",
    caughtBy: "a snapshot that the log bears out is used, and what came after it is folded onto it",
    open: () => world(undefined, () => ({ load: async () => undefined, save: async () => {} })),
  },
];

describe("the cases of a store and its snapshots", () => {
  test.each(believedCases.map((one) => [one.name, one] as const))("%s: kept in memory", (_, believed) =>
    runBelievedCase(believed, { open: async () => world() }),
  );

  test.each(broken.map((one) => [one.name, one] as const))("catch: %s", async (_, { caughtBy, open }) => {
    const believed = believedCases.find(({ name }) => name === caughtBy);
    if (believed === undefined) throw new TypeError(`no case is named ${JSON.stringify(caughtBy)}`);
    await expect(runBelievedCase(believed, { open: async () => open() })).rejects.toThrow(ConformanceFailure);
  });
});
