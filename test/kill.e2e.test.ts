/**
 * Eight processes make 320 transitions of missions while SIGKILL falls on them at random moments; what they were promised is
 * then held against the log. The long form, thousands of kills on the bare kernel, is the rig `test/rigs/kill.mjs`.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { ledgerOver } from "@mission-ledger/core/mission";
import { seededRandomness } from "@mission-ledger/testkit";
import { afterEach, describe, expect, test } from "vitest";
import { planMission } from "./planned-mission.ts";
import { type StoreUnderTest, stores } from "./stores/index.mjs";
import { eventsOf, laneAfter } from "./workers/kill-plan.mjs";

const workers = 8;
const stepsPerWorker = 40;
/** Two streams, four writers on each: contention within a log and between logs. */
const slugs = ["storm-a", "storm-b"];
/** From this many kills on, the workers are left alone to finish. */
const maxKills = 40;
const longestLifeMs = 120;

interface Done {
  readonly step: number;
  readonly commandId: string;
  readonly eventIds: readonly string[];
  readonly revision: number;
  readonly readback: string;
  readonly repeated: boolean;
}
type Line =
  | { readonly _tag: "Ready" | "Finished" }
  | ({ readonly _tag: "Done" } & Done)
  | { readonly _tag: "Failed"; readonly message: string; readonly stack?: string };

const seed = Number(process.env.MISSION_LEDGER_SEED ?? Date.now() % 2_147_483_647);
const { fraction } = seededRandomness(seed);

let folder: string;
let notes: string;
const alive = new Set<ChildProcess>();

const slugOf = (worker: number): string => slugs[worker % slugs.length] as string;
const packageOf = (worker: number): string => `WP${worker + 1}`;

const plan = async ({ placeIn, open }: StoreUnderTest): Promise<string> => {
  folder = mkdtempSync(path.join(tmpdir(), "mission-ledger-kills-"));
  notes = mkdtempSync(path.join(tmpdir(), "mission-ledger-kill-notes-"));
  const place = placeIn(folder);
  const ledger = ledgerOver({ store: await open(place), actor: "planner" });
  for (const slug of slugs) {
    const packages = Array.from({ length: workers }, (_, worker) => worker)
      .filter((worker) => slugOf(worker) === slug)
      .map((worker) => ({ workPackageId: packageOf(worker), title: "Round and round" }));
    await planMission(ledger, slug, "A storm", packages);
  }
  await ledger.close();
  return place;
};

afterEach(() => {
  for (const child of alive) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
  rmSync(notes, { recursive: true, force: true });
});

/** What all workers together were promised, and what happened to them. */
interface Storm {
  readonly under: StoreUnderTest;
  readonly place: string;
  readonly promised: Map<string, Done>;
  kills: number;
  repeats: number;
  /** Set when the storm is over for better or worse: nobody is started again. */
  over: boolean;
}

/** One life of a worker. Answers whether it came to its end by itself. */
const live = (worker: number, storm: Storm): Promise<"finished" | "killed"> =>
  new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      [
        path.join(import.meta.dirname, "workers/kill-worker.mjs"),
        storm.under.name,
        storm.place,
        path.join(notes, `${worker}.json`),
        `agent-${worker}`,
        slugOf(worker),
        packageOf(worker),
        String(stepsPerWorker),
      ],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    alive.add(child);
    let finished = false;
    let executioner: NodeJS.Timeout | undefined;
    createInterface({ input: child.stdout }).on("line", (text) => {
      const line = JSON.parse(text) as Line;
      switch (line._tag) {
        case "Ready":
          if (storm.kills >= maxKills) return;
          executioner = setTimeout(() => {
            if (child.kill("SIGKILL")) storm.kills += 1;
          }, fraction() * longestLifeMs);
          return;
        case "Done": {
          const before = storm.promised.get(line.commandId);
          if (line.repeated) storm.repeats += 1;
          if (before === undefined) storm.promised.set(line.commandId, line);
          else if (before.revision !== line.revision || before.eventIds.join() !== line.eventIds.join())
            reject(new Error(`${line.commandId} was given two receipts: ${JSON.stringify([before, line])}`));
          return;
        }
        case "Finished":
          finished = true;
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
      if (finished) resolve("finished");
      else if (signal === "SIGKILL") resolve("killed");
      else reject(new Error(`worker ${worker} ended with ${code ?? signal}`));
    });
  });

