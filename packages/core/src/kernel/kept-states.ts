/** State kept between commands, so that a warm process reads nothing but what others wrote. Never the truth: any doubt reads the log. */
import type { Codec } from "./codec.ts";
import type { Decider, DomainEvent } from "./decider.ts";
import type { EventEnvelope, StreamHead } from "./event.ts";
import type { EventStore, Warning } from "./event-store.ts";
import { isStoreFault, StoreFault } from "./faults.ts";
import {
  deciderFold,
  type Folded,
  type FoldSpec,
  foldOnto,
  loadFold,
  saveFoldUnlessStray,
  sharedFold,
  takeIn,
} from "./fold.ts";
import type { CancelSignal } from "./ports.ts";
import { noSnapshots, type SnapshotStore } from "./snapshots.ts";
import { isDecidedAgainst, strayWarning } from "./stray-heads.ts";

export interface KeptStatesOptions<State, Event extends DomainEvent> {
  readonly store: EventStore;
  readonly decider: Pick<
    Decider<never, State, Event, unknown>,
    "category" | "version" | "initial" | "evolve" | "evolution" | "evolveInPlace"
  >;
  readonly codec: Codec<Event>;
  readonly snapshots: SnapshotStore;
  readonly snapshotEvery: number;
  readonly keptStreams: number;
  /** Called where something was remembered of a stream that its log does not hold. */
  readonly onStray?: ((warning: Warning) => void) | undefined;
}

export interface KeptStates<State> {
  /** What is kept of a stream; it may be behind the log. */
  get(stream: string): Folded<State> | undefined;
  /**
   * The state of a stream of which nothing is kept. Those who ask while it is being read get it too, although the log may
   * have grown since the reading began: then it is not `isFresh`.
   */
  begin(
    stream: string,
    signal?: CancelSignal,
  ): Promise<{ readonly known: Folded<State>; readonly isFresh: boolean }>;
  /** The state as the log has it now. Throws `LOG_CORRUPT` if the log lacks events. */
  refresh(stream: string, signal?: CancelSignal): Promise<Folded<State>>;
  /**
   * The state at a head as the log has it, whatever is kept. Throws `LOG_CORRUPT` if the log lacks events before it, and
   * `LOG_REPLACED` if it holds another event there.
   */
  readTo(stream: string, head: StreamHead): Promise<Folded<State>>;
  /** A new state with events taken in; the old one stays as it was. */
  evolve(folded: Folded<State>, events: readonly EventEnvelope[]): Folded<State>;
  /** Keeps a state unless a newer one is kept, and writes a snapshot when one is due. */
  advance(stream: string, folded: Folded<State>): Promise<void>;
  forget(stream: string): void;
  /** What was remembered of a stream and is not in its log, until it is taken for a receipt. */
  takeWarnings(stream: string): readonly Warning[];
}

