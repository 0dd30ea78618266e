/** What broken stores are made of: a healthy store with one operation replaced. */
import {
  type Appended,
  type AppendRequest,
  type Commit,
  type Conflict,
  type EventBatch,
  type EventStore,
  type RecordedEvent,
  type StreamHead,
  sealCommit,
} from "@mission-ledger/core";

/** The store with some operations replaced; the others keep working on the healthy one. */
export const withOperations = (store: EventStore, replaced: Partial<EventStore>): EventStore => ({
  supports: store.supports,
  append: (request) => store.append(request),
  readBack: (appended) => store.readBack(appended),
  confirm: (stream, head) => store.confirm(stream, head),
  findCommand: (stream, commandId) => store.findCommand(stream, commandId),
  read: (stream, options) => store.read(stream, options),
  readAll: (options) => store.readAll(options),
  subscribe: (options) => store.subscribe(options),
  streams: (category) => store.streams(category),
  head: (stream) => store.head(stream),
  close: () => store.close(),
  ...replaced,
});

/** The same wish, sealed on another head. */
export const sealedOn = (
  head: StreamHead,
  { events, firstRevision: _, previous: __, ...context }: Commit,
): Commit =>
  sealCommit(
    head,
    context,
    events.map(({ type, version, data }) => ({ type, version, data })),
  );

/** The same request, made at the end of the stream wherever that is. */
export const appendAtEnd = async (
  store: EventStore,
  { commit }: AppendRequest,
): Promise<Appended | Conflict> => {
  const head = await store.head(commit.stream);
  const expected = head.revision < 0 ? "no_stream" : head.revision;
  return store.append({ commit: sealedOn(head, commit), expected });
};

/** Every batch passed through a change; batches that become empty are left out. */
export async function* changed(
  batches: AsyncIterable<EventBatch>,
  change: (batch: EventBatch) => EventBatch,
): AsyncGenerator<EventBatch> {
  for await (const batch of batches) {
    const next = change(batch);
    if (next.length > 0) yield next;
  }
}

/** A stream is read with each batch changed. */
export const withBatches = (store: EventStore, change: (batch: EventBatch) => EventBatch): EventStore =>
  withOperations(store, { read: (stream, options) => changed(store.read(stream, options), change) });

/** Every reading operation with each event changed. */
export const withEvents = (
  store: EventStore,
  change: (event: RecordedEvent) => RecordedEvent,
): EventStore => {
  const changeAll = (batch: EventBatch): EventBatch => batch.map(change);
  return withOperations(store, {
    read: (stream, options) => changed(store.read(stream, options), changeAll),
    readAll: (options) => changed(store.readAll(options), changeAll),
    subscribe: (options) => changed(store.subscribe(options), changeAll),
    readBack: async (appended) => {
      const answer = await store.readBack(appended);
      return Array.isArray(answer) ? changeAll(answer as EventBatch) : answer;
    },
  });
};

/** A commit whose events are changed after they were sealed, as a faulty writer would store them. */
export const withStoredEvents = (
  store: EventStore,
  change: (events: Commit["events"]) => Commit["events"],
): EventStore => {
  const damage = (commit: Commit): Commit => ({ ...commit, events: change(commit.events) });
  return withOperations(store, {
    append: async ({ decideAgain, ...request }) => {
      const answer = await store.append({
        ...request,
        commit: damage(request.commit),
        ...(decideAgain === undefined
          ? {}
          : {
              decideAgain: (missed, head) => {
                const again = decideAgain(missed, head);
                return again === undefined ? undefined : damage(again);
              },
            }),
      });
      return answer._tag === "Appended" && !answer.repeated ? { ...answer, commit: request.commit } : answer;
    },
  });
};
