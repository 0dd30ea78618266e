/**
 * Processes that make transitions of missions while SIGKILL falls on them at random moments, and what they were promised held
 * against the log: on any store that several processes can open.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import type { EventStore } from "@mission-ledger/core";
import { ledgerOver } from "@mission-ledger/core/mission";
import { planMission } from "./planned-mission.ts";
import { readWhole } from "./stores/chain.mjs";
import type { NamedStore } from "./stores/index.mjs";
import { eventsOf, laneAfter } from "./workers/kill-plan.mjs";
import { persist } from "./workers/persist.mjs";

export interface StormOptions {
  readonly under: NamedStore;
  /** What the store opens; empty. */
  readonly place: string;
  /** A number at least 0 and below 1, each time another. */
  readonly fraction: () => number;
  /** @defaultValue 8 */
  readonly workers?: number;
  /** @defaultValue 40 */
  readonly stepsPerWorker?: number;
  /** Writers are shared out over them. */
  readonly slugs?: readonly string[];
  /** From this many kills on, the workers are left alone to finish. @defaultValue 40 */
  readonly maxKills?: number;
  /** Milliseconds from being ready to being killed, at most. @defaultValue 120 */
  readonly longestLifeMs?: number;
  /** Milliseconds after which nobody is killed any more. @defaultValue no end */
  readonly killsForMs?: number;
}

export interface StormReport {
  /** Sentences; none if every promise was kept. */
  readonly problems: readonly string[];
  readonly kills: number;
  readonly receipts: number;
  readonly repeats: number;
  /** Tries that came to nothing certain and were made again by the same life. */
  readonly setbacks: number;
  /** How often a reader looked at the log meanwhile. */
  readonly looks: number;
  readonly figures: Readonly<Record<string, number>>;
}

interface Done {
  readonly step: number;
  readonly commandId: string;
  readonly eventIds: readonly string[];
  readonly revision: number;
  readonly readback: string;
  readonly repeated: boolean;
  readonly setbacks: readonly string[];
}
type Line =
  | { readonly _tag: "Ready" | "Finished" }
  | ({ readonly _tag: "Done" } & Done)
  | { readonly _tag: "Failed"; readonly message: string; readonly stack?: string };

