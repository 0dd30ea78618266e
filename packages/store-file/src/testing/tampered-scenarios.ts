/** What a ledger is asked to do while somebody tampers with a log: each answers what has to be true if it succeeds. */
import fs from "node:fs";
import { type EventStore, emptyHead, type StreamHead } from "@mission-ledger/core";
import { commitOn, expectedAfter, put, noteStream as stream } from "@mission-ledger/testkit";
import { openFileStore, repairStream } from "../index.ts";
import { layoutOf } from "../layout.ts";
import type { LockChoice } from "../lock/lock-kind.ts";

export interface Ground {
  readonly directory: string;
  readonly log: string;
  readonly failpoint: (name: string) => void;
  /** From here on the plant waits for its step. */
  arm(): void;
}

export type Claim = (log: string) => boolean;

const holdsReceipted: Claim = (log) => fs.readFileSync(log, "utf8").includes('"receipted"');

export interface Scenario {
  /** Answers what has to be true of the log if it succeeds. Throws what is refused. */
  run(ground: Ground): Promise<Claim>;
}

const withStore = async (
  { directory, failpoint }: Ground,
  action: (store: EventStore) => Promise<Claim>,
  lock: LockChoice = "auto",
): Promise<Claim> => {
  const store = await openFileStore({ directory, failpoint, lock, lockTimeoutMs: 200 });
  try {
    return await action(store);
  } finally {
    await store.close();
  }
};

export const scenarios: Readonly<Record<string, Scenario>> = {
  "the first append": {
    run: (ground) =>
      withStore(ground, async (store) => {
        ground.arm();
        await put(store, emptyHead, "receipted");
        return holdsReceipted;
      }),
  },
  "an append": {
    run: (ground) =>
      withStore(ground, async (store) => {
        const { head } = await put(store, emptyHead, "first");
        ground.arm();
        await put(store, head, "receipted");
        return holdsReceipted;
      }),
  },
  "an append under a lock of plain files": {
    run: (ground) =>
      withStore(
        ground,
        async (store) => {
          const { head } = await put(store, emptyHead, "first");
          ground.arm();
          await put(store, head, "receipted");
          return holdsReceipted;
        },
        "generation",
      ),
  },
  "an append decided again": {
    run: (ground) =>
      withStore(ground, async (store) => {
        const { head: stale } = await put(store, emptyHead, "first");
        await put(store, stale, "second");
        ground.arm();
        const appended = await store.append({
          commit: commitOn(stale, "receipted"),
          expected: expectedAfter(stale),
          decideAgain: (_missed, actual) => commitOn(actual, "receipted"),
        });
        if (appended._tag === "Conflict") throw new Error("conflict");
        if (!("length" in (await store.readBack(appended)))) throw new Error("conflict");
        return holdsReceipted;
      }),
  },
  "a retry": {
    run: (ground) =>
      withStore(ground, async (store) => {
        await put(store, emptyHead, "receipted");
        ground.arm();
        await put(store, emptyHead, "receipted");
        return holdsReceipted;
      }),
  },
  "a confirmation": {
    run: (ground) =>
      withStore(ground, async (store) => {
        const { head } = await put(store, emptyHead, "receipted");
        ground.arm();
        await store.confirm(stream, { revision: head.revision, digest: head.digest } satisfies StreamHead);
        return holdsReceipted;
      }),
  },
  "a repair": {
    run: async (ground) => {
      await withStore({ ...ground, failpoint: () => {} }, async (store) => {
        await put(store, emptyHead, "receipted");
        return holdsReceipted;
      });
      fs.appendFileSync(ground.log, "foreign\n");
      fs.writeFileSync(layoutOf(ground.directory).of(stream).suspect, "");
      ground.arm();
      const { outcome, before, after } = await repairStream({ ...ground, stream, lockTimeoutMs: 200 });
      if (outcome === "refused") throw new Error("conflict");
      // What it read it must have kept; what was gone before it came it cannot know.
      return (log) => fs.statSync(log).size === after.bytes && (before.records === 0 || holdsReceipted(log));
    },
  },
};
