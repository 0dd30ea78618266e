/**
 * A set of snapshots on its way to take the place of all present ones: rows under an id of its own, which `activate` makes the
 * live one. What is no longer needed is removed in small steps afterwards, between which others may write.
 */
import { type SnapshotSet, type SnapshotSetOptions, StoreFault, type StreamHead } from "@mission-ledger/core";
import type { CacheConnection, CacheDatabase } from "./cache-database.ts";
import { columnsOf, putSnapshot, type SnapshotRow } from "./snapshot-rows.ts";

export interface SetLimits {
  readonly maxBytes: number;
  readonly lockTimeoutMs: number;
}

/**
 * A commit of so much keeps the lock for a moment, and little waits for it in each thread. Source: four times as much takes 5 MB
 * more on two threads, and no less processor time.
 */
const chunkCharacters = 262_144;
const rowsSwept = 250;

export const beginSnapshotSet = async (
  cache: CacheDatabase,
  { plan }: SnapshotSetOptions,
  { maxBytes, lockTimeoutMs }: SetLimits,
): Promise<SnapshotSet> => {
  const write = <A>(work: (connection: CacheConnection) => A): Promise<A> => cache.write(lockTimeoutMs, work);
  const set = await write((connection) => {
    const { prepare, rows } = connection;
    const making = rows("SELECT id, plan FROM cache_sets WHERE phase = 'making'").get() as
      | readonly [number, string]
      | undefined;
    if (making?.[1] === plan) return making[0];
    prepare("UPDATE cache_sets SET phase = 'former' WHERE phase = 'making'").run();
    prepare("INSERT INTO cache_sets (plan, phase) VALUES (?, 'making')").run(plan);
    return (rows("SELECT id FROM cache_sets WHERE phase = 'making'").get() as readonly [number])[0];
  });
  await sweep(cache);

  let pending: { readonly stream: string; readonly rows: readonly SnapshotRow[] }[] = [];
  let characters = 0;
  const flush = async (): Promise<void> => {
    if (pending.length === 0) return;
    await write((connection) => {
      ensureMaking(connection, set, plan);
      for (const { stream, rows } of pending) {
        connection.prepare("DELETE FROM cache_snapshots WHERE set_id = ? AND stream = ?").run(set, stream);
        for (const row of rows) putSnapshot(connection, row);
      }
    });
    pending = [];
    characters = 0;
  };

  return {
    finished: async () => {
      await flush();
      const rows = cache.read((connection) => connection.rows(selectFinished).all(set)) ?? [];
      return new Map((rows as readonly FinishedRow[]).map(finishedOf));
    },
    add: async (stream, entries) => {
      const rows = entries.flatMap(({ key, snapshot }) => {
        const text = JSON.stringify(snapshot.state);
        characters += text.length;
        return text.length > maxBytes ? [] : [columnsOf(set, key, snapshot, text)];
      });
      pending.push({ stream, rows });
      if (characters >= chunkCharacters) await flush();
    },
    flush,
    activate: async () => {
      await flush();
      await write((connection) => {
        ensureMaking(connection, set, plan);
        const { prepare } = connection;
        prepare("UPDATE cache_sets SET phase = 'former' WHERE phase = 'live'").run();
        prepare("UPDATE cache_sets SET phase = 'live' WHERE id = ?").run(set);
      });
      await sweep(cache);
    },
    discard: async () => {
      pending = [];
      characters = 0;
      await write(({ prepare }) =>
        prepare("UPDATE cache_sets SET phase = 'former' WHERE id = ? AND phase = 'making'").run(set),
      );
      await sweep(cache);
    },
    close: async () => {
      pending = [];
      characters = 0;
    },
  };
};

type FinishedRow = readonly [
  stream: string,
  revision: number,
  digest: string | null,
  mark: string | null,
  least: number,
];

/** Of several snapshots of a stream the one that has seen least: whoever goes on from it misses nothing. */
const selectFinished = `SELECT stream, revision, digest, mark, min(revision) FROM cache_snapshots
  WHERE set_id = ? GROUP BY stream`;

const finishedOf = ([stream, revision, digest, mark]: FinishedRow): readonly [string, StreamHead] => [
  stream,
  { revision, digest, ...(mark === null ? {} : { mark }) },
];

/** The plan is asked for too: a cache that was made anew gives out its numbers from the start. */
const ensureMaking = ({ rows }: CacheConnection, set: number, plan: string): void => {
  const row = rows("SELECT phase, plan FROM cache_sets WHERE id = ?").get(set) as
    | readonly [string, string]
    | undefined;
  if (row?.[0] === "making" && row[1] === plan) return;
  throw new StoreFault(
    "STORE_UNAVAILABLE",
    "the set of snapshots was dropped by another rebuild, or with the cache",
    {
      outcome: "not_written",
      retryable: true,
      hint: "Let one rebuild run at a time, and begin again.",
      details: { set },
    },
  );
};

/** Removes what no set holds any more. Gives up where somebody else is writing: the next set removes the rest. */
const sweep = async (cache: CacheDatabase): Promise<void> => {
  try {
    for (let isLeft = true; isLeft; ) {
      isLeft = await cache.write(sweepWaitMs, ({ prepare, rows }) => {
        const former = rows("SELECT id FROM cache_sets WHERE phase = 'former' LIMIT 1").get() as
          | readonly [number]
          | undefined;
        if (former === undefined) return false;
        const { changes } = prepare(
          `DELETE FROM cache_snapshots WHERE id IN (SELECT id FROM cache_snapshots WHERE set_id = ? LIMIT ${rowsSwept})`,
        ).run(former[0]) as { readonly changes: number };
        if (changes === 0) prepare("DELETE FROM cache_sets WHERE id = ?").run(former[0]);
        return true;
      });
      await new Promise((resolve) => setImmediate(resolve));
    }
  } catch {
    // It lies there and is read by nobody.
  }
};

const sweepWaitMs = 100;
