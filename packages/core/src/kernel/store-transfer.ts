/**
 * Any store as a source and a target of copies, by its port alone: commits with their ids, times, order and digests. Numbers,
 * origins and lines that do not count are what such a store cannot hand over; stores that can have a port of their own.
 */
import { diverged } from "./copy-ledger.ts";
import { type Commit, type EventEnvelope, emptyHead, type RecordedEvent } from "./event.ts";
import type { EventStore } from "./event-store.ts";
import { StoreFault } from "./faults.ts";
import type { CancelSignal } from "./ports.ts";
import type { TransferCommit, TransferEntry, TransferExtent, TransferTarget } from "./transfer.ts";

/** The store stays open when the transfer is closed: whoever opened it closes it. */
export const storeTransfer = (store: EventStore, categories: readonly string[]): TransferTarget => {
  const extentOf = async (stream: string): Promise<TransferExtent> => ({
    stream,
    end: (await store.head(stream)).revision,
  });
  const entryOf = async (events: readonly EventEnvelope[]): Promise<TransferCommit> => {
    const { stream, commandId, revision } = events[0] as EventEnvelope;
    const commit = await store.findCommand(stream, commandId);
    if (commit === undefined || commit.firstRevision !== revision)
      throw withoutCommand(stream, commandId, revision);
    return { _tag: "Commit", commit, bytes: JSON.stringify(commit).length };
  };
  /** Events of one command stand together in every store, so a new command id or stream begins a new commit. */
  async function* commitsOf(
    batches: AsyncIterable<readonly RecordedEvent[]>,
    ends: ReadonlyMap<string, number>,
  ): AsyncGenerator<readonly TransferEntry[]> {
    let open: RecordedEvent[] = [];
    for await (const batch of batches) {
      const done: TransferEntry[] = [];
      for (const event of batch) {
        if (event.revision > (ends.get(event.stream) ?? -1)) continue;
        const [first] = open;
        if (first !== undefined && (first.stream !== event.stream || first.commandId !== event.commandId)) {
          done.push(await entryOf(open));
          open = [];
        }
        open.push(event);
      }
      if (done.length > 0) yield done;
    }
    if (open.length > 0) yield [await entryOf(open)];
  }
  const endsOf = (extents: readonly TransferExtent[]): ReadonlyMap<string, number> =>
    new Map(extents.map(({ stream, end }) => [stream, end as number]));
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
    read: (extent, signal) =>
      commitsOf(
        store.read(extent.stream, { to: extent.end as number, ...signalled(signal) }),
        endsOf([extent]),
      ),
    readTogether: (extents, signal) => commitsOf(store.readAll(signalled(signal)), endsOf(extents)),
    settle: async (streams) => {
      for (const stream of streams) await store.confirm(stream, await store.head(stream));
    },
    take: async ({ entries }, signal) => {
      for (const entry of entries)
        if (entry._tag === "Commit") await appendSealed(store, entry.commit, signal);
    },
    finish: async () => {},
    close: async () => {},
  };
};

/**
 * The commit as it was sealed elsewhere, behind the very event it names. A repeat of one that stands already is no error: a
 * copy that was cut off gives its last commits again.
 */
const appendSealed = async (
  store: EventStore,
  commit: Commit,
  signal: CancelSignal | undefined,
): Promise<void> => {
  const { stream, firstRevision, previous } = commit;
  const appended = await store.append({
    commit,
    expected: firstRevision === 0 ? "no_stream" : firstRevision - 1,
    known: firstRevision === 0 ? emptyHead : { revision: firstRevision - 1, digest: previous },
    ...(signal === undefined ? {} : { signal }),
  });
  if (appended._tag === "Conflict")
    throw diverged(stream, `was written to in the target at revision ${firstRevision}`);
  const read = await store.readBack(appended);
  const isOurs =
    !("_tag" in read) &&
    read.length === commit.events.length &&
    commit.events.every(({ digest }, index) => read[index]?.digest === digest);
  if (!isOurs) throw diverged(stream, `holds another event in the target at revision ${firstRevision}`);
};

const withoutCommand = (stream: string, commandId: string, revision: number): StoreFault =>
  new StoreFault(
    "LOG_CORRUPT",
    `${stream} has events of command ${commandId} at revision ${revision} and not the command`,
    {
      outcome: "not_written",
      retryable: false,
      details: { stream, commandId, revision },
    },
  );
