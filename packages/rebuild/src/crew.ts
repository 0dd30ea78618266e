/** Who works on the streams: this thread, or several. */
import { type CancelSignal, eventLoopTurns } from "@mission-ledger/core";
import type { Ground } from "./ground.ts";
import type { StreamOutcome } from "./outcome.ts";
import type { Part } from "./part.ts";
import type { Queue } from "./queue.ts";
import { type Work, workOnStream } from "./work-on-stream.ts";

export interface Crew {
  /** Works until the queue is empty; each stream is reported once it is done. Throws what ended the work early. */
  run(queue: Queue, reports: Reports): Promise<void>;
}

export interface Reports {
  /** So many more events were folded. */
  count(events: number): void;
  finished(outcome: StreamOutcome): void;
}

export interface HandOptions {
  readonly ground: Ground;
  readonly work: Work;
  /** Where views go; absent where nothing is written. */
  readonly part: Pick<Part, "add" | "tick"> | undefined;
  readonly signal: CancelSignal | undefined;
}

/** This thread. */
export const hand = ({ ground, work, part, signal }: HandOptions): Crew => {
  const turn = eventLoopTurns();
  return {
    run: async (queue, { count, finished }) => {
      for (let streams = queue.take(); streams.length > 0; streams = queue.take())
        for (const stream of streams) {
          signal?.throwIfAborted();
          const outcome = await workOnStream(ground, stream, {
            work,
            ...(part === undefined ? {} : { add: part.add }),
            signal,
            count: (events) => {
              count(events);
              return turn();
            },
          });
          await part?.tick();
          finished(outcome);
        }
    },
  };
};
