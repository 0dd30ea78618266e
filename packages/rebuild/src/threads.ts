/** A crew of this thread and others: streams are shared out, whoever is done takes the next ones. */
import type { Worker } from "node:worker_threads";
import { type CancelSignal, StoreFault } from "@mission-ledger/core";
import { type Crew, type HandOptions, hand, type Reports } from "./crew.ts";
import type { ViewName } from "./outcome.ts";
import type { Queue } from "./queue.ts";
import {
  type Assignment,
  eventsAt,
  type FromThread,
  sharedSignal,
  stopAt,
  type ToThread,
  uncarry,
} from "./thread-messages.ts";

export interface WorkersOptions {
  /** Threads, the one that asked among them; with one, nothing of this happens. */
  readonly count: number;
  /** A file that calls `serveRebuild` with the same folds over the same store. */
  readonly file: string | URL;
  /** Handed to that file's opener; whatever structured clone takes. */
  readonly data?: unknown;
  /** Milliseconds that a thread has to stop by itself: a piece of a stream and a flush. @defaultValue 5000 */
  readonly graceMs?: number;
}

export interface ThreadsOptions extends WorkersOptions {
  readonly own: Omit<HandOptions, "signal">;
  readonly writes: { readonly plan: string; readonly flushEveryMs: number } | undefined;
  /** What each thread has to make as well. */
  readonly views: readonly ViewName[];
  readonly signal: CancelSignal | undefined;
}

const pollMs = 50;
/**
 * What is folded is garbage soon, and V8 would let much of it pile up in each thread. Source: two threads over 1,038,125 events,
 * 209 MB at most instead of 273 and no more processor time.
 */
const youngMb = 12;
/** Batches that a thread is ahead, so that it never waits for an answer. */
const ahead = 2;

export const threads = (options: ThreadsOptions): Crew => ({
  run: async (queue, reports) => {
    const { own, signal, graceMs = 5_000 } = options;
    const count = options.count - 1;
    // Loaded only here: most rebuilds need one thread, and most programs none at all.
    const { Worker } = await import("node:worker_threads");
    const shared = new SharedArrayBuffer(4 * eventsAt(count));
    const flags = new Int32Array(shared);
    const stop = (): void => void Atomics.store(flags, stopAt, 1);
    const counting = followCounts(flags, count, reports);
    const patience = patienceOf(graceMs);
    const cancel = (): void => {
      stop();
      patience.begin();
    };
    signal?.addEventListener("abort", cancel);
    const started = Array.from({ length: count }, (_, index) =>
      startThread(Worker, options, shared, index, queue, reports),
    );
    const stopped = sharedSignal(shared);
    // The others have had theirs kept for them, so nobody waits for them to come.
    const here = hand({ ...own, signal: stopped })
      .run(queue, reports)
      .catch((error: unknown) => {
        if (!stopped.aborted) throw error;
      });
    const works = [here, ...started.map((thread) => thread.ended)];
    const ended = Promise.allSettled(works);
    try {
      if (signal?.aborted === true) cancel();
      await Promise.race([Promise.all(works), counting.failed, patience.over]);
      counting.look();
    } catch (error) {
      cancel();
      await Promise.race([ended, patience.over]);
      throw error;
    } finally {
      signal?.removeEventListener("abort", cancel);
      await Promise.all(started.map(({ worker }) => worker.terminate()));
      await ended;
      counting.end();
      patience.end();
    }
    signal?.throwIfAborted();
  },
});

interface Thread {
  readonly worker: Worker;
  /** Settles when it has flushed and closed everything, or has failed. */
  readonly ended: Promise<void>;
}

