/** The ledger: missions over a store, with a clock and an actor. One engine, two doors: `execute` throws, `attempt` answers. */
import * as E from "fp-ts/lib/Either.js";
import type { TaskEither } from "fp-ts/lib/TaskEither.js";
import type { CommandOptions } from "../kernel/command-handler.ts";
import { type ValuePath, valueAt } from "../kernel/differences.ts";
import type { StreamHead } from "../kernel/event.ts";
import type { EventBatch, EventStore, ReadOptions, Warning } from "../kernel/event-store.ts";
import { isStoreFault } from "../kernel/faults.ts";
import { deciderFold, type Folded, type FoldSpec, loadFold, saveFoldUnlessStray } from "../kernel/fold.ts";
import { commandHandler } from "../kernel/handle.ts";
import { changesOf, type ValueChange } from "../kernel/history.ts";
import { unkeptIn } from "../kernel/kept-in-json.ts";
import { type FoundMoment, findMoment, type Moment, revisionAt } from "../kernel/moment.ts";
import {
  type CancelSignal,
  type Clock,
  type Randomness,
  systemClock,
  systemRandomness,
  timestamp,
} from "../kernel/ports.ts";
import { type Projection, projectionFold } from "../kernel/projection.ts";
import type { NotDone, Receipt } from "../kernel/receipt.ts";
import { refuseFold } from "../kernel/refuse-unkept.ts";
import { noSnapshots, type SnapshotStore } from "../kernel/snapshots.ts";
import { strayWarning } from "../kernel/stray-heads.ts";
import type { MissionCommand, MissionRequest } from "./commands.ts";
import { mission } from "./decider.ts";
import { Conflicted, Refused } from "./errors.ts";
import { type MissionEvent, missionCodec } from "./events.ts";
import type { MissionRefusal } from "./refusals.ts";
import { findWorkPackage, type Mission } from "./state.ts";
import { missionCategory, missionStream, slugOfStream } from "./stream.ts";
import { undoing } from "./undo-request.ts";
import { type MissionDifference, missionDifferences, shownMission, shownWorkPackage } from "./views/shown.ts";

export type MissionReceipt = Receipt<Mission, MissionEvent>;
export type MissionNotDone = NotDone<MissionRefusal>;

/** A view of one mission, and which event it has seen last. */
export interface Seen<View> {
  readonly view: View;
  readonly head: StreamHead;
  /** Events this reader does not know; they are in the log and not in the view. */
  readonly unknownEvents: number;
  /** Breaks in the chain of events that was read; where there is one, the view is incomplete. */
  readonly gaps: number;
}

export interface LedgerOptions {
  readonly store: EventStore;
  /** @defaultValue none */
  readonly snapshots?: SnapshotStore;
  /** Events between two snapshots; few for processes that end after a command. @defaultValue 512 */
  readonly snapshotEvery?: number;
  /**
   * Events that a state or view was folded from since its snapshot, from which on reading it writes a new one: for a log that is
   * far away, and short-lived processes. @defaultValue reading writes nothing
   */
  readonly snapshotReadsEvery?: number;
  /**
   * Called where what is remembered of a mission is not in its log any more (`LOG_REPLACED`), by commands and by reading. The
   * next receipt of the mission says it as well. Must not throw. @defaultValue only receipts tell it
   */
  readonly onWarning?: (warning: Warning) => void;
  /** Who acts when a request does not say. */
  readonly actor: string;
  /** @defaultValue the system's */
  readonly clock?: Clock;
  /** @defaultValue the system's */
  readonly randomness?: Randomness;
}

export type RequestOptions = Partial<CommandOptions>;

export interface ViewOptions {
  /** Show the mission as it was then: at a revision, a position or a date. @defaultValue now */
  readonly at?: Moment;
  /** Read every event again instead of starting from a snapshot. @defaultValue false */
  readonly fromStart?: boolean;
  readonly signal?: CancelSignal;
}

export interface ExplainOptions {
  /** Whose field. @defaultValue the mission's own */
  readonly workPackageId?: string;
  /** Last moment looked at. @defaultValue now */
  readonly at?: Moment;
  readonly signal?: CancelSignal;
}