export const killStorm = async ({
  under,
  place,
  fraction,
  workers = 8,
  stepsPerWorker = 40,
  slugs = ["storm-a", "storm-b"],
  maxKills = 40,
  longestLifeMs = 120,
  killsForMs = Number.POSITIVE_INFINITY,
}: StormOptions): Promise<StormReport> => {
  const notes = mkdtempSync(path.join(tmpdir(), "mission-ledger-kill-notes-"));
  const alive = new Set<ChildProcess>();
  const promised = new Map<string, Done>();
  const problems: string[] = [];
  let [kills, repeats, setbacks, looks] = [0, 0, 0, 0];
  /** The storm is over for better or worse: nobody is started again. */
  let isOver = false;
  const begun = performance.now();

  const slugOf = (worker: number): string => slugs[worker % slugs.length] as string;
  const packageOf = (worker: number): string => `WP${worker + 1}`;
  const open = async (): Promise<EventStore> => (await persist(() => under.open(place))).answer;

  const plan = async (): Promise<void> => {
    const ledger = ledgerOver({ store: await open(), actor: "planner" });
    for (const slug of slugs) {
      const packages = Array.from({ length: workers }, (_, worker) => worker)
        .filter((worker) => slugOf(worker) === slug)
        .map((worker) => ({ workPackageId: packageOf(worker), title: "Round and round" }));
      await planMission(ledger, slug, "A storm", packages);
    }
    await ledger.close();
  };

  const mayKill = (): boolean => kills < maxKills && performance.now() - begun < killsForMs;

  const note = (line: Done): void => {
    const before = promised.get(line.commandId);
    if (line.repeated) repeats += 1;
    setbacks += line.setbacks.length;
    if (before === undefined) promised.set(line.commandId, line);
    else if (before.revision !== line.revision || before.eventIds.join() !== line.eventIds.join())
      problems.push(`${line.commandId} was given two receipts: ${JSON.stringify([before, line])}`);
  };

  /** One life of a worker. Answers whether it came to its end by itself. */
  const live = (worker: number): Promise<"finished" | "killed"> =>
    new Promise((resolve, reject) => {
      const child = spawn(
        process.execPath,
        [
          path.join(import.meta.dirname, "workers/kill-worker.mjs"),
          under.name,
          place,
          path.join(notes, `${worker}.json`),
          `agent-${worker}`,
          slugOf(worker),
          packageOf(worker),
          String(stepsPerWorker),
        ],
        { stdio: ["ignore", "pipe", "inherit"] },
      );
      alive.add(child);
      let isFinished = false;
      let executioner: NodeJS.Timeout | undefined;
      createInterface({ input: child.stdout }).on("line", (text) => {
        const line = JSON.parse(text) as Line;
        switch (line._tag) {
          case "Ready":
            if (!mayKill()) return;
            executioner = setTimeout(() => {
              if (child.kill("SIGKILL")) kills += 1;
            }, fraction() * longestLifeMs);
            return;
          case "Done":
            note(line);
            return;
          case "Finished":
            isFinished = true;
            return;
          case "Failed":
            reject(new Error(`worker ${worker} was told: ${line.stack ?? line.message}`));
        }
      });
      child.once("error", reject);
      // "close" comes after the last line that the dead worker had written.
      child.once("close", (code, signal) => {
        clearTimeout(executioner);
        alive.delete(child);
        if (isFinished) resolve("finished");
        else if (signal === "SIGKILL") resolve("killed");
        else reject(new Error(`worker ${worker} ended with ${code ?? signal}`));
      });
    });

  /** Lives one life after the other until the work is done. */
  const workThrough = async (worker: number): Promise<void> => {
    while (!isOver && (await live(worker)) === "killed");
  };

  /** How many events of each command a reader without a lock sees now. */
  const lookAtLog = async (): Promise<void> => {
    const store = await open();
    const seen = new Map<string, number>();
    for (const slug of slugs)
      for (const { commandId } of await readWhole(store, `mission-${slug}`))
        seen.set(commandId, (seen.get(commandId) ?? 0) + 1);
    await store.close();
    for (const [commandId, count] of seen) {
      const step = Number(commandId.split(":")[2]);
      if (Number.isInteger(step) && count !== eventsOf(step))
        throw new Error(`${commandId} was seen half: ${count} of ${eventsOf(step)} events`);
    }
    looks += 1;
  };

  /** Every receipt stands in the log as it was given, and apart from the plan, two commands a mission, nothing else does. */
  const judge = async (): Promise<void> => {
    const store = await open();
    const found = new Map<string, { readonly ids: string[]; last: number }>();
    for (const slug of slugs)
      for (const { commandId, id, revision } of await readWhole(store, `mission-${slug}`)) {
        const entry = found.get(commandId) ?? { ids: [], last: revision };
        if (entry.ids.length > 0 && revision !== entry.last + 1)
          problems.push(`the events of ${commandId} do not stand together`);
        entry.ids.push(id);
        entry.last = revision;
        found.set(commandId, entry);
      }
    for (const { commandId, eventIds, revision, step, readback } of promised.values()) {
      const there = found.get(commandId);
      if (readback !== "verified") problems.push(`the receipt of ${commandId} was not proven`);
      if (
        there?.last !== revision ||
        there.ids.join() !== eventIds.join() ||
        eventIds.length !== eventsOf(step)
      )
        problems.push(`${commandId} stands in the log as ${JSON.stringify(there)}, not as its receipt says`);
    }
    const unpromised = [...found.keys()].filter((commandId) => !promised.has(commandId));
    if (unpromised.length !== 2 * slugs.length)
      problems.push(`nobody was promised one of ${unpromised.join(", ")}`);
    if (promised.size !== workers * stepsPerWorker)
      problems.push(`${promised.size} receipts were given, not ${workers * stepsPerWorker}`);
    const ledger = ledgerOver({ store, actor: "referee" });
    for (let worker = 0; worker < workers; worker += 1) {
      const { answer: state } = await persist(() => ledger.mission(slugOf(worker)).state());
      const lane = state._tag === "Open" ? state.workPackages[packageOf(worker)]?.lane : state._tag;
      if (lane !== laneAfter(stepsPerWorker - 1)) problems.push(`${packageOf(worker)} ended in ${lane}`);
    }
    await ledger.close();
  };

  const streams = slugs.map((slug) => `mission-${slug}`);
  try {
    await plan();
    const watcher = (async () => {
      while (!isOver) {
        await lookAtLog();
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    })();
    const crews = Array.from({ length: workers }, (_, worker) => workThrough(worker));
    try {
      await Promise.race([Promise.all(crews), watcher]);
    } finally {
      isOver = true;
    }
    await watcher;
    await judge();
    const { problems: others, figures } = await under.inspect(place, streams);
    problems.push(...others);
    return { problems, kills, receipts: promised.size, repeats, setbacks, looks, figures };
  } finally {
    isOver = true;
    for (const child of alive) child.kill("SIGKILL");
    rmSync(notes, { recursive: true, force: true });
  }
};
