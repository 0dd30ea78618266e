/**
 * Runs a few commands on a simulated disk, cuts the power after every call that changed it, and looks at every disk that can
 * be left: what was acknowledged is there, nothing is there twice or half, and a retry ends in exactly one.
 */
import { type EventStore, isStoreFault, type StreamHead } from "@mission-ledger/core";
import { type Breach, type CrashCheck, crashChecks, judgeStore } from "./crash-checks.ts";
import { type CrashGrain, type CrashState, crashStates } from "./crash-states.ts";
import type { DiskCall, Intercept } from "./disk-calls.ts";
import type { SimulatedFiles } from "./file-port.ts";
import { type CrashCommand, crashStream, History, type HistoryView } from "./history.ts";
import { type DiskSnapshot, SimulatedDisk, type SimulatedDiskOptions } from "./simulated-disk.ts";

/** One process from its start to its end; the next one finds the disk as it was left, cache and all. */
export interface Life {
  readonly commands: readonly CrashCommand[];
  /** What its calls meet. A new one for each run, since it may count. @defaultValue nothing */
  readonly faults?: () => Intercept;
  /** How often a command is tried before the life goes on. @defaultValue 2 */
  readonly tries?: number;
  /** The faults leave damage in what was written, so finding some is no fault of the store. @defaultValue false */
  readonly doesDamage?: boolean;
}

/** What a reader without a lock sees of a log at a glance. */
export interface Glance {
  readonly head: StreamHead;
  /** Anything that keeps writers out until somebody repairs the log. */
  readonly problems: readonly string[];
}

export interface ExploreCrashesOptions {
  /** Opens the store on a disk, as a new process would. */
  readonly open: (files: SimulatedFiles) => EventStore | Promise<EventStore>;
  /**
   * Looks at a log synchronously. Every distinct disk is looked at; without it, every distinct disk is judged by a store
   * that is opened on it, which takes about ten times as long.
   */
  readonly look?: (files: SimulatedFiles, stream: string) => Glance;
  /** @defaultValue one life: a command with one event, one with two, and the first again */
  readonly lives?: readonly Life[];
  /**
   * Begin where a command `c0` was acknowledged and everything flushed, so that not every state is multiplied by those of a
   * store that is just being made. @defaultValue false
   */
  readonly isSettled?: boolean;
  /** @defaultValue `every byte` */
  readonly grain?: CrashGrain;
  /** Of the disks that were looked at, every how manieth is judged by a store opened on it. @defaultValue 1 */
  readonly judgeEvery?: number;
  /** @defaultValue all */
  readonly checks?: readonly CrashCheck[];
  /** Asked between moments: stops early, and says so. @defaultValue never */
  readonly isOver?: () => boolean;
  /** Stops after so many. @defaultValue 10 */
  readonly mostFailures?: number;
  readonly disk?: SimulatedDiskOptions;
}

export interface CrashFailure extends Breach {
  /** The call after which the power went, and what was lost. */
  readonly where: string;
}

export interface CrashReport {
  /** Moments at which the power went. */
  readonly crashPoints: number;
  /** Disks that could be left, over all moments. */
  readonly states: number;
  /** Of them those that differ in what they hold or in what had been acknowledged. */
  readonly distinct: number;
  /** Of the distinct ones those on which a store was opened and every command tried again. */
  readonly judged: number;
  /** Retries that were turned away because of a damage that the crash had left, for somebody to repair. */
  readonly leftForRepair: number;
  /** Whether really every state was among them. */
  readonly isExhaustive: boolean;
  readonly failures: readonly CrashFailure[];
  /** What each command was answered in the run itself. */
  readonly history: HistoryView;
}

export const usualLives: readonly Life[] = [
  { commands: [{ commandId: "c1" }, { commandId: "c2", events: 2 }, { commandId: "c1" }] },
];

interface CrashPoint {
  readonly call: string;
  readonly snapshot: DiskSnapshot;
  readonly view: HistoryView;
}

const describeCall = (life: number, { n, name, path }: DiskCall): string =>
  `life ${life + 1}, call ${n}, ${name} ${path}`;

/** Runs the lives; answers every moment at which a crash would leave something new. */
const record = async (
  { open, isSettled = false, disk: options = {} }: ExploreCrashesOptions,
  lives: readonly Life[],
  history: History,
): Promise<readonly CrashPoint[]> => {
  const disk = new SimulatedDisk(options);
  const points: CrashPoint[] = [];
  if (isSettled) {
    const first = disk.process();
    const store = await open(first.files);
    await history.run(store, { commandId: "c0" }, () => true);
    await store.close();
    first.kill();
    disk.sync();
  }
  let seen = -1;
  let known: HistoryView | undefined;
  const mark = (call: string): void => {
    const view = history.view();
    const isNew =
      disk.version !== seen ||
      known?.acknowledged !== view.acknowledged ||
      known.pending !== view.pending ||
      known.isRefused !== view.isRefused;
    if (!isNew) return;
    seen = disk.version;
    known = view;
    points.push({ call, snapshot: disk.snapshot(), view });
  };
  for (const [index, { commands, faults, tries }] of lives.entries()) {
    let latest = `life ${index + 1}, its start`;
    const running = disk.process({
      ...(faults === undefined ? {} : { intercept: faults() }),
      onCall: (call) => {
        latest = describeCall(index, call);
        mark(latest);
      },
    });
    const isAlive = (): boolean => running.isAlive;
    try {
      const store = await open(running.files);
      for (const command of commands) {
        const isDone = await history.run(store, command, isAlive, tries);
        mark(`${latest}, and its answer`);
        if (!isDone) break;
      }
      if (isAlive()) await store.close();
    } catch (error) {
      // A dead process tells nobody anything.
      if (isAlive() && !isStoreFault(error)) history.untyped.push(String(error));
    }
    running.kill();
    mark(`${latest}, and the end of the process`);
  }
  return points;
};

