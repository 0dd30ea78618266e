/** The thread's side of a rebuild on several threads. */
import type { MessagePort } from "node:worker_threads";
import type { CancelSignal } from "@mission-ledger/core";
import { hand } from "./crew.ts";
import { type Ground, nameOf } from "./ground.ts";
import { type Part, partOf } from "./part.ts";
import {
  type Assignment,
  carry,
  eventsAt,
  type FromThread,
  sharedSignal,
  type ToThread,
} from "./thread-messages.ts";

/** A ground of a thread's own: nothing is shared with other threads but what lies on disk. */
export interface OpenedGround extends Ground {
  /** Frees what was opened. @defaultValue closes the store */
  close?(): Promise<void>;
}

/**
 * Makes the file it is called in one that `workers.file` of a rebuild may name: functions do not cross threads, so the file
 * opens the store and names the folds itself. `open` gets `workers.data`. Settles when this thread has nothing left to do.
 */
export const serveRebuild = async <Data>(open: (data: Data) => Promise<OpenedGround>): Promise<void> => {
  const { parentPort, workerData } = await import("node:worker_threads");
  if (parentPort === null)
    throw new TypeError("serveRebuild is called in the file of a thread, which rebuildViews starts");
  const port = parentPort;
  const assignment = workerData as Assignment;
  const say = (message: FromThread): void => port.postMessage(message);
  const signal = sharedSignal(assignment.shared);
  let last: FromThread = { _tag: "Ended" };
  try {
    await work(await open(assignment.data as Data), assignment, { port, say, signal });
  } catch (error) {
    if (!signal.aborted) last = { _tag: "Failed", error: carry(error) };
  }
  say(last);
  port.close();
};

interface Line {
  readonly port: MessagePort;
  readonly say: (message: FromThread) => void;
  readonly signal: CancelSignal;
}

const work = async (
  ground: OpenedGround,
  { work: asked, writes, shared, index }: Assignment,
  { port, say, signal }: Line,
): Promise<void> => {
  let part: Part | undefined;
  try {
    if (writes !== null) part = await beginPart(ground, writes);
    const counts = new Int32Array(shared);
    const crew = hand({ ground, work: asked, part, signal });
    const messages = inbox(port);
    say({ _tag: "Ready", views: ground.folds.map(nameOf) });
    for (let message = await messages.next(); message._tag === "Take"; message = await messages.next()) {
      let streams = message.streams;
      const take = (): readonly string[] => {
        const taken = streams;
        streams = [];
        return taken;
      };
      await crew.run(
        { take },
        {
          count: (events) => void Atomics.add(counts, eventsAt(index), events),
          finished: (outcome) => say({ _tag: "Finished", outcome }),
        },
      );
      say({ _tag: "Taken" });
    }
    await part?.flush();
  } finally {
    await part?.leave();
    await (ground.close?.() ?? ground.store.close());
  }
};

const beginPart = async (
  { snapshots }: Ground,
  { plan, part, flushEveryMs }: NonNullable<Assignment["writes"]>,
): Promise<Part> => {
  const set = await snapshots.beginSet?.({ plan, part });
  if (set === undefined)
    throw new TypeError("the snapshot store of a thread has no sets, and that of the rebuild has");
  return partOf(set, flushEveryMs);
};

/** Messages in order, waited for one by one. */
const inbox = (port: MessagePort): { next(): Promise<ToThread> } => {
  const waiting: ToThread[] = [];
  let wake = (): void => {};
  port.on("message", (message: ToThread) => {
    waiting.push(message);
    wake();
  });
  return {
    next: async () => {
      while (waiting.length === 0)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      return waiting.shift() as ToThread;
    },
  };
};
