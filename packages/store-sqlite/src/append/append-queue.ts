/** Appends of one process, in the order in which they came; those that wait at the same time share a transaction. */
import {
  type Appended,
  type AppendRequest,
  type Conflict,
  eventLoopTurns,
  type PendingAppend,
  pendingAppend,
  type StoreFault,
} from "@mission-ledger/core";
import type { StoreContext } from "./store-context.ts";
import { transactions } from "./transactions.ts";

export interface AppendQueue {
  append(request: AppendRequest): Promise<Appended | Conflict>;
  /** Makes durable what others have written, perhaps without having flushed it. */
  settle(): Promise<void>;
  /** Writes the database anew if a flush failed, here or in another process. Throws `DURABILITY_UNKNOWN`. */
  recover(): Promise<void>;
  /** Remembers the damage that somebody met who was reading: nothing is written behind it. */
  meet(fault: StoreFault): void;
  /** Waits for what is under way. */
  close(): Promise<void>;
}

/** Appends of a group at most; more wait for the next one. */
const mostGrouped = 256;

type Turn = () => Promise<void>;

export const appendQueue = (context: StoreContext): AppendQueue => {
  const { writeGroup, settle, recover, meet } = transactions(context);
  const queue: (Turn | PendingAppend)[] = [];
  let busy = false;
  /**
   * A transaction is nothing but synchronous calls. A process that appends without pause would never come to its timers,
   * signals and sockets; so now and then, while nothing is locked, the event loop gets its turn.
   */
  const turn = eventLoopTurns(context.elapsed);
  const appendNext = async (): Promise<void> => {
    // Those that are called in one go come within a few microtasks of each other; one that is alone does not wait for them.
    for (let seen = 1; queue.length > seen && queue.length < mostGrouped; ) {
      seen = queue.length;
      await Promise.resolve();
    }
    let count = 0;
    while (count < queue.length && count < mostGrouped && typeof queue[count] !== "function") count += 1;
    const group = (queue.splice(0, count) as PendingAppend[]).filter(({ settled }) => !settled);
    if (group.length > 0) await writeGroup(group);
    await turn();
  };
  const work = async (): Promise<void> => {
    for (let next = queue[0]; next !== undefined; next = queue[0])
      if (typeof next === "function") {
        queue.shift();
        await next();
      } else await appendNext();
    busy = false;
  };
  const start = (): void => {
    if (busy) return;
    busy = true;
    queueMicrotask(() => void work());
  };
  const inTurn = (task: () => Promise<void>): Promise<void> =>
    new Promise((resolve, reject) => {
      queue.push(() => task().then(resolve, reject));
      start();
    });

  return {
    append: (request) => {
      const { pending, promise } = pendingAppend(request, context.elapsed());
      queue.push(pending);
      start();
      return promise;
    },
    settle: () => inTurn(settle),
    recover: () => inTurn(recover),
    meet,
    close: () => inTurn(async () => {}),
  };
};