export interface MissionHandle {
  readonly slug: string;
  readonly stream: string;
  /** Runs a command. Throws {@link Refused}, {@link Conflicted} or a `StoreFault`; anything else is a defect. */
  execute(request: MissionRequest, options?: RequestOptions): Promise<MissionReceipt>;
  /** The same without throwing. Nothing happens until the task is run. */
  attempt(request: MissionRequest, options?: RequestOptions): TaskEither<MissionNotDone, MissionReceipt>;
  /**
   * The command that a request comes to as the log is now, and the revision it holds for, where that matters; for who wants to
   * know what deciding it would answer. Throws {@link Refused} for an undo of an event that is not there.
   */
  commandOf(
    request: MissionRequest,
    options?: Pick<RequestOptions, "actor" | "signal">,
  ): Promise<{ readonly command: MissionCommand; readonly revision?: number }>;
  /** The mission as the log has it now; `Absent` if there is none. A copy: changing it changes nothing. */
  state(signal?: CancelSignal): Promise<Mission>;
  /** The mission as it was at a moment; `Absent` if there was none yet. A copy. */
  stateAt(moment: Moment, signal?: CancelSignal): Promise<Mission>;
  /**
   * The events that made a field what it is, oldest first: each with the value before and after. `field` is a path into the
   * details of the work package, or into those of the mission where none is named; `[]` is all of them. Reads from the first event.
   */
  explain(field: ValuePath, options?: ExplainOptions): AsyncIterable<ValueChange>;
  /** What differs between two moments, by work package; now where the second one is left out. */
  diff(from: Moment, to?: Moment, signal?: CancelSignal): Promise<readonly MissionDifference[]>;
  /** Where a moment lies in this mission's events. A view and a state at `revision` are of that very moment. */
  findMoment(moment: Moment, signal?: CancelSignal): Promise<FoundMoment>;
  /** A projection of this mission: from its snapshot and what came since. Writes nothing. */
  view<View>(projection: Projection<View, MissionEvent>, options?: ViewOptions): Promise<Seen<View>>;
  /**
   * Writes the projection down, so that later views start from here. Does nothing for a view with gaps, nor in the place of one
   * whose last event is not in the log any more.
   */
  remember<View>(projection: Projection<View, MissionEvent>, seen: Seen<View>): Promise<void>;
  /** The mission's events as recorded. */
  history(options?: ReadOptions): AsyncIterable<EventBatch>;
}

