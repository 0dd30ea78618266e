/** What a process keeps warm for a stream it writes to: the lock's descriptor, the log's, and where the log ends. */
import { readAppend } from "../files/safe-files.ts";
import { type StreamLock, streamLock } from "../lock/stream-lock.ts";
import { StreamView } from "../log/stream-view.ts";
import type { StoreContext } from "./store-context.ts";

export interface StreamWriter {
  readonly view: StreamView;
  readonly lock: StreamLock;
  /** Runs tasks one after the other; no two appends of one process are ever under way on one stream. */
  inTurn<A>(task: () => Promise<A>): Promise<A>;
  readonly idle: boolean;
  close(): void;
}

export interface StreamWriters {
  of(stream: string): StreamWriter;
  /** The writer of a stream if there is one. */
  warm(stream: string): StreamWriter | undefined;
  /** Waits for what is under way, then frees all descriptors. */
  close(): Promise<void>;
}

/** Streams kept warm at most. Each holds a lock, a log and a dozen index segments open. */
const mostWriters = 64;

export const streamWriters = (context: StoreContext): StreamWriters => {
  const writers = new Map<string, StreamWriter>();
  const evict = (wanted: StreamWriter): void => {
    for (const [stream, writer] of writers) {
      if (writers.size <= mostWriters) return;
      if (!writer.idle || writer === wanted) continue;
      writers.delete(stream);
      writer.close();
    }
  };
  return {
    of: (stream) => {
      const known = writers.get(stream);
      const writer = known ?? openWriter(context, stream);
      if (known !== undefined) writers.delete(stream);
      writers.set(stream, writer);
      if (writers.size > mostWriters) evict(writer);
      return writer;
    },
    warm: (stream) => writers.get(stream),
    close: async () => {
      await Promise.all([...writers.values()].map((writer) => writer.inTurn(async () => {})));
      for (const writer of writers.values()) writer.close();
      writers.clear();
    },
  };
};

const openWriter = (context: StoreContext, stream: string): StreamWriter => {
  const { files, layout, lockTimeoutMs, failpoint, elapsed, randomness, clock, names } = context;
  const paths = layout.of(stream);
  const lock = streamLock({
    files,
    path: paths.lock,
    timeoutMs: lockTimeoutMs,
    clock,
    randomness,
    failpoint,
    elapsed,
    names,
  });
  const view = new StreamView({ files, paths, flags: readAppend, writable: true });
  let waiting = 0;
  let last: Promise<unknown> = Promise.resolve();
  return {
    view,
    lock,
    inTurn: (task) => {
      const before = last;
      const mine = waiting === 0 ? task() : before.then(task, task);
      waiting += 1;
      const done = (): void => {
        waiting -= 1;
      };
      last = mine.then(done, done);
      return mine;
    },
    get idle() {
      return waiting === 0;
    },
    close: () => {
      lock.close();
      view.forget();
    },
  };
};
