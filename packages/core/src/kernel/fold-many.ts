/** Many folds of one stream in one pass: each event is read once and decoded once, whoever takes it in. */
import { type Codec, knowsShape } from "./codec.ts";
import type { DomainEvent } from "./decider.ts";
import type { EventEnvelope, StreamHead } from "./event.ts";
import type { EventStore, ReadOptions, ScanSink, WantedFields } from "./event-store.ts";
import { emptyFold, type Folded, type FoldSpec, headAfter } from "./fold.ts";
import type { CancelSignal } from "./ports.ts";
import { projectionFailed } from "./projection-failed.ts";
import { joinWanted } from "./wanted.ts";

export interface FoldManyOptions {
  /** What to go on from, in the order of the specs and all at one head; the states are taken over. @defaultValue the start */
  readonly begun?: readonly Folded<unknown>[];
  /** Last revision wanted, inclusive. @defaultValue the end of the stream */
  readonly to?: number;
  readonly signal?: CancelSignal;
}

/**
 * What {@link loadFold} answers for each of the specs, from one reading of the stream. Throws `PROJECTION_FAILED` for what a
 * spec throws, and `LOG_REPLACED` if what was begun with is not in the log.
 */
export const foldMany = async (
  store: EventStore,
  stream: string,
  specs: readonly FoldSpec<unknown>[],
  { begun = specs.map(emptyFold), to, signal }: FoldManyOptions = {},
): Promise<readonly Folded<unknown>[]> => {
  const [first] = begun;
  if (first === undefined) return [];
  if (begun.length !== specs.length || begun.some(({ head }) => head.digest !== first.head.digest))
    throw new RangeError("folds that go on together begin together, one for each spec");
  const folds = foldTogether(planOf(specs), begun);
  const options = {
    after: first.head,
    ...(to === undefined ? {} : { to }),
    ...(signal === undefined ? {} : { signal }),
  };
  try {
    return await foldAll(store, stream, folds, options);
  } catch (error) {
    throw error instanceof Thrown ? await faultOf(error, store) : error;
  }
};

const foldAll = async (
  store: EventStore,
  stream: string,
  folds: Together,
  options: ReadOptions & { readonly after: StreamHead },
): Promise<readonly Folded<unknown>[]> => {
  const { wanted } = folds;
  if (store.scan !== undefined && wanted !== undefined) {
    const { head, events, gaps } = await store.scan(stream, { ...options, wanted }, folds);
    return folds.end(head, events, gaps);
  }
  let head = options.after;
  let events = 0;
  let gaps = 0;
  for await (const batch of store.read(stream, options)) {
    for (const event of batch) {
      if (event.previous !== head.digest || event.revision !== head.revision + 1) gaps += 1;
      folds.read(event);
      head = headAfter(event);
    }
    events += batch.length;
  }
  return folds.end(head, events, gaps);
};

/** What a fold threw, on its way through a store that knows nothing of folds. */
class Thrown {
  readonly spec: FoldSpec<unknown>;
  readonly event: EventEnvelope;
  readonly cause: unknown;

  constructor(spec: FoldSpec<unknown>, event: EventEnvelope, cause: unknown) {
    this.spec = spec;
    this.event = event;
    this.cause = cause;
  }
}

const faultOf = async ({ spec, event, cause }: Thrown, store: EventStore): Promise<unknown> =>
  projectionFailed(spec, { ...event, id: event.id ?? (await idOf(event, store)) }, cause);

/** A scan hands over no id that no fold wants. */
const idOf = async ({ stream, revision }: EventEnvelope, store: EventStore): Promise<string> => {
  for await (const batch of store.read(stream, { to: revision }))
    for (const event of batch) if (event.revision === revision) return event.id;
  return "";
};

interface Together extends ScanSink {
  readonly wanted: ReadonlyMap<string, WantedFields> | undefined;
  /** Takes in an event that others may hold. */
  read(event: EventEnvelope): void;
  end(head: StreamHead, events: number, gaps: number): readonly Folded<unknown>[];
}

/** What an event of one type means for folds that share a codec. */
interface Run {
  /** The first of these folds. */
  readonly first: number;
  readonly codec: Codec<DomainEvent>;
  readonly steps: readonly {
    readonly at: number;
    readonly step: (state: unknown, event: DomainEvent, meta: EventEnvelope) => unknown;
  }[];
  /** Folds to which the event says nothing, as long as they know it. */
  readonly bystanders: readonly number[];
}

interface TypePlan {
  readonly runs: readonly Run[];
  /** Every version from 1 to this is known to all of them. */
  readonly knownUpTo: number;
}

/** What specs mean together; the same for every stream that is folded with them. */
interface Plan {
  readonly specs: readonly FoldSpec<unknown>[];
  readonly wanted: ReadonlyMap<string, WantedFields> | undefined;
  /** Folds that decode for themselves. */
  readonly whole: readonly (readonly [number, FoldSpec<unknown>])[];
  ofType(type: string): TypePlan;
}

const plans = new WeakMap<readonly FoldSpec<unknown>[], Plan>();

