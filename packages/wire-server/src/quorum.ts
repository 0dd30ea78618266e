/**
 * When a write may be acknowledged: when readers see it. Without a quorum they see none of what is written, the caller is told of
 * a timeout, and the write appears once the quorum is back. An identical write meanwhile is dropped without a word.
 *
 * Source: EventStoreDB's IndexWriter.CheckCommit (IdempotentNotReady) and runs on a real server.
 */
import type { WireLog } from "./log/log.ts";
import type { AppendRequest, DeleteRequest, LogWriter, WriteOutcome } from "./log/writer.ts";
import { timedOut } from "./wire/refusals.ts";

export interface CommitOptions {
  /** Readers do not see the write for so long, whatever the quorum. @defaultValue what the replication was made with */
  readonly holdMs?: number;
  /** @defaultValue what the replication was made with */
  readonly timeoutMs?: number;
}

export interface Replication {
  /** Always ends: with the writer's answer once readers see the write, else with the server's timeout. */
  readonly commit: (request: AppendRequest, options?: CommitOptions) => Promise<WriteOutcome>;
  readonly commitDelete: (request: DeleteRequest) => Promise<WriteOutcome>;
  readonly setQuorum: (isThere: boolean) => void;
  /** Readers see at once what was held for a time; what waits for a quorum goes on waiting. */
  readonly release: () => void;
  /** Another node leads whose log lacks what readers have not seen: it is gone, and whoever waits for it is told of a timeout. */
  readonly abandon: () => void;
}

const everything = Number.POSITIVE_INFINITY;

export const replicationOf = (
  log: WireLog,
  writer: LogWriter,
  {
    holdMs: usualHoldMs = 0,
    timeoutMs: usualTimeoutMs = 2_000,
  }: { readonly holdMs?: number; readonly timeoutMs?: number } = {},
): Replication => {
  /** First records of writes that are held, by timer. */
  const held = new Map<NodeJS.Timeout, number>();
  let withoutQuorumFrom = everything;
  const relimit = (): void => log.limit(Math.min(withoutQuorumFrom, ...held.values()));

  const endHolds = (): void => {
    for (const timer of held.keys()) clearTimeout(timer);
    held.clear();
  };

  const hold = (from: number, ms: number): NodeJS.Timeout => {
    const timer = setTimeout(() => {
      held.delete(timer);
      relimit();
    }, ms).unref();
    held.set(timer, from);
    relimit();
    return timer;
  };

  /** Looks again, each time more may be seen. */
  const waiting = new Set<() => void>();
  const wake = (): void => {
    for (const look of [...waiting]) look();
  };
  log.onAdvance(wake);
  const inTime = (isSeen: () => boolean, timeoutMs: number): Promise<boolean> =>
    new Promise((resolve) => {
      const settle = (isInTime: boolean): void => {
        clearTimeout(timer);
        waiting.delete(look);
        resolve(isInTime);
      };
      const look = (): void => void (isSeen() && settle(true));
      const timer = setTimeout(() => settle(false), timeoutMs).unref();
      waiting.add(look);
      look();
    });

  const acknowledged = async (
    outcome: WriteOutcome,
    timeoutMs: number,
    { isEmpty = false }: { readonly isEmpty?: boolean } = {},
  ): Promise<WriteOutcome> => {
    switch (outcome._tag) {
      case "WrongExpectedVersion":
      case "StreamDeleted":
        return outcome;
      case "Written": {
        // A write of nothing is replicated like any other, although no reader ever sees it.
        const isSeen = (): boolean =>
          outcome.until <= log.visible() && !(isEmpty && withoutQuorumFrom < everything);
        if (isSeen() || (await inTime(isSeen, timeoutMs))) return outcome;
        throw timedOut();
      }
      case "Repeated":
        if (outcome.until <= log.visible()) return outcome;
        // The server has dropped it: not even the quorum's return answers it any more.
        await inTime(() => false, timeoutMs);
        throw timedOut();
    }
  };

  return {
    commit: async (request, { holdMs = usualHoldMs, timeoutMs = usualTimeoutMs } = {}) => {
      const from = log.count();
      const timer = holdMs > 0 && request.events.length > 0 ? hold(from, holdMs) : undefined;
      const outcome = writer.append(request);
      if (timer !== undefined && log.count() === from) {
        clearTimeout(timer);
        held.delete(timer);
        relimit();
      }
      return acknowledged(outcome, timeoutMs, { isEmpty: request.events.length === 0 });
    },
    commitDelete: (request) => acknowledged(writer.delete(request), usualTimeoutMs),
    setQuorum: (isThere) => {
      withoutQuorumFrom = isThere ? everything : log.visible();
      relimit();
      wake();
    },
    release: () => {
      endHolds();
      relimit();
    },
    abandon: () => {
      // Their timeouts are left to them.
      waiting.clear();
      log.forgetUnseen();
      writer.forget();
      endHolds();
      relimit();
    },
  };
};
