/** Work that may take so long and no longer, among others who cannot be relied on to answer. */
import { type CancelSignal, systemTimers, type Timers } from "./ports.ts";

export interface LimitOptions {
  /** Milliseconds from now on. @defaultValue no limit */
  readonly withinMs?: number;
  readonly signal?: CancelSignal;
  readonly timers?: Timers;
}

/** Rejects what is waited for when the limit is reached. */
export class LimitReached extends Error {
  override readonly name = "LimitReached";
  readonly by: "signal" | "time";

  constructor(by: "signal" | "time") {
    super(by === "time" ? "the time for it is over" : "it was told to stop");
    this.by = by;
  }
}

export interface Limit {
  /** Aborted when the limit is reached: for those who listen. */
  readonly signal: CancelSignal;
  readonly reached: LimitReached | undefined;
  /** As the promise, or {@link LimitReached}. What the promise comes to afterwards is nobody's concern: it never goes unhandled. */
  within<A>(promise: Promise<A>): Promise<A>;
  /** As the iterable, or {@link LimitReached}. An iterable that is left early is told so and not waited for. */
  each<A>(iterable: AsyncIterable<A>): AsyncIterable<A>;
  /** Runs once after so many milliseconds, unless it is called off or the limit is reached before. */
  readonly after: Timers["after"];
  /** Resolves after so many milliseconds; rejects with {@link LimitReached}. */
  pause(milliseconds: number): Promise<void>;
  /** Lets go of the timer and the signal; nothing is cut off any more. */
  end(): void;
}

export const limitOf = ({ withinMs, signal, timers = systemTimers }: LimitOptions = {}): Limit => {
  const listeners = new Set<() => void>();
  let reached: LimitReached | undefined;
  const reach = (by: LimitReached["by"]): void => {
    if (reached !== undefined) return;
    reached = new LimitReached(by);
    for (const listener of [...listeners]) listener();
  };
  const onAbort = (): void => reach("signal");
  if (signal?.aborted === true) onAbort();
  signal?.addEventListener("abort", onAbort);
  const callOff = withinMs === undefined ? () => {} : timers.after(withinMs, () => reach("time"));

  const within: Limit["within"] = (promise) =>
    new Promise((resolve, reject) => {
      const cut = (): void => {
        listeners.delete(cut);
        reject(reached);
      };
      if (reached !== undefined) cut();
      else listeners.add(cut);
      promise.then(
        (value) => {
          listeners.delete(cut);
          resolve(value);
        },
        (error: unknown) => {
          listeners.delete(cut);
          reject(error);
        },
      );
    });

  async function* each<A>(iterable: AsyncIterable<A>): AsyncGenerator<A> {
    const iterator = iterable[Symbol.asyncIterator]();
    let ended = false;
    try {
      for (;;) {
        const next = await within(iterator.next());
        ended = next.done === true;
        if (next.done === true) return;
        yield next.value;
      }
    } finally {
      // Whoever does not answer would not answer to this either.
      if (!ended) iterator.return?.().then(undefined, () => {});
    }
  }

  return {
    signal: {
      get aborted() {
        return reached !== undefined;
      },
      throwIfAborted: () => {
        if (reached !== undefined) throw reached;
      },
      addEventListener: (_, listener) => {
        listeners.add(listener);
      },
      removeEventListener: (_, listener) => {
        listeners.delete(listener);
      },
    },
    get reached() {
      return reached;
    },
    within,
    each,
    after: (milliseconds, run) => timers.after(milliseconds, () => reached === undefined && run()),
    pause: (milliseconds) => {
      let cancel = (): void => {};
      const over = new Promise<void>((resolve) => {
        cancel = timers.after(milliseconds, resolve);
      });
      return within(over).finally(() => cancel());
    },
    end: () => {
      callOff();
      signal?.removeEventListener("abort", onAbort);
    },
  };
};
