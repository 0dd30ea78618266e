/** Streams of counters to rebuild views of. */
import {
  deciderFold,
  type EventStore,
  type FoldSpec,
  loadFold,
  openMemoryStore,
  projectionFold,
  type SnapshotStore,
  saveFold,
  sealCommit,
} from "@mission-ledger/core";
import { additions, type CounterEvent, counter, counterCodec } from "@mission-ledger/testkit";

export const counterFolds: readonly FoldSpec<unknown>[] = [
  deciderFold(counter, counterCodec) as FoldSpec<unknown>,
  projectionFold(additions, counterCodec) as FoldSpec<unknown>,
];

/** Amounts that were added, by the counter's name; nothing added closes it. */
export type Histories = Readonly<Record<string, readonly number[]>>;

export const append = async (
  store: EventStore,
  stream: string,
  amounts: readonly number[],
): Promise<void> => {
  for (const amount of amounts) {
    const head = await store.head(stream);
    const context = {
      stream,
      commandId: `${stream} ${head.revision}`,
      commandDigest: "0".repeat(64),
      recordedAt: "2026-01-01T00:00:00.000Z",
      actor: `agent-${amount % 3}`,
    };
    const event: CounterEvent = amount === 0 ? { type: "Closed" } : { type: "Added", amount };
    const answer = await store.append({
      commit: sealCommit(head, context, [counterCodec.encode(event)]),
      expected: head.revision < 0 ? "no_stream" : head.revision,
    });
    if (answer._tag === "Conflict") throw new Error("somebody else wrote");
  }
};

export const storeOf = async (
  histories: Histories,
  store: EventStore = openMemoryStore(),
): Promise<EventStore> => {
  for (const [name, amounts] of Object.entries(histories)) await append(store, `counter-${name}`, amounts);
  return store;
};

/** What lies in a snapshot store under the folds' names, as texts. */
export const contentOf = async (
  snapshots: SnapshotStore,
  streams: readonly string[],
  folds: readonly FoldSpec<unknown>[] = counterFolds,
): Promise<Readonly<Record<string, string>>> => {
  const content: Record<string, string> = {};
  for (const stream of streams)
    for (const { name, version } of folds) {
      const snapshot = await snapshots.load({ stream, name, version });
      if (snapshot !== undefined) content[`${stream} ${name}`] = JSON.stringify(snapshot);
    }
  return content;
};

/** Writes down every view as commands would, so that there is something live. */
export const rememberAll = async (
  store: EventStore,
  snapshots: SnapshotStore,
  folds: readonly FoldSpec<unknown>[] = counterFolds,
): Promise<void> => {
  for (const stream of await store.streams("counter"))
    for (const spec of folds)
      await saveFold(snapshots, stream, spec, await loadFold(store, stream, spec, { snapshots }));
};
