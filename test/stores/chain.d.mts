import type { EventEnvelope, EventStore, RecordedEvent } from "@mission-ledger/core";

export declare const readWhole: (store: EventStore, stream: string) => Promise<readonly RecordedEvent[]>;
export declare const problemsOfStream: (
  stream: string,
  events: readonly EventEnvelope[],
) => readonly string[];
export declare const chainProblems: (
  store: EventStore,
  streams: readonly string[],
) => Promise<readonly string[]>;