export interface Ledger {
  readonly store: EventStore;
  readonly snapshots: SnapshotStore;
  readonly clock: Clock;
  /** Who acts when a request does not say. */
  readonly actor: string;
  mission(slug: string): MissionHandle;
  /** Slugs of all missions, sorted. */
  missions(): Promise<readonly string[]>;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export const ledgerOver = ({
  store,
  snapshots = noSnapshots,
  snapshotEvery,
  snapshotReadsEvery = Number.POSITIVE_INFINITY,
  actor,
  clock = systemClock,
  randomness = systemRandomness,
  onWarning,
}: LedgerOptions): Ledger => {
  const handler = commandHandler({
    store,
    decider: mission,
    codec: missionCodec,
    snapshots,
    randomness,
    ...(snapshotEvery === undefined ? {} : { snapshotEvery }),
    ...(onWarning === undefined ? {} : { onWarning }),
  });

  const savedByReading = new Map<string, number>();
  const rememberRead = async <State>(
    stream: string,
    spec: Pick<FoldSpec<State>, "name" | "version">,
    folded: Folded<State>,
  ): Promise<void> => {
    const { head, gaps, sinceSnapshot } = folded;
    if (gaps > 0 || sinceSnapshot < snapshotReadsEvery) return;
    const key = JSON.stringify([stream, spec.name]);
    if (head.revision - (savedByReading.get(key) ?? Number.NEGATIVE_INFINITY) < snapshotReadsEvery) return;
    savedByReading.set(key, head.revision);
    await saveFoldUnlessStray(store, snapshots, stream, spec, folded);
  };

  /** Throws `PROJECTION_FAILED` for a view that JSON does not keep. */
  const refuseOdd = async <State>(
    stream: string,
    spec: FoldSpec<State>,
    { state, head: { revision } }: Folded<State>,
    signal?: CancelSignal,
  ): Promise<void> => {
    const unkept = unkeptIn(state);
    if (unkept !== undefined) await refuseFold(store, stream, spec, unkept, { to: revision, signal });
  };

  const missionHandle = (slug: string): MissionHandle => {
    const stream = missionStream(slug);
    const asked = (by: string): Pick<MissionCommand, "actor" | "at"> => ({
      actor: by,
      at: timestamp(clock.now()),
    });
    const undo = undoing({ store, stream, slug, snapshots, actor, asked, attempt: handler.attempt });
    const stateAt: MissionHandle["stateAt"] = async (moment, signal) => {
      const cancel = signal === undefined ? {} : { signal };
      const to = await revisionAt(store, stream, moment, signal);
      const spec = deciderFold(mission, missionCodec);
      return (await loadFold(store, stream, spec, { snapshots, to, ...cancel })).state;
    };
    const attempt: MissionHandle["attempt"] = (request, options = {}) => {
      const by = options.actor ?? actor;
      if (request.type === "Undo") return undo.attempt(request, options);
      const command = Object.assign({}, request, asked(by)) as MissionCommand;
      const run = handler.attempt(stream, command, Object.assign({}, options, { actor: by }));
      return async () => E.mapLeft((reason: MissionNotDone) => nameMission(reason, slug))(await run());
    };
    return {
      slug,
      stream,
      attempt,
      execute: async (request, options) => {
        const outcome = await attempt(request, options)();
        if (E.isRight(outcome)) return outcome.right;
        const reason = outcome.left;
        if (isStoreFault(reason)) throw reason;
        throw reason._tag === "Conflict" ? new Conflicted(reason) : new Refused(reason);
      },
      commandOf: async (request, { actor: by = actor, signal } = {}) => {
        if (request.type !== "Undo") return { command: { ...request, ...asked(by) } as MissionCommand };
        const found = await undo.find(request, by, signal === undefined ? {} : { signal });
        if ("_tag" in found) throw new Refused(found);
        return found;
      },
      state: async (signal) => {
        const folded = await handler.load(stream, signal);
        await rememberRead(stream, deciderFold(mission, missionCodec), folded);
        return folded.state;
      },
      explain: async function* (field, { workPackageId, at, signal } = {}) {
        const to = at === undefined ? undefined : await revisionAt(store, stream, at, signal);
        const options = { ...(to === undefined ? {} : { to }), ...(signal === undefined ? {} : { signal }) };
        const detailsOf = (state: Mission): unknown => {
          if (state._tag === "Absent") return undefined;
          if (workPackageId === undefined) return shownMission(state);
          const found = findWorkPackage(state, workPackageId);
          return found === undefined ? undefined : shownWorkPackage(state, found);
        };
        const spec = deciderFold(mission, missionCodec);
        yield* changesOf(store, stream, spec, (state) => valueAt(detailsOf(state), field), options);
      },
      stateAt,
      diff: async (from, to, signal) => {
        const before = await stateAt(from, signal);
        const after =
          to === undefined ? (await handler.load(stream, signal)).state : await stateAt(to, signal);
        return missionDifferences(before, after);
      },
      findMoment: (moment, signal) => findMoment(store, stream, moment, signal),
      view: async (projection, { at, fromStart = false, signal } = {}) => {
        const to = at === undefined ? undefined : await revisionAt(store, stream, at, signal);
        const spec = projectionFold(projection, missionCodec);
        const folded = await loadFold(store, stream, spec, {
          snapshots: fromStart ? noSnapshots : snapshots,
          // Whom nobody hears need not read the log once more to be sure.
          ...(onWarning === undefined
            ? {}
            : { onStray: (remembered, end) => onWarning(strayWarning(stream, remembered, end)) }),
          ...(to === undefined ? {} : { to }),
          ...(signal === undefined ? {} : { signal }),
        });
        if (folded.sinceSnapshot > 0) await refuseOdd(stream, spec, folded, signal);
        if (to === undefined && !fromStart) await rememberRead(stream, projection, folded);
        const { state, head, unknownEvents, gaps } = folded;
        return { view: state, head, unknownEvents, gaps };
      },
      remember: async (projection, { view, head, unknownEvents, gaps }) => {
        if (gaps > 0) return;
        const folded = { state: view, head, unknownEvents, gaps, sinceSnapshot: 0 };
        await refuseOdd(stream, projectionFold(projection, missionCodec), folded);
        await saveFoldUnlessStray(store, snapshots, stream, projection, folded);
      },
      history: (options) => store.read(stream, options),
    };
  };

  return {
    store,
    snapshots,
    clock,
    actor,
    mission: missionHandle,
    missions: async () => (await store.streams(missionCategory)).map(slugOfStream),
    close: () => store.close(),
    [Symbol.asyncDispose]: () => store.close(),
  };
};

/** A mission that does not exist cannot name itself; the handle knows what it was asked for. */
const nameMission = (reason: MissionNotDone, slug: string): MissionNotDone =>
  !isStoreFault(reason) && reason._tag === "MissionNotFound" ? { ...reason, mission: slug } : reason;