export const exploreCrashes = async (options: ExploreCrashesOptions): Promise<CrashReport> => {
  const { open, look, lives = usualLives, judgeEvery = 1, checks = crashChecks, mostFailures = 10 } = options;
  const { grain = "every byte", isOver = () => false } = options;
  const history = new History();
  const points = await record(options, lives, history);
  const failures: CrashFailure[] = [];
  const fail = ({ check, what }: Breach, where: string): void => {
    if (checks.includes(check)) failures.push({ check, what, where });
  };
  for (const what of history.untyped)
    fail({ check: "every answer is one of the four", what }, "the run itself");

  const states = crashStates();
  const known = new Set<string>();
  const counts = { states: 0, judged: 0, leftForRepair: 0 };
  let isExhaustive = true;
  const flushFailed = history.view().faults.some(({ code }) => code === "DURABILITY_UNKNOWN");
  const mayBeDamaged = lives.some(({ doesDamage = false }) => doesDamage);

  interface Suspect {
    readonly disk: SimulatedDisk;
    readonly where: () => string;
    readonly isDamaged: boolean;
  }
  /** Whether a glance is as it should be: then only some disks are judged by a store. */
  const glance = (
    files: SimulatedFiles,
    view: HistoryView,
  ): { readonly isFine: boolean; readonly isDamaged: boolean } => {
    if (look === undefined) return { isFine: false, isDamaged: false };
    try {
      const { head, problems } = look(files, crashStream);
      return { isFine: isPossible(view, head), isDamaged: problems.length > 0 };
    } catch {
      return { isFine: false, isDamaged: false };
    }
  };
  const judge = async ({ disk, where, isDamaged }: Suspect, view: HistoryView): Promise<void> => {
    counts.judged += 1;
    const running = disk.process();
    const mayRefuse = (code: string): boolean => isDamaged || (code === "DURABILITY_UNKNOWN" && flushFailed);
    try {
      const store = await open(running.files);
      const { breaches, refusal } = await judgeStore(store, view, mayRefuse);
      for (const breach of breaches) fail(breach, where());
      if (refusal !== undefined) counts.leftForRepair += 1;
      await store.close();
    } catch (error) {
      fail({ check: "the log can be read", what: String(error) }, where());
    }
    running.kill();
  };

  for (const { call, snapshot, view } of points) {
    if (isOver()) {
      isExhaustive = false;
      break;
    }
    const suspects: Suspect[] = [];
    const moment = `#${view.acknowledged.length}${view.pending === undefined ? "" : view.isRefused ? "-" : "?"}`;
    const visit = (state: CrashState): void => {
      counts.states += 1;
      const key = state.key + moment;
      const isKnown = known.has(key);
      // The same disk can come of several losses, one of which is none.
      if (isKnown && !state.isWhole) return;
      known.add(key);
      const disk = state.mount();
      const { isFine, isDamaged } = glance(disk.process().files, view);
      if (isDamaged && state.isWhole && !mayBeDamaged)
        fail(
          { check: "only the disk does damage", what: "nothing was lost, and the log is damaged" },
          `after ${call}`,
        );
      if (isKnown || (isFine && known.size % judgeEvery !== 0)) return;
      const text = state.describe();
      suspects.push({ disk, isDamaged, where: () => `after ${call}; ${text}` });
    };
    if (!states.all(snapshot, visit, grain)) isExhaustive = false;
    for (const suspect of suspects) {
      await judge(suspect, view);
      if (failures.length >= mostFailures) break;
    }
    if (failures.length >= mostFailures) break;
  }
  return {
    crashPoints: points.length,
    ...counts,
    distinct: known.size,
    isExhaustive: isExhaustive && failures.length < mostFailures,
    failures,
    history: history.view(),
  };
};

/** Whether a stream may end here: behind what was acknowledged, or behind what may have been written besides. */
export const isPossible = ({ acknowledged, pending, isRefused }: HistoryView, head: StreamHead): boolean => {
  const last = acknowledged.at(-1)?.events.at(-1);
  if (head.revision === (last?.revision ?? -1) && head.digest === (last?.digest ?? null)) return true;
  const next = isRefused ? undefined : pending?.events.at(-1);
  return next !== undefined && head.revision === next.revision && head.digest === next.digest;
};
