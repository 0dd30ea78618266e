/** Commits for tests, and a writer that follows the head like a caller would. */
import {
  type Appended,
  type Commit,
  type Conflict,
  digestOf,
  type EventStore,
  emptyHead,
  type JsonObject,
  type RecordedEvent,
  type StreamHead,
  sealCommit,
} from "@mission-ledger/core";

export const stream = "mission-m1";

export interface CommitOptions {
  readonly stream?: string;
  readonly data?: JsonObject;
  readonly events?: number;
}

export const commitOn = (
  head: StreamHead,
  commandId: string,
  { stream: name = stream, data = { note: commandId }, events = 1 }: CommitOptions = {},
): Commit =>
  sealCommit(
    head,
    {
      stream: name,
      commandId,
      commandDigest: digestOf({ commandId }),
      recordedAt: "2026-01-02T03:04:05.678Z",
      actor: "agent-1",
    },
    Array.from({ length: events }, () => ({ type: "Noted", version: 1, data })),
  );

export const expectedAfter = ({ revision }: StreamHead): number | "no_stream" =>
  revision < 0 ? "no_stream" : revision;

/** Appends and reads back; answers the head after it. */
export const put = async (
  store: EventStore,
  head: StreamHead,
  commandId: string,
  options: CommitOptions = {},
): Promise<Appended> => {
  const appended = await tryPut(store, head, commandId, options);
  if (appended._tag === "Conflict") throw new Error(`conflict at ${appended.actual.revision}`);
  await store.readBack(appended);
  return appended;
};

export const tryPut = (
  store: EventStore,
  head: StreamHead,
  commandId: string,
  options: CommitOptions = {},
): Promise<Appended | Conflict> =>
  store.append({
    commit: commitOn(head, commandId, options),
    expected: expectedAfter(head),
    ...(head.mark === undefined ? {} : { mark: head.mark }),
  });

/** Appends many commands `c0`, `c1`, ... one after the other. */
export const putMany = async (
  store: EventStore,
  count: number,
  options: CommitOptions = {},
): Promise<StreamHead> => {
  let head: StreamHead = emptyHead;
  for (let index = 0; index < count; index += 1) head = (await put(store, head, `c${index}`, options)).head;
  return head;
};

export const all = async (batches: AsyncIterable<readonly RecordedEvent[]>): Promise<RecordedEvent[]> => {
  const events: RecordedEvent[] = [];
  for await (const batch of batches) events.push(...batch);
  return events;
};
