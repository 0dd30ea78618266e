/** What a case about a cache is (snapshots, views), what it may ask of the world, and how one is run. */
import { ConformanceFailure } from "./failure.ts";

/** A fresh, empty cache as `open` gives it; callers add what their `reopen` and `damage` need. */
export interface OpenedCache<Cache> {
  readonly cache: Cache;
  /** Frees what `open` made. */
  dispose?(): Promise<void> | void;
}

/** What a case needs beyond the minimum: something the cache offers, or something the caller does. */
export type CacheNeed = "reopen" | "damage" | "unwritable" | "sets" | "drop";

export interface CacheSetup<Cache, Opened extends OpenedCache<Cache> = OpenedCache<Cache>> {
  /** Called once or more for every case; each answer is empty and shares nothing with another. */
  open(): Promise<Opened>;
  /** Another handle on the same data, while the first may still be in use. Owed by every cache that outlives its process. */
  reopen?(opened: Opened): Promise<Cache>;
  /** Damages everything that is stored behind the cache's back, in its content and not in its length. */
  damage?(opened: Opened): Promise<void> | void;
  /** A cache on a place that cannot be written. */
  unwritable?(): Promise<Cache>;
}

/** The world of one case. */
export interface CacheContext<Cache> {
  readonly cache: Cache;
  /** A second cache that shares nothing with the first. */
  another(): Promise<Cache>;
  reopen(): Promise<Cache>;
  damage(): Promise<void>;
  unwritable(): Promise<Cache>;
}

export interface CacheCase<Cache> {
  /** A fact about every cache of its kind; never renamed without reason, since mutants are caught by name. */
  readonly name: string;
  readonly needs?: CacheNeed;
  run(context: CacheContext<Cache>): Promise<void>;
}

/** Runs one case in a world of its own. Throws {@link ConformanceFailure} when the cache does not keep it. */
export const runCacheCase = async <Cache, Opened extends OpenedCache<Cache>>(
  { run }: CacheCase<Cache>,
  { open, reopen, damage, unwritable }: CacheSetup<Cache, Opened>,
): Promise<void> => {
  const all: Opened[] = [];
  const openOne = async (): Promise<Opened> => {
    const opened = await open();
    all.push(opened);
    return opened;
  };
  const offered = <A>(what: A | undefined, name: string): A => {
    if (what === undefined) throw new ConformanceFailure(`the setup offers no ${name}`);
    return what;
  };
  try {
    const first = await openOne();
    await run({
      cache: first.cache,
      another: async () => (await openOne()).cache,
      reopen: () => offered(reopen, "reopen")(first),
      damage: async () => offered(damage, "damage")(first),
      unwritable: () => offered(unwritable, "unwritable")(),
    });
  } finally {
    for (const { dispose } of all.reverse()) await dispose?.();
  }
};

export interface CacheConformanceOptions<Cache, Opened extends OpenedCache<Cache>>
  extends CacheSetup<Cache, Opened> {
  describe(title: string, body: () => void): unknown;
  it(title: string, body: () => Promise<void>): unknown;
  /** What the cache offers beyond the minimum; decides which cases run. @defaultValue nothing */
  readonly offers?: readonly ("sets" | "drop")[];
  readonly title?: string;
}

/** Registers the cases whose needs are met with the caller's test runner. */
export const registerCacheCases = <Cache, Opened extends OpenedCache<Cache>>(
  cases: readonly CacheCase<Cache>[],
  title: string,
  options: CacheConformanceOptions<Cache, Opened>,
): void => {
  const { describe, it, offers = [], reopen, damage, unwritable } = options;
  const met: Readonly<Record<CacheNeed, boolean>> = {
    reopen: reopen !== undefined,
    damage: damage !== undefined,
    unwritable: unwritable !== undefined,
    sets: offers.includes("sets"),
    drop: offers.includes("drop"),
  };
  describe(options.title ?? title, () => {
    for (const cacheCase of cases)
      if (cacheCase.needs === undefined || met[cacheCase.needs])
        it(cacheCase.name, () => runCacheCase(cacheCase, options));
  });
};