export const keptStates = <State, Event extends DomainEvent>({
  store,
  decider,
  codec,
  snapshots,
  snapshotEvery,
  keptStreams,
  onStray,
}: KeptStatesOptions<State, Event>): KeptStates<State> => {
  const privateSpec = deciderFold(decider, codec);
  // What is kept is shared with receipts, so it is never changed in place.
  const sharedSpec: FoldSpec<State> = sharedFold(decider, codec);
  const kept = new Map<string, Folded<State>>();
  /** The revision of the last snapshot that was written; commands that are proven together would each write one. */
  const saved = new Map<string, number>();
  /** Kept whatever else is forgotten: once the state is read anew, nothing in memory tells of it. */
  const strays = new Map<string, Warning>();
  const noteStray = (stream: string, remembered: StreamHead, end: StreamHead): void => {
    const warning = strayWarning(stream, remembered, end);
    strays.set(stream, warning);
    onStray?.(warning);
  };

  const keep = (stream: string, folded: Folded<State>): Folded<State> => {
    kept.delete(stream);
    kept.set(stream, folded);
    const eldest = kept.size > keptStreams ? kept.keys().next().value : undefined;
    if (eldest !== undefined) forget(eldest);
    return folded;
  };
  const forget = (stream: string): void => {
    kept.delete(stream);
    saved.delete(stream);
  };

  const beginnings = new Map<string, Promise<Folded<State>>>();
  /** A signal ends the reading of the one who gave it and of nobody else, so that one reads alone. */
  const begin: KeptStates<State>["begin"] = async (stream, signal) => {
    if (signal !== undefined) return { known: await refresh(stream, signal), isFresh: true };
    const begun = beginnings.get(stream);
    if (begun !== undefined) return { known: await begun, isFresh: false };
    const reading = refresh(stream);
    beginnings.set(stream, reading);
    try {
      return { known: await reading, isFresh: true };
    } finally {
      beginnings.delete(stream);
    }
  };

  const refresh = async (stream: string, signal?: CancelSignal): Promise<Folded<State>> => {
    const folded = await read(stream, signal === undefined ? {} : { signal });
    if (folded.gaps > 0) {
      kept.delete(stream);
      throw lacksEvents(stream);
    }
    return keep(stream, folded);
  };

  const read = async (
    stream: string,
    options: { readonly signal?: CancelSignal },
  ): Promise<Folded<State>> => {
    const begun = kept.get(stream);
    if (begun === undefined) {
      const onStray = (remembered: StreamHead, end: StreamHead): void => noteStray(stream, remembered, end);
      return loadFold(store, stream, privateSpec, { snapshots, onStray, ...options });
    }
    try {
      return await foldOnto(store, stream, sharedSpec, begun, options);
    } catch (error) {
      kept.delete(stream);
      if (!isStoreFault(error) || error.code !== "LOG_REPLACED") throw error;
      const folded = await loadFold(store, stream, privateSpec, { snapshots: noSnapshots, ...options });
      if (folded.gaps === 0 && !(await isDecidedAgainst(store, stream, begun.head, options.signal)))
        noteStray(stream, begun.head, folded.head);
      return folded;
    }
  };

  const readTo: KeptStates<State>["readTo"] = async (stream, { revision, digest }) => {
    const folded = await loadFold(store, stream, privateSpec, { snapshots: noSnapshots, to: revision });
    if (folded.gaps > 0) throw lacksEvents(stream);
    if (folded.head.digest !== digest) throw standsElsewhere(stream, revision);
    return folded;
  };

  const advance = async (stream: string, folded: Folded<State>): Promise<void> => {
    const present = kept.get(stream);
    if (present === undefined || present.head.revision < folded.head.revision) keep(stream, folded);
    const { revision } = folded.head;
    if (folded.sinceSnapshot < snapshotEvery) return;
    if (revision - (saved.get(stream) ?? Number.NEGATIVE_INFINITY) < snapshotEvery) return;
    saved.set(stream, revision);
    const stray = await saveFoldUnlessStray(store, snapshots, stream, privateSpec, folded);
    if (stray !== undefined) noteStray(stream, stray, folded.head);
  };

  return {
    get: (stream) => kept.get(stream),
    begin,
    refresh,
    readTo,
    evolve: (folded, events) => takeIn(sharedSpec, folded, events),
    advance,
    forget,
    takeWarnings: (stream) => {
      const warning = strays.get(stream);
      if (warning === undefined) return noWarnings;
      strays.delete(stream);
      return [warning];
    },
  };
};

const noWarnings: readonly Warning[] = [];

const standsElsewhere = (stream: string, revision: number): StoreFault =>
  new StoreFault("LOG_REPLACED", `${stream} holds another event at revision ${revision} than was written`, {
    outcome: "unknown",
    retryable: true,
    hint: "Repeat the command with the same command id; it runs at most once.",
    details: { stream, revision },
  });

/** Nothing is decided on a state that lacks events: a claim could be granted twice. */
const lacksEvents = (stream: string): StoreFault =>
  new StoreFault("LOG_CORRUPT", `the log of ${stream} lacks events between those that can be read`, {
    outcome: "not_written",
    retryable: false,
    hint: "Keep the log as it is, and look at what `mled verify` says of it.",
    details: { stream },
  });
