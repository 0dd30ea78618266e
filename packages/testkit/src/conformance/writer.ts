/** The hand that writes in conformance cases: seals commits, appends them, collects what comes back. */
import {
  type Appended,
  type AppendRequest,
  type Commit,
  type Conflict,
  digestOf,
  type EncodedEvent,
  type EventBatch,
  type EventEnvelope,
  type EventStore,
  emptyHead,
  type JsonObject,
  type ReadOptions,
  type RecordedEvent,
  type StreamHead,
  sealCommit,
} from "@mission-ledger/core";
import { expectedAfter } from "../writing.ts";
import { ConformanceFailure } from "./failure.ts";

export interface Wish {
  readonly commandId?: string;
  /** What the command asked for; its digest tells a retry from another command. @defaultValue the command id */
  readonly asked?: string;
  readonly events?: readonly EncodedEvent[];
  readonly correlationId?: string;
  readonly causationId?: string;
}

let commandCount = 0;

/** Ids are only unique within the process; every case has a store of its own. */
const freshCommandId = (): string => {
  commandCount += 1;
  return `command-${String(commandCount).padStart(6, "0")}`;
};

export const noted = (data: JsonObject = {}): EncodedEvent => ({ type: "Noted", version: 1, data });

export const notes = (count: number): readonly EncodedEvent[] =>
  Array.from({ length: count }, (_, index) => noted({ index }));

export const commitOn = (stream: string, head: StreamHead, wish: Wish = {}): Commit => {
  const { commandId = freshCommandId(), asked = commandId, events = [noted({ by: commandId })] } = wish;
  return sealCommit(
    head,
    {
      stream,
      commandId,
      commandDigest: digestOf({ stream, asked }),
      recordedAt: "2026-01-02T03:04:05.678Z",
      actor: "agent-1",
      ...(wish.correlationId === undefined ? {} : { correlationId: wish.correlationId }),
      ...(wish.causationId === undefined ? {} : { causationId: wish.causationId }),
    },
    events,
  );
};

/** A request as a careful writer makes it. */
export const requestOn = (stream: string, head: StreamHead, wish?: Wish): AppendRequest => ({
  commit: commitOn(stream, head, wish),
  expected: expectedAfter(head),
  ...(head.mark === undefined ? {} : { mark: head.mark }),
});

export const appendedOr = (answer: Appended | Conflict): Appended => {
  if (answer._tag === "Appended") return answer;
  throw new ConformanceFailure("the append was right but was answered with a conflict", { actual: answer });
};

/** Appends at the end of a stream, wherever that is. */
export const appendNext = async (store: EventStore, stream: string, wish?: Wish): Promise<Appended> =>
  appendedOr(await store.append(requestOn(stream, await store.head(stream), wish)));

/** Appends many single-event commits in turn; answers the head after the last. */
export const appendMany = async (store: EventStore, stream: string, count: number): Promise<StreamHead> => {
  let head: StreamHead = await store.head(stream);
  for (let index = 0; index < count; index += 1)
    head = appendedOr(await store.append(requestOn(stream, head, { events: [noted({ index })] }))).head;
  return head;
};

export const collect = async (batches: AsyncIterable<EventBatch>): Promise<readonly RecordedEvent[]> => {
  const events: RecordedEvent[] = [];
  for await (const batch of batches) {
    if (batch.length === 0) throw new ConformanceFailure("a batch is empty");
    events.push(...batch);
  }
  return events;
};

export const readStream = (store: EventStore, stream: string): Promise<readonly RecordedEvent[]> =>
  collect(store.read(stream));

/** The commits of a store that hands them over. */
export const collectCommits = async (
  store: EventStore,
  stream: string,
  options?: ReadOptions,
): Promise<readonly Commit[]> => {
  const all: Commit[] = [];
  for await (const commits of store.commits?.(stream, options) ?? []) {
    if (commits.length === 0) throw new ConformanceFailure("a batch is empty");
    all.push(...commits);
  }
  return all;
};

/** Events without what belongs to the store. */
export const sealedParts = (
  events: readonly (EventEnvelope & Partial<RecordedEvent>)[],
): readonly EventEnvelope[] => events.map(({ position: _, mark: __, ...sealed }) => sealed);

export const headOf = ({ revision, digest, mark }: RecordedEvent): StreamHead => ({
  revision,
  digest,
  ...(mark === undefined ? {} : { mark }),
});

export const headBefore = (events: readonly RecordedEvent[], revision: number): StreamHead => {
  const event = events[revision - 1];
  return event === undefined ? emptyHead : { revision: event.revision, digest: event.digest };
};

/** A head at a real revision with a digest that no event has. */
export const foreignHead = (revision: number): StreamHead => ({
  revision,
  digest: digestOf({ foreign: revision }),
});

export const eventsOf = (commits: readonly Commit[]): readonly EventEnvelope[] =>
  commits.flatMap(({ events }) => events);
