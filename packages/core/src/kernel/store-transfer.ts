/**
 * Any store as a source and a target of copies, by its port alone: commits with their ids, times, order and digests. Numbers,
 * origins and lines that do not count are what such a store cannot hand over; stores that can have a port of their own.
 */
import { diverged } from "./copy-ledger.ts";
import type { Commit, RecordedEvent } from "./event.ts";
import type { EventStore } from "./event-store.ts";
import type { CancelSignal } from "./ports.ts";
import { appendSealed, commitsOf, proveSealed, readCommits } from "./sealed-commits.ts";
import type { TransferCommit, TransferEntry, TransferExtent, TransferTarget } from "./transfer.ts";

/** The store stays open when the transfer is closed: whoever opened it closes it. */
export const storeTransfer = (store: EventStore, categories: readonly string[]): TransferTarget => {
  const extentOf = async (stream: string): Promise<TransferExtent> => ({
    stream,
    end: (await store.head(stream)).revision,
  });
  const signalled = (signal: CancelSignal | undefined) => (signal === undefined ? {} : { signal });

  return {
    keeps: "commits",
    takes: "in_log_order",
    extents: async () => {
      const extents: TransferExtent[] = [];
      for (const category of categories)
        for (const stream of await store.streams(category)) extents.push(await extentOf(stream));
      return extents.sort((a, b) => (a.stream < b.stream ? -1 : 1));
    },
    read: ({ stream, end }, signal) =>
      entriesOf(readCommits(store, stream, { to: end as number, ...signalled(signal) })),
    readTogether: (extents, signal) => {
      const ends = new Map(extents.map(({ stream, end }) => [stream, end as number]));
      const isMeant = ({ stream, revision }: RecordedEvent): boolean => revision <= (ends.get(stream) ?? -1);
      return entriesOf(commitsOf(store, store.readAll(signalled(signal)), isMeant));
    },
    settle: async (streams) => {
      for (const stream of streams) await store.confirm(stream, await store.head(stream));
    },
    take: async ({ entries }, signal) => {
      for (const entry of entries) if (entry._tag === "Commit") await take(store, entry.commit, signal);
    },
    finish: async () => {},
    close: async () => {},
  };
};

async function* entriesOf(
  source: AsyncIterable<readonly Commit[]>,
): AsyncGenerator<readonly TransferEntry[]> {
  for await (const commits of source) yield commits.map(entryOf);
}

const entryOf = (commit: Commit): TransferCommit => ({
  _tag: "Commit",
  commit,
  bytes: JSON.stringify(commit).length,
});

/** A repeat of a commit that stands already is no error: a copy that was cut off gives its last commits again. */
const take = async (store: EventStore, commit: Commit, signal: CancelSignal | undefined): Promise<void> => {
  const { stream, firstRevision } = commit;
  const appended = await appendSealed(store, commit, signal === undefined ? {} : { signal });
  if (appended._tag === "Conflict")
    throw diverged(stream, `was written to in the target at revision ${firstRevision}`);
  const isOther = !isSame(appended.commit, commit);
  if (isOther || !(await proveSealed(store, commit, appended)))
    throw diverged(stream, `holds another event in the target at revision ${firstRevision}`);
};

/** Where a command is repeated, its first events are answered; they may be others. */
const isSame = (one: Commit, other: Commit): boolean =>
  one.events.length === other.events.length &&
  one.events.every(({ digest }, index) => digest === other.events[index]?.digest);
