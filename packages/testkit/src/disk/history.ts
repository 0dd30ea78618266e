/** What writers asked of a store, what they were told, and what therefore has to be found after a crash. */
import {
  type Appended,
  type Commit,
  type Conflict,
  digestOf,
  type EventStore,
  emptyHead,
  isStoreFault,
  type Outcome,
  type StreamHead,
  sealCommit,
} from "@mission-ledger/core";

/** A command of a life. The same id again is the same command again. */
export interface CrashCommand {
  readonly commandId: string;
  /** @defaultValue 1 */
  readonly events?: number;
  /** Of each event's data, about. @defaultValue 40 */
  readonly bytes?: number;
}

export interface FaultSeen {
  readonly commandId: string;
  readonly code: string;
  readonly outcome: Outcome;
}

/** What is known at one moment. */
export interface HistoryView {
  /** Acknowledged, in their order. */
  readonly acknowledged: readonly Commit[];
  /** Asked for and not acknowledged; at most one, since a writer goes on only after an answer. */
  readonly pending: Commit | undefined;
  /** Every try of the pending one was answered with `not_written`, and none is under way. */
  readonly isRefused: boolean;
  readonly faults: readonly FaultSeen[];
}

export const crashStream = "torture-1";

/** One try of a commit: append, then readback. Anything but an acknowledgement is thrown. */
export const appendOnce = async (store: EventStore, commit: Commit): Promise<Appended> => {
  const { firstRevision } = commit;
  const appended: Appended | Conflict = await store.append({
    commit,
    expected: firstRevision === 0 ? "no_stream" : firstRevision - 1,
  });
  if (appended._tag === "Conflict") throw new TypeError(conflictText(appended));
  const read = await store.readBack(appended);
  if ("_tag" in read) throw new TypeError(conflictText(read));
  return appended;
};

const conflictText = ({ actual }: Conflict): string =>
  `a conflict at revision ${actual.revision}, although nobody else writes`;

/** A writer that keeps the rules: one command after the other, and the same command id until there is an answer. */
export class History {
  #acknowledged: readonly Commit[] = [];
  #pending: Commit | undefined;
  #isRefused = true;
  #faults: readonly FaultSeen[] = [];
  /** What a store did that no store may, whatever the disk does. */
  readonly untyped: string[] = [];

  /** @param from what is known already; a new history goes on from there */
  constructor(from?: HistoryView) {
    if (from === undefined) return;
    this.#acknowledged = from.acknowledged;
    this.#pending = from.pending;
    this.#isRefused = from.isRefused;
  }

  view(): HistoryView {
    return {
      acknowledged: this.#acknowledged,
      pending: this.#pending,
      isRefused: this.#isRefused,
      faults: this.#faults,
    };
  }

  get head(): StreamHead {
    const last = this.#acknowledged.at(-1)?.events.at(-1);
    return last === undefined ? emptyHead : { revision: last.revision, digest: last.digest };
  }

  /** Tries a command up to `tries` times; answers whether it was acknowledged. */
  async run(store: EventStore, command: CrashCommand, isAlive: () => boolean, tries = 2): Promise<boolean> {
    const earlier = this.#acknowledged.find(({ commandId }) => commandId === command.commandId);
    const commit = earlier ?? this.#pending ?? commitFor(this.head, command);
    if (earlier === undefined && this.#pending === undefined) {
      this.#pending = commit;
      this.#isRefused = true;
    }
    for (let left = tries; left > 0 && isAlive(); left -= 1) {
      const wasRefused = this.#isRefused;
      if (earlier === undefined) this.#isRefused = false;
      try {
        const { repeated } = await appendOnce(store, commit);
        if (!isAlive()) return false;
        if (earlier !== undefined && !repeated)
          this.untyped.push(`${commit.commandId} was written again and not repeated`);
        if (earlier === undefined) {
          this.#acknowledged = [...this.#acknowledged, commit];
          this.#pending = undefined;
          this.#isRefused = true;
        }
        return true;
      } catch (error) {
        if (!isAlive()) return false;
        if (!isStoreFault(error)) {
          this.untyped.push(`${commit.commandId} was answered with ${String(error)}`);
          return false;
        }
        const { code, outcome } = error;
        this.#faults = [...this.#faults, { commandId: commit.commandId, code, outcome }];
        if (earlier === undefined) this.#isRefused = wasRefused && outcome === "not_written";
      }
    }
    return false;
  }
}

const filler = "0123456789abcdef";

const commitFor = (head: StreamHead, { commandId, events = 1, bytes = 40 }: CrashCommand): Commit =>
  sealCommit(
    head,
    {
      stream: crashStream,
      commandId,
      commandDigest: digestOf({ commandId }),
      recordedAt: "2026-01-01T00:00:00.000Z",
      actor: "torturer",
    },
    Array.from({ length: events }, (_, part) => ({
      type: "Tortured",
      version: 1,
      data: { part, filler: filler.repeat(Math.ceil(bytes / filler.length)).slice(0, bytes) },
    })),
  );
