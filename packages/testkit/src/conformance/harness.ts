/** What a conformance case is, what it may ask of the world, and how one is run. */
import { type EventStore, isStoreFault, type StoreSupport } from "@mission-ledger/core";
import { ConformanceFailure } from "./failure.ts";

/** A fresh, empty store as `open` gives it; callers add what their `reopen` and `tamper` need. */
export interface OpenedStore {
  readonly store: EventStore;
  /** Frees what `open` made beside the store. The store itself is closed by the suite, before this. */
  dispose?(): Promise<void>;
}

/** What a case needs beyond the minimum: something the store claims, or something the caller offers. */
export type CaseNeed = keyof StoreSupport | "reopen" | "tamper";

export interface StoreSetup<Opened extends OpenedStore = OpenedStore> {
  /** Called once or more for every case; each answer is empty and shares nothing with another. */
  open(): Promise<Opened>;
  /** Another handle on the same data, while the first may still be open. Owed by every store that is durable or multiProcess. */
  reopen?(opened: Opened): Promise<EventStore>;
  /** Changes the stored data of an event behind the store's back, so that its content no longer yields its digest. */
  tamper?(opened: Opened, stream: string, revision: number): Promise<void>;
  /** What the store claims. Checked against `store.supports`, and decides which cases run. @defaultValue nothing */
  readonly supports?: Partial<StoreSupport>;
  /** How long a case waits for something that ought to happen. @defaultValue 10000 */
  readonly patienceMs?: number;
}

/** The world of one case. */
export interface CaseContext {
  readonly store: EventStore;
  readonly supports: StoreSupport;
  /** A second store that shares nothing with the first. */
  another(): Promise<EventStore>;
  reopen(): Promise<EventStore>;
  tamper(stream: string, revision: number): Promise<void>;
  /** Fails the case when `promise` is not settled in time. */
  inTime<A>(promise: Promise<A>, what: string): Promise<A>;
}

export interface StoreCase {
  /** A fact about every store; never renamed without reason, since mutants are caught by name. */
  readonly name: string;
  readonly needs?: CaseNeed;
  run(context: CaseContext): Promise<void>;
}

/** Whether a case says anything about the stores of this setup. */
export const isWanted = ({ needs }: StoreCase, { reopen, tamper, supports = {} }: StoreSetup): boolean => {
  if (needs === undefined) return true;
  if (needs === "reopen") return reopen !== undefined;
  if (needs === "tamper") return tamper !== undefined;
  return supports[needs] === true;
};

/** Runs one case in a world of its own. Throws {@link ConformanceFailure} when the store does not keep it. */
export const runStoreCase = async <Opened extends OpenedStore>(
  { run }: StoreCase,
  { open, reopen, tamper, supports = {}, patienceMs = 10_000 }: StoreSetup<Opened>,
): Promise<void> => {
  const handles: EventStore[] = [];
  const all: Opened[] = [];
  const openOne = async (): Promise<Opened> => {
    const opened = await open();
    all.push(opened);
    handles.push(opened.store);
    return opened;
  };
  try {
    const first = await openOne();
    await run({
      store: first.store,
      supports: {
        durable: false,
        multiProcess: false,
        decidesUnderLock: false,
        byteReadback: false,
        ...supports,
      },
      another: async () => (await openOne()).store,
      reopen: async () => {
        if (reopen === undefined) throw new ConformanceFailure("the setup offers no reopen");
        const store = await reopen(first);
        handles.push(store);
        return store;
      },
      tamper: async (stream, revision) => {
        if (tamper === undefined) throw new ConformanceFailure("the setup offers no tamper");
        await tamper(first, stream, revision);
      },
      inTime: (promise, what) => inTime(promise, what, patienceMs),
    });
  } finally {
    for (const store of handles.reverse()) await closeQuietly(store);
    for (const { dispose } of all.reverse()) await dispose?.();
  }
};

const closeQuietly = async (store: EventStore): Promise<void> => {
  try {
    await store.close();
  } catch (error) {
    if (!isStoreFault(error) || error.code !== "STORE_CLOSED") throw error;
  }
};

interface Timers {
  setTimeout(run: () => void, milliseconds: number): unknown;
  clearTimeout(timer: unknown): void;
}

const inTime = async <A>(promise: Promise<A>, what: string, patienceMs: number): Promise<A> => {
  const timers = globalThis as unknown as Timers;
  let timer: unknown;
  const deadline = new Promise<never>((_, reject) => {
    timer = timers.setTimeout(
      () => reject(new ConformanceFailure(`${what}: nothing happened in ${patienceMs} ms`)),
      patienceMs,
    );
  });
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    timers.clearTimeout(timer);
  }
};
