/**
 * One long history drawn from a seed: processes that die, calls that fail, power cuts, restarts on what was left; and at every
 * change of the disk some of the states that a cut could leave. Where enumerating ends, this goes on.
 */
import { isStoreFault } from "@mission-ledger/core";
import { seededRandomness } from "../seeded-randomness.ts";
import { judgeStore } from "./crash-checks.ts";
import { crashStates } from "./crash-states.ts";
import type { CallFault, Intercept } from "./disk-calls.ts";
import { type CrashFailure, type ExploreCrashesOptions, isPossible } from "./explore-crashes.ts";
import { type CrashCommand, crashStream, History, type HistoryView } from "./history.ts";
import { SimulatedDisk } from "./simulated-disk.ts";

export interface DrawCrashesOptions
  extends Pick<ExploreCrashesOptions, "open" | "disk">,
    Required<Pick<ExploreCrashesOptions, "look">> {
  readonly seed: number;
  /** Commands until the history ends. @defaultValue 6 */
  readonly commands?: number;
  /** States drawn at each change of the disk. @defaultValue 32 */
  readonly draws?: number;
  /** Of the drawn states, every how manieth is judged by a store that is opened on it. @defaultValue 100 */
  readonly judgeEvery?: number;
}

export interface DrawReport {
  readonly states: number;
  /** Of them those that were not drawn before: they were looked at. */
  readonly distinct: number;
  readonly judged: number;
  readonly lives: number;
  readonly powerCuts: number;
  readonly acknowledged: number;
  /** The history ended at damage that a cut had left in what was not acknowledged, for somebody to repair. */
  readonly leftForRepair: number;
  readonly failures: readonly CrashFailure[];
}

const mostLives = 16;
const errnos = ["EIO", "ENOSPC", "EMFILE", "EACCES"] as const;

/** A fault at a random call, in about two of three lives. */
const drawFaults = (fraction: () => number): Intercept => {
  const kind = fraction();
  const at = 1 + Math.floor(fraction() * 120);
  const share = fraction();
  const errno = errnos[Math.floor(fraction() * errnos.length)] as string;
  return ({ n, name, length }): CallFault | undefined => {
    if (n < at || kind > 0.66) return undefined;
    if (kind < 0.3) return n === at ? { _tag: "Dies", when: share < 0.5 ? "before" : "after" } : undefined;
    if (kind < 0.5) {
      const isTorn = name === "write" && length > 128;
      return isTorn ? { _tag: "Torn", bytes: Math.floor(share * length) } : undefined;
    }
    // Flushes that fail and then lie end a history, and have lives of their own.
    const mayFail = n === at && name !== "fdatasync" && name !== "fsync";
    return mayFail ? { _tag: "Errno", errno } : undefined;
  };
};

export const drawCrashes = async ({
  open,
  look,
  seed,
  commands = 6,
  draws = 32,
  judgeEvery = 100,
  disk: options = {},
}: DrawCrashesOptions): Promise<DrawReport> => {
  const { fraction } = seededRandomness(seed);
  const states = crashStates();
  const history = new History();
  const failures: CrashFailure[] = [];
  const known = new Set<string>();
  const counts = { states: 0, judged: 0, lives: 0, powerCuts: 0, leftForRepair: 0 };
  let disk = new SimulatedDisk(options);
  let made = 0;
  let isOver = false;

  const judge = async (
    on: SimulatedDisk,
    view: HistoryView,
    where: string,
    flushFailed = view.faults.some(({ code }) => code === "DURABILITY_UNKNOWN"),
  ): Promise<void> => {
    counts.judged += 1;
    const running = on.process();
    const isDamaged = look(running.files, crashStream).problems.length > 0;
    const store = await open(running.files);
    const { breaches } = await judgeStore(
      store,
      view,
      (code) => isDamaged || (code === "DURABILITY_UNKNOWN" && flushFailed),
    );
    failures.push(...breaches.map((breach) => ({ ...breach, where: `seed ${seed}, ${where}` })));
    await store.close();
    running.kill();
  };

  const live = async (): Promise<void> => {
    counts.lives += 1;
    const toJudge: (() => Promise<void>)[] = [];
    let seen = disk.version;
    // The store may set its mark before anybody is told of the fault, and the crash come between the two.
    let flushFailed = false;
    const faultOf = drawFaults(fraction);
    const running = disk.process({
      intercept: (call) => {
        const fault = faultOf(call);
        flushFailed ||= fault !== undefined && ["fdatasync", "fsync", "write"].includes(call.name);
        return fault;
      },
      onCall: ({ n, name, path }) => {
        if (disk.version === seen) return;
        seen = disk.version;
        const view = history.view();
        const snapshot = disk.snapshot();
        const { acknowledged, pending, isRefused } = view;
        const moment = `#${acknowledged.length}/${pending?.commandId}/${isRefused}`;
        for (let draw = 0; draw < draws; draw += 1) {
          counts.states += 1;
          const state = states.draw(snapshot, fraction);
          const key = state.key + moment;
          if (known.has(key)) continue;
          known.add(key);
          const left = state.mount();
          let isFine = false;
          try {
            isFine = isPossible(view, look(left.process().files, crashStream).head);
          } catch {
            // Judged below, and named there.
          }
          if (isFine && known.size % judgeEvery !== 0) continue;
          const where = `life ${counts.lives}, call ${n}, ${name} ${path}; ${state.describe()}`;
          const mayBeSuspect = flushFailed;
          toJudge.push(() => judge(left, view, where, mayBeSuspect));
        }
      },
    });
    try {
      const store = await open(running.files);
      while (made < commands || history.view().pending !== undefined) {
        const { pending } = history.view();
        const command: CrashCommand = {
          commandId: pending?.commandId ?? `c${made++}`,
          events: 1 + Math.floor(fraction() * 3),
          bytes: fraction() < 0.02 ? 5_000 : Math.floor(fraction() * 80),
        };
        if (!(await history.run(store, command, () => running.isAlive, 3))) break;
      }
      if (running.isAlive) await store.close();
    } catch (error) {
      if (running.isAlive && !isStoreFault(error)) history.untyped.push(String(error));
    }
    running.kill();
    for (const run of toJudge) {
      await run();
      if (failures.length > 0) return;
    }
  };

  while (!isOver && failures.length === 0 && counts.lives < mostLives) {
    await live();
    const { pending, faults } = history.view();
    // A disk with an error in the middle of a flush or a write keeps its writers out.
    const isSuspect = faults.some(({ code }) => code === "DURABILITY_UNKNOWN");
    if (fraction() < 0.4) {
      counts.powerCuts += 1;
      disk = states.draw(disk.snapshot(), fraction).mount();
    }
    const isDamaged = look(disk.process().files, crashStream).problems.length > 0;
    if (isDamaged) counts.leftForRepair += 1;
    isOver = isDamaged || isSuspect || (made >= commands && pending === undefined);
  }
  if (failures.length === 0) await judge(disk, history.view(), "its end");
  for (const what of history.untyped)
    failures.push({ check: "every answer is one of the four", what, where: `seed ${seed}` });
  return { ...counts, distinct: known.size, acknowledged: history.view().acknowledged.length, failures };
};
