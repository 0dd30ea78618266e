/** A hand that writes to a store as a careful caller does, for tests of what a store does besides the conformance suite. */
import {
  type Appended,
  type Commit,
  type Conflict,
  digestOf,
  type EventBatch,
  type EventStore,
  emptyHead,
  type JsonObject,
  type RecordedEvent,
  type StreamHead,
  sealCommit,
} from "@mission-ledger/core";

/** The stream that is written to unless another one is named. */
export const noteStream = "mission-m1";

export interface NoteOptions {
  /** @defaultValue `noteStream` */
  readonly stream?: string;
  /** What each event says. @defaultValue the command's id */
  readonly data?: JsonObject;
  /** How many events. @defaultValue 1 */
  readonly events?: number;
}

/** A commit behind `head`, the same for the same arguments on every machine and day. */
export const commitOn = (
  head: StreamHead,
  commandId: string,
  { stream = noteStream, data = { note: commandId }, events = 1 }: NoteOptions = {},
): Commit =>
  sealCommit(
    head,
    {
      stream,
      commandId,
      commandDigest: digestOf({ commandId }),
      recordedAt: "2026-01-02T03:04:05.678Z",
      actor: "agent-1",
    },
    Array.from({ length: events }, () => ({ type: "Noted", version: 1, data })),
  );

/** What an append behind `head` expects. */
export const expectedAfter = ({ revision }: StreamHead): number | "no_stream" =>
  revision < 0 ? "no_stream" : revision;

/** Appends a commit behind `head` and answers what the store says, a conflict too. Reads nothing back. */
export const tryPut = (
  store: EventStore,
  head: StreamHead,
  commandId: string,
  options: NoteOptions = {},
): Promise<Appended | Conflict> =>
  store.append({
    commit: commitOn(head, commandId, options),
    expected: expectedAfter(head),
    ...(head.mark === undefined ? {} : { mark: head.mark }),
  });

/** Appends a commit behind `head` and reads it back. Throws an `Error` for a conflict. */
export const put = async (
  store: EventStore,
  head: StreamHead,
  commandId: string,
  options: NoteOptions = {},
): Promise<Appended> => {
  const appended = await tryPut(store, head, commandId, options);
  if (appended._tag === "Conflict") throw new Error(`conflict at ${appended.actual.revision}`);
  await store.readBack(appended);
  return appended;
};

/** Puts so many commands `c0`, `c1`, ... into an empty stream, one after the other; answers the head after the last. */
export const putMany = async (
  store: EventStore,
  count: number,
  options: NoteOptions = {},
): Promise<StreamHead> => {
  let head: StreamHead = emptyHead;
  for (let index = 0; index < count; index += 1) head = (await put(store, head, `c${index}`, options)).head;
  return head;
};

/** The events of all batches of a reading. */
export const allEvents = async (batches: AsyncIterable<EventBatch>): Promise<RecordedEvent[]> => {
  const events: RecordedEvent[] = [];
  for await (const batch of batches) events.push(...batch);
  return events;
};
