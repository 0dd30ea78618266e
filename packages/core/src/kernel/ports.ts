/** The small ports through which the kernel and the stores reach what is not pure. */

/** Milliseconds since the epoch. Only a label for what is recorded, and the judge of leases; it orders nothing. */
export interface Clock {
  now(): number;
}

/** Where fresh ids and jitter come from. */
export interface Randomness {
  /** A UUID that nobody has used. */
  uuid(): string;
  /** A number in [0, 1). */
  fraction(): number;
}

/**
 * Called with the name of each durable step just before it is done. In production it does nothing; a test throws, waits
 * or kills the process here. Synchronous, so that no step can slip in between.
 */
export type Failpoint = (name: string) => void;

/** The part of `AbortSignal` that the library uses, so that core needs no platform's types. Every `AbortSignal` is one. */
export interface CancelSignal {
  readonly aborted: boolean;
  throwIfAborted(): void;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

export const systemClock: Clock = { now: () => Date.now() };

export const systemRandomness: Randomness = {
  uuid: () => (globalThis as unknown as { crypto: { randomUUID(): string } }).crypto.randomUUID(),
  fraction: () => Math.random(),
};

/** Where waiting comes from, so that a test need not wait. */
export interface Timers {
  /** Runs once after so many milliseconds, unless the function that it answers is called before. */
  after(milliseconds: number, run: () => void): () => void;
}

const host = globalThis as unknown as {
  setTimeout(run: () => void, milliseconds: number): unknown;
  clearTimeout(timer: unknown): void;
};

export const systemTimers: Timers = {
  after: (milliseconds, run) => {
    const timer = host.setTimeout(run, milliseconds);
    return () => host.clearTimeout(timer);
  },
};

export const noFailpoint: Failpoint = () => {};

/** RFC 3339 in UTC with milliseconds: the one form in which times are recorded. */
export const timestamp = (milliseconds: number): string => new Date(milliseconds).toISOString();