/** Lives one life after the other until the work is done. */
const workThrough = async (worker: number, storm: Storm): Promise<void> => {
  while (!storm.over && (await live(worker, storm)) === "killed");
};

/** How many events of each command a reader without a lock sees now. */
const lookAtLog = async ({ under, place }: Storm): Promise<ReadonlyMap<string, number>> => {
  const store = await under.open(place);
  const seen = new Map<string, number>();
  for (const slug of slugs)
    for await (const batch of store.read(`mission-${slug}`))
      for (const { commandId } of batch) seen.set(commandId, (seen.get(commandId) ?? 0) + 1);
  await store.close();
  return seen;
};

describe.each(Object.values(stores).map((under) => [under.name, under] as const))(
  `${workers} processes under SIGKILL, ${workers * stepsPerWorker} transitions on %s`,
  (_, under) => {
    test("every receipt is in the log, every command is there once and whole, and the chain holds", async () => {
      const place = await plan(under);
      const storm: Storm = { under, place, promised: new Map(), kills: 0, repeats: 0, over: false };
      let looks = 0;
      const watcher = (async () => {
        while (!storm.over) {
          for (const [commandId, count] of await lookAtLog(storm)) {
            const step = Number(commandId.split(":")[2]);
            if (Number.isInteger(step) && count !== eventsOf(step))
              throw new Error(`${commandId} was seen half: ${count} of ${eventsOf(step)} events`);
          }
          looks += 1;
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
      })();
      const crews = Array.from({ length: workers }, (_, worker) => workThrough(worker, storm));
      try {
        await Promise.race([Promise.all(crews), watcher]);
      } finally {
        storm.over = true;
        for (const child of alive) child.kill("SIGKILL");
      }
      await watcher;

      const { promised, kills, repeats } = storm;
      expect(promised.size).toBe(workers * stepsPerWorker);
      expect([...promised.values()].filter(({ readback }) => readback !== "verified")).toEqual([]);

      const store = await under.open(place);
      const found = new Map<string, { readonly ids: string[]; last: number }>();
      for (const slug of slugs)
        for await (const batch of store.read(`mission-${slug}`))
          for (const { commandId, id, revision } of batch) {
            const entry = found.get(commandId) ?? { ids: [], last: revision };
            if (entry.ids.length > 0 && revision !== entry.last + 1)
              throw new Error(`the events of ${commandId} do not stand together`);
            entry.ids.push(id);
            entry.last = revision;
            found.set(commandId, entry);
          }
      const wrong = [...promised.values()].filter(({ commandId, eventIds, revision, step }) => {
        const there = found.get(commandId);
        return (
          there?.last !== revision ||
          there.ids.join() !== eventIds.join() ||
          eventIds.length !== eventsOf(step)
        );
      });
      expect(wrong).toEqual([]);
      // Apart from the plan, two commands a mission, nothing is in the log that nobody was promised.
      const unpromised = [...found.keys()].filter((commandId) => !promised.has(commandId));
      expect(unpromised).toHaveLength(2 * slugs.length);

      const looked = await under.inspect(
        place,
        slugs.map((slug) => `mission-${slug}`),
      );
      expect(looked.problems).toEqual([]);
      const ledger = ledgerOver({ store, actor: "referee" });
      for (let worker = 0; worker < workers; worker += 1) {
        const state = await ledger.mission(slugOf(worker)).state();
        expect(state._tag === "Open" && state.workPackages[packageOf(worker)]?.lane).toBe(
          laneAfter(stepsPerWorker - 1),
        );
      }
      await ledger.close();

      expect(kills).toBeGreaterThan(workers);
      console.log(
        `kills on ${under.name}: seed ${seed}, ${kills} kills, ${promised.size} receipts, ${repeats} of them for a repeat, ${JSON.stringify(looked.figures)}, ${looks} looks at the log beside it`,
      );
    }, 900_000);
  },
);
