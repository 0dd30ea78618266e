/** What a process keeps warm for a stream it writes to: the lock's descriptor, the log's, and where the log ends. */
import {
  type Appended,
  type AppendRequest,
  type Conflict,
  eventLoopTurns,
  type PendingAppend,
  pendingAppend,
} from "@mission-ledger/core";
import { readAppend } from "../files/safe-files.ts";
import { StreamView } from "../stream-view/stream-view.ts";
import { appendGroup } from "./append.ts";
import type { LedgerDirectories } from "./directories.ts";
import { type LogFlusher, logFlusher } from "./log-flusher.ts";
import type { StoreContext } from "./store-context.ts";

export interface StreamWriter {
  readonly view: StreamView;
  readonly flusher: LogFlusher;
  /** Appends together with all that come before the event loop goes on, and with those that wait already. */
  append(request: AppendRequest): Promise<Appended | Conflict>;
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

/** Appends of a group at most; more wait for the next one. */
const mostGrouped = 256;

export const streamWriters = (context: StoreContext, directories: LedgerDirectories): StreamWriters => {
  const writers = new Map<string, StreamWriter>();
  // An append is nothing but synchronous calls and microtasks: who appends without pause would never come to timers and sockets.
  const turn = eventLoopTurns(context.elapsed);
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
      const writer = known ?? openWriter(context, directories, turn, stream);
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

const openWriter = (
  context: StoreContext,
  directories: LedgerDirectories,
  turn: () => Promise<void> | undefined,
  stream: string,
): StreamWriter => {
  const { files, layout } = context;
  const paths = layout.of(stream);
  const lock = context.lockAt(paths.lock);
  const view = new StreamView({ files, paths, flags: readAppend, writable: true });
  const flusher = logFlusher(context, view);
  const place = { context, directories, view, lock, flusher };
  /** What waits for its turn, in the order in which it came. */
  const queue: (Turn | PendingAppend)[] = [];
  let busy = false;

  /** The appends at the front of the queue. */
  const takeGroup = (room: number): readonly PendingAppend[] => {
    let count = 0;
    while (count < queue.length && count < room && !isTurn(queue[count])) count += 1;
    return (queue.splice(0, count) as PendingAppend[]).filter(({ settled }) => !settled);
  };
  const appendNext = async (): Promise<void> => {
    const due = turn();
    if (due !== undefined) await due;
    // Those that are called in one go come within a few microtasks of each other; one that is alone does not wait for them.
    for (let seen = 1; queue.length > seen && queue.length < mostGrouped; ) {
      seen = queue.length;
      await Promise.resolve();
    }
    const group = takeGroup(mostGrouped);
    if (group.length === 0) return;
    const again = await appendGroup(place, group, () => takeGroup(mostGrouped - group.length));
    queue.unshift(...again);
  };
  const work = async (): Promise<void> => {
    for (let next = queue[0]; next !== undefined; next = queue[0])
      if (isTurn(next)) {
        queue.shift();
        await next.run();
      } else await appendNext();
    busy = false;
  };

  return {
    view,
    flusher,
    append: (request) => {
      const { pending, promise } = pendingAppend(request, context.elapsed());
      queue.push(pending);
      if (!busy) {
        busy = true;
        queueMicrotask(work);
      }
      return promise;
    },
    inTurn: (task) =>
      new Promise((resolve, reject) => {
        queue.push({ run: () => task().then(resolve, reject) });
        if (busy) return;
        busy = true;
        void work();
      }),
    get idle() {
      return !busy;
    },
    close: () => {
      lock.close();
      flusher.close();
      view.forget();
    },
  };
};

interface Turn {
  run(): Promise<void>;
}

const isTurn = (entry: Turn | PendingAppend | undefined): entry is Turn =>
  entry !== undefined && "run" in entry;