const startThread = (
  Thread: typeof Worker,
  { file, data, own: { work }, writes, views }: ThreadsOptions,
  shared: SharedArrayBuffer,
  index: number,
  queue: Queue,
  { finished }: Reports,
): Thread => {
  const assignment: Assignment = {
    data,
    work,
    writes: writes === undefined ? null : { ...writes, part: String(index + 1) },
    shared,
    index,
  };
  const worker = new Thread(file, {
    workerData: assignment,
    resourceLimits: { maxYoungGenerationSizeMb: youngMb },
  });
  const tell = (message: ToThread): void => worker.postMessage(message);
  const give = (streams: readonly string[]): void =>
    tell(streams.length === 0 ? { _tag: "End" } : { _tag: "Take", streams });
  const first = Array.from({ length: ahead }, () => queue.take());
  let isReady = false;
  /** Answers whether that was the last word. */
  const take = (message: FromThread): boolean => {
    switch (message._tag) {
      case "Ready":
        if (JSON.stringify(message.views) !== JSON.stringify(views))
          throw new TypeError(
            `the thread makes other views than were asked for: ${JSON.stringify(message.views)}`,
          );
        isReady = true;
        for (const streams of first) give(streams);
        return false;
      case "Finished":
        finished(message.outcome);
        return false;
      case "Taken":
        give(queue.take());
        return false;
      case "Ended":
        return true;
      case "Failed":
        throw uncarry(message.error);
    }
  };
  const ended = new Promise<void>((resolve, reject) => {
    worker.on("message", (message: FromThread) => {
      try {
        if (take(message)) resolve();
      } catch (error) {
        reject(error);
      }
    });
    worker.on("error", (error) =>
      reject(isReady || isOutOfMemory(error) ? threadDied(index, error) : neverBegun(file, error)),
    );
    worker.on("exit", () => reject(threadDied(index, undefined)));
  });
  return { worker, ended };
};

interface Counting {
  /** Rejects with what the listener threw. */
  readonly failed: Promise<never>;
  /** Reports what was counted since the last look. */
  look(): void;
  end(): void;
}

/** Threads count in shared memory: a message for each block would cost more than the block. */
const followCounts = (flags: Int32Array, count: number, { count: report }: Reports): Counting => {
  let seen = 0;
  let fail = (_: unknown): void => {};
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  failed.catch(() => {});
  const look = (): void => {
    let sum = 0;
    for (let index = 0; index < count; index += 1) sum += Atomics.load(flags, eventsAt(index));
    if (sum > seen) report(sum - seen);
    seen = sum;
  };
  const timer = setInterval(() => {
    try {
      look();
    } catch (error) {
      fail(error);
    }
  }, pollMs);
  return {
    failed,
    look,
    end: () => clearInterval(timer),
  };
};

/** How long threads that were told to stop are waited for. */
const patienceOf = (milliseconds: number) => {
  let timer: NodeJS.Timeout | undefined;
  let lose = (): void => {};
  const over = new Promise<void>((resolve) => {
    lose = resolve;
  });
  return {
    over,
    begin: () => {
      timer ??= setTimeout(lose, milliseconds);
    },
    end: () => clearTimeout(timer),
  };
};

const isOutOfMemory = (error: unknown): boolean =>
  (error as { readonly code?: unknown } | null)?.code === "ERR_WORKER_OUT_OF_MEMORY";

/** The file is not there, or what it does before it serves throws: the caller's to mend, and no thread fewer helps. */
const neverBegun = (file: string | URL, cause: unknown): TypeError =>
  new TypeError(
    `the threads' file ${String(file)} could not be started: ${cause instanceof Error ? cause.message : String(cause)}`,
    { cause },
  );

const threadDied = (index: number, cause: unknown): StoreFault =>
  new StoreFault(
    "RESOURCES_EXHAUSTED",
    `thread ${index + 1} of the rebuild ended before its work: ${cause instanceof Error ? cause.message : "without a reason"}`,
    {
      outcome: "not_written",
      retryable: true,
      hint: "The live views stand as they did. Try again with fewer threads; it goes on where this stopped.",
      details: { thread: index + 1 },
      ...(cause === undefined ? {} : { cause }),
    },
  );
