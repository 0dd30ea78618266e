/** An append on its way through a store: from the moment it is asked for until it has its answer. For stores that write several at once. */
import type { Draft } from "./event.ts";
import type { Appended, AppendRequest, Conflict } from "./event-store.ts";
import type { CancelSignal } from "./ports.ts";

export interface PendingAppend {
  readonly request: AppendRequest;
  /** Milliseconds that never step back, when it was asked for. */
  readonly since: number;
  readonly details: Readonly<Record<string, unknown>>;
  /** It has its answer; nothing may be written for it any more. */
  readonly settled: boolean;
  /** What it failed with. */
  readonly failure: unknown;
  answer(answer: Appended | Conflict): void;
  fail(error: unknown): void;
  /** From here on an abort is ignored: the write begins. */
  begin(): void;
  /** Called if it is aborted while it waits. */
  onAbort: (() => void) | undefined;
}

/** `promise` rejects with what the signal aborts with, at once, as long as the append only waits. */
export const pendingAppend = (
  request: AppendRequest,
  since: number,
): { readonly pending: PendingAppend; readonly promise: Promise<Appended | Conflict> } => {
  const { signal, commit } = request;
  let resolve: (answer: Appended | Conflict) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<Appended | Conflict>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  const begin = (): void => signal?.removeEventListener("abort", abort);
  const end = (): boolean => {
    if (pending.settled) return false;
    pending.settled = true;
    begin();
    return true;
  };
  const abort = (): void => {
    try {
      signal?.throwIfAborted();
    } catch (error) {
      pending.fail(error);
    }
    pending.onAbort?.();
  };
  const pending: Draft<PendingAppend> = {
    request,
    since,
    details: { stream: commit.stream, commandId: commit.commandId },
    settled: false,
    failure: undefined,
    answer: (answer) => {
      if (end()) resolve(answer);
    },
    fail: (error) => {
      if (!end()) return;
      pending.failure = error;
      reject(error);
    },
    begin,
    onAbort: undefined,
  };
  signal?.addEventListener("abort", abort);
  if (signal?.aborted) abort();
  return { pending, promise };
};

/** Aborts when none of them waits any more, so that nobody queues for a lock that nobody wants. */
export const whileWanted = (group: readonly PendingAppend[]): CancelSignal => new WhileWanted(group);

/** A class for its getter: each object of a literal with one is a hash table of its own (docs/adr/0024). */
class WhileWanted implements CancelSignal {
  readonly #group: readonly PendingAppend[];
  readonly #listeners = new Set<() => void>();

  constructor(group: readonly PendingAppend[]) {
    this.#group = group;
    for (const pending of group)
      pending.onAbort = () => {
        if (this.aborted) for (const listener of this.#listeners) listener();
      };
  }

  get aborted(): boolean {
    return this.#group.every(({ settled }) => settled);
  }

  throwIfAborted(): void {
    if (this.aborted) throw new NobodyWaits();
  }

  addEventListener(_type: "abort", listener: () => void): void {
    this.#listeners.add(listener);
  }

  removeEventListener(_type: "abort", listener: () => void): void {
    this.#listeners.delete(listener);
  }
}

/** Thrown to whoever waits for the lock on behalf of appends that were all aborted; nobody sees it. */
class NobodyWaits extends Error {}
