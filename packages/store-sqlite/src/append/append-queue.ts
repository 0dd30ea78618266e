/** Appends of one process, in the order in which they came; those that wait at the same time share a transaction. */
import {
  type Appended,
  type AppendRequest,
  type Conflict,
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

/** Milliseconds that timers may be late. Source: short against a lease, long against an append. */
const longestWithoutTurn = 20;

/** Appends of a group at most; more wait for the next one. */
const mostGrouped = 256;

type Turn = () => Promise<void>;

export const appendQueue = (context: StoreContext): AppendQueue => {
  const { writeGroup, settle, recover, meet } = transactions(context);
  const queue: (Turn | PendingAppend)[] = [];
  let busy = false;
  /** When the event loop was last seen to turn; `undefined` when it has turned and nothing was done since. */
  let since: number | undefined;
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  /**
   * A transaction is nothing but synchronous calls. A process that appends without pause would never come to its timers,
   * signals and sockets; so now and then, while nothing is locked, the event loop gets its turn.
   */
  const giveTurn = async (): Promise<void> => {
    if (since !== undefined) {
      if (context.elapsed() - since >= longestWithoutTurn) await turn();
      return;
    }
    since = context.elapsed();
    void turn().then(() => {
      since = undefined;
    });
  };
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
    await giveTurn();
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