const planOf = (specs: readonly FoldSpec<unknown>[]): Plan => {
  const known = plans.get(specs);
  if (known !== undefined) return known;
  const plan = planFor(specs);
  plans.set(specs, plan);
  return plan;
};

const planFor = (specs: readonly FoldSpec<unknown>[]): Plan => {
  const wishes = specs.map(wishOf);
  const byCodec = new Map<Codec<DomainEvent>, number[]>();
  for (const [at, { decoded }] of specs.entries()) {
    if (decoded === undefined) continue;
    const together = byCodec.get(decoded.codec);
    if (together === undefined) byCodec.set(decoded.codec, [at]);
    else together.push(at);
  }
  const planType = (type: string): TypePlan => ({
    runs: Array.from(byCodec, ([codec, folds]) => {
      const found = folds.map((at) => ({ at, step: specs[at]?.decoded?.stepOf(type) }));
      return {
        first: folds[0] as number,
        codec,
        steps: found.filter((entry): entry is Run["steps"][number] => entry.step !== undefined),
        bystanders: found.filter(({ step }) => step === undefined).map(({ at }) => at),
      };
    }),
    knownUpTo: Math.min(...Array.from(byCodec.keys(), ({ versions }) => versions?.get(type) ?? 0)),
  });
  const types = new Map<string, TypePlan>();
  return {
    specs,
    wanted: wishes.every((wish) => wish !== undefined) ? joinWanted(wishes) : undefined,
    whole: [...specs.entries()].filter(([, { decoded }]) => decoded === undefined),
    ofType: (type) => {
      const known = types.get(type);
      if (known !== undefined) return known;
      const plan = planType(type);
      if (types.size < mostTypes) types.set(type, plan);
      return plan;
    },
  };
};

/** A fold that cannot say what it wants, or what it knows, has to see everything. */
const wishOf = ({ wanted, decoded }: FoldSpec<unknown>): ReadonlyMap<string, WantedFields> | undefined =>
  decoded?.codec.versions === undefined ? undefined : wanted;

const foldTogether = (
  { specs, wanted, whole, ofType }: Plan,
  begun: readonly Folded<unknown>[],
): Together => {
  const states = begun.map(({ state }) => state);
  const unknown = begun.map(({ unknownEvents }) => unknownEvents);

  const settle = (at: number, next: unknown): void => {
    if (next === undefined) unknown[at] = (unknown[at] as number) + 1;
    else states[at] = next;
  };
  const nobodyKnows = ({ steps, bystanders }: Run): void => {
    for (const { at } of steps) settle(at, undefined);
    for (const at of bystanders) settle(at, undefined);
  };

  const runSteps = ({ codec, steps }: Run, event: EventEnvelope, isOwn: boolean): boolean => {
    const decoded = isOwn && codec.decodeOwn !== undefined ? codec.decodeOwn(event) : codec.decode(event);
    if (decoded._tag === "Unknown") return false;
    for (let index = 0; index < steps.length; index += 1) {
      const { at, step } = steps[index] as Run["steps"][number];
      under = at;
      settle(at, step(states[at], decoded.event, event));
    }
    return true;
  };
  const onlyKnows = ({ codec }: Run, event: EventEnvelope): boolean =>
    codec.versions === undefined ? codec.decode(event)._tag === "Known" : knowsShape(codec.versions, event);

  /** The fold that is at work, for the error that names it. */
  let under = 0;
  const step = (event: EventEnvelope, isOwn: boolean): void => {
    try {
      const runs = ofType(event.type).runs;
      for (let index = 0; index < runs.length; index += 1) {
        const run = runs[index] as Run;
        under = run.first;
        const isKnown = run.steps.length > 0 ? runSteps(run, event, isOwn) : onlyKnows(run, event);
        if (!isKnown) nobodyKnows(run);
      }
      for (let index = 0; index < whole.length; index += 1) {
        const [at, spec] = whole[index] as (typeof whole)[number];
        under = at;
        settle(at, spec.stepInPlace(states[at], event));
      }
    } catch (error) {
      throw new Thrown(specs[under] as FoldSpec<unknown>, event, error);
    }
  };

  return {
    wanted,
    // A scan's events belong to whoever takes them.
    take: (event) => step(event, true),
    read: (event) => step(event, false),
    // Only comes where every fold has a codec that names its versions.
    pass: (type, version) => {
      const { runs, knownUpTo } = ofType(type);
      if (version >= 1 && version <= knownUpTo) return;
      for (const run of runs)
        if (!knowsShape(run.codec.versions ?? noVersions, { type, version })) nobodyKnows(run);
    },
    end: (head, events, gaps) =>
      begun.map((fold, at) => ({
        head,
        state: states[at],
        unknownEvents: unknown[at] as number,
        gaps: fold.gaps + gaps,
        sinceSnapshot: fold.sinceSnapshot + events,
      })),
  };
};

/** A log may hold any number of names; folds know a few dozen. */
const mostTypes = 256;
const noVersions: ReadonlyMap<string, number> = new Map();
