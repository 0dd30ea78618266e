/** What a store and its snapshots keep together: a snapshot that the log does not bear out changes no answer. */
import {
  commandHandler,
  deciderFold,
  type EventStore,
  loadFold,
  noSnapshots,
  type Snapshot,
  type SnapshotKey,
  type SnapshotStore,
  type StreamHead,
} from "@mission-ledger/core";
import { counter, counterCodec } from "../counter.ts";
import { claim, same } from "./failure.ts";

export interface BelievedWorld {
  readonly store: EventStore;
  readonly snapshots: SnapshotStore;
  /** Changes each stored `999` into another number behind the back of `snapshots`, and nothing else. */
  damage?(): Promise<void> | void;
  dispose?(): Promise<void> | void;
}

export interface BelievedCase {
  readonly name: string;
  readonly needs?: "damage";
  run(world: BelievedWorld, another: BelievedWorld): Promise<void>;
}

const stream = "counter-1";
const key: SnapshotKey = { stream, name: counter.category, version: counter.version };
const spec = deciderFold(counter, counterCodec);
const at = "2026-01-01T00:00:00.000Z";

const add = async ({ store, snapshots }: BelievedWorld, amount: number, every = 1_000): Promise<number> => {
  const handler = commandHandler({
    store,
    decider: counter,
    codec: counterCodec,
    snapshots,
    snapshotEvery: every,
  });
  const outcome = await handler.attempt(stream, { type: "Add", at, amount }, { actor: "ana" })();
  claim(outcome._tag === "Right", `adding was answered with ${JSON.stringify(outcome)}`);
  return outcome.right.state.total;
};

/** A log of four additions of 1, and what its end looks like with a mark. */
const filled = async (world: BelievedWorld): Promise<StreamHead> => {
  for (let index = 0; index < 4; index += 1) await add(world, 1);
  return (await loadFold(world.store, stream, spec, { snapshots: noSnapshots })).head;
};

const wrong = (head: StreamHead): Snapshot => ({
  head,
  state: { total: 999, closed: false },
  unknownEvents: 0,
});

/** A cold reader and a cold writer, both with the snapshots that are there. */
const isRight = async (world: BelievedWorld, total: number): Promise<void> => {
  const { store, snapshots } = world;
  const folded = await loadFold(store, stream, spec, { snapshots });
  same(folded.state, { total, closed: false }, "the state that is read");
  same(await add(world, 1), total + 1, "the state that a command is decided on");
};

export const believedCases: readonly BelievedCase[] = [
  {
    name: "a snapshot that the log bears out is used, and what came after it is folded onto it",
    run: async (world) => {
      const head = await filled(world);
      await add(world, 1);
      await world.snapshots.save(key, wrong(head));
      const { state } = await loadFold(world.store, stream, spec, { snapshots: world.snapshots });
      // Believed on purpose: only so is it known that the other cases say something.
      same(state, { total: 1_000, closed: false }, "the state");
    },
  },
  {
    name: "a snapshot of another version of the state is not used",
    run: async (world) => {
      const head = await filled(world);
      for (const version of [counter.version + 1, counter.version - 1])
        await world.snapshots.save({ ...key, version }, wrong(head));
      await isRight(world, 4);
    },
  },
  {
    name: "a snapshot of another fold, or of another stream, is not used",
    run: async (world) => {
      const head = await filled(world);
      await world.snapshots.save({ ...key, name: "counters" }, wrong(head));
      await world.snapshots.save({ ...key, stream: "counter-2" }, wrong(head));
      await isRight(world, 4);
    },
  },
  {
    name: "a snapshot whose digest the log does not hold at that revision is not used",
    run: async (world) => {
      const head = await filled(world);
      const { digest } = await world.store.head(stream);
      for (const forged of [
        { ...head, digest: "0".repeat(64) },
        { ...head, revision: 2 },
        { revision: 2, digest },
        { ...head, digest: null },
      ]) {
        await world.snapshots.save(key, wrong(forged));
        const { state } = await loadFold(world.store, stream, spec, { snapshots: world.snapshots });
        same(state, { total: 4, closed: false }, `the state beside ${JSON.stringify(forged)}`);
      }
      await isRight(world, 4);
    },
  },
  {
    name: "a snapshot ahead of the log is not used",
    run: async (world) => {
      const head = await filled(world);
      await world.snapshots.save(key, wrong({ ...head, revision: head.revision + 3 }));
      await isRight(world, 4);
    },
  },
  {
    name: "a snapshot of another ledger is not used, and neither is its mark",
    run: async (world, another) => {
      const head = await filled(world);
      await add(another, 2);
      const foreign = await filled(another);
      await world.snapshots.save(key, wrong(foreign));
      await isRight(world, 4);
      await world.snapshots.save(
        key,
        wrong({ ...foreign, ...(head.mark === undefined ? {} : { mark: head.mark }) }),
      );
      await isRight(world, 5);
    },
  },
  {
    name: "a wrong mark costs time and changes nothing",
    run: async (world) => {
      const { revision, digest, mark } = await filled(world);
      await add(world, 1);
      const state = { total: 4, closed: false };
      for (const other of [
        "",
        "nonsense",
        "1:2:3:00000000",
        `${mark ?? ""}0`,
        mark?.replace(/\d/, "7") ?? "7",
      ]) {
        await world.snapshots.save(key, { head: { revision, digest, mark: other }, state, unknownEvents: 0 });
        const folded = await loadFold(world.store, stream, spec, { snapshots: world.snapshots });
        same(folded.state, { total: 5, closed: false }, `the state beside the mark ${other}`);
      }
    },
  },
  {
    name: "a snapshot whose state was changed where it is stored is not used",
    needs: "damage",
    run: async (world) => {
      const head = await filled(world);
      await world.snapshots.save(key, wrong(head));
      await world.damage?.();
      await isRight(world, 4);
    },
  },
  {
    name: "a snapshot that commands write themselves is right",
    run: async (world) => {
      for (let index = 1; index <= 5; index += 1) same(await add(world, 1, 2), index, "the total");
      await isRight(world, 5);
    },
  },
];

export interface BelievedOptions {
  describe(title: string, body: () => void): unknown;
  it(title: string, body: () => Promise<void>): unknown;
  /** An empty store with its snapshots; each answer shares nothing with another. */
  open(): Promise<BelievedWorld>;
  /** Whether `open` offers `damage`. @defaultValue false */
  readonly damages?: boolean;
  /** @defaultValue "a store and its snapshots" */
  readonly title?: string;
}

/** Runs one case in a world of its own. */
export const runBelievedCase = async (
  { run }: BelievedCase,
  { open }: Pick<BelievedOptions, "open">,
): Promise<void> => {
  const worlds = [await open(), await open()] as const;
  try {
    await run(...worlds);
  } finally {
    for (const { store, dispose } of worlds) {
      await store.close();
      await dispose?.();
    }
  }
};

/** Registers the cases with the caller's test runner. */
export const believedSnapshotConformance = (options: BelievedOptions): void => {
  const { describe, it, damages = false, title = "a store and its snapshots" } = options;
  describe(title, () => {
    for (const believed of believedCases)
      if (believed.needs === undefined || damages)
        it(believed.name, () => runBelievedCase(believed, options));
  });
};
