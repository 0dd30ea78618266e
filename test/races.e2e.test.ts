/** Ten processes race for one work package, a thousand times, on each store. */
import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { ledgerOver, type MissionEvent } from "@mission-ledger/core/mission";
import { afterEach, describe, expect, test } from "vitest";
import { planMission } from "./planned-mission.ts";
import { type StoreUnderTest, stores } from "./stores/index.mjs";

const racers = 10;
const rounds = 1000;
/** Each round has a work package of its own; missions of this size keep each log at an everyday length. */
const packagesPerMission = 32;

interface Answer {
  readonly round: number;
  readonly actor: string;
  readonly won: boolean;
  readonly holder: string;
  readonly eventIds?: readonly string[];
  readonly readback?: string;
  readonly code?: string;
  readonly outcome?: string;
  readonly about?: string;
}

const slugOf = (round: number): string => `race-${Math.floor(round / packagesPerMission)}`;
const packageOf = (round: number): string => `WP${(round % packagesPerMission) + 1}`;
const slugs = [...new Set(Array.from({ length: rounds }, (_, round) => slugOf(round)))];

let folder: string;
const children: ChildProcess[] = [];

const plan = async ({ placeIn, open }: StoreUnderTest): Promise<string> => {
  folder = mkdtempSync(path.join(tmpdir(), "mission-ledger-races-"));
  const place = placeIn(folder);
  const ledger = ledgerOver({ store: await open(place), actor: "planner" });
  for (const slug of slugs) {
    const packages = Array.from({ length: packagesPerMission }, (_, index) => ({
      workPackageId: packageOf(index),
      title: `Prize ${index + 1}`,
    }));
    await planMission(ledger, slug, "A race", packages);
  }
  await ledger.close();
  return place;
};

afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

/** Starts a racer and waits until it has opened the ledger. */
const startRacer = (store: string, place: string, actor: string): Promise<ChildProcess> =>
  new Promise((resolve, reject) => {
    const child = fork(path.join(import.meta.dirname, "workers/race-worker.mjs"), [store, place, actor], {
      execArgv: [],
    });
    children.push(child);
    child.once("message", () => resolve(child));
    child.once("exit", (code) => reject(new Error(`${actor} ended with ${code} before the race`)));
  });

/** One race: all are told at once, all answer. A racer that dies instead fails the race. */
const race = (team: readonly ChildProcess[], round: number): Promise<readonly Answer[]> =>
  Promise.all(
    team.map(
      (child) =>
        new Promise<Answer>((resolve, reject) => {
          const died = (code: number | null) =>
            reject(new Error(`a racer ended with ${code} in round ${round}`));
          child.once("exit", died);
          child.once("message", (answer) => {
            child.off("exit", died);
            resolve(answer as Answer);
          });
          child.send({ slug: slugOf(round), workPackageId: packageOf(round), round });
        }),
    ),
  );

describe.each(Object.values(stores).map((under) => [under.name, under] as const))(
  `${racers} processes racing for one work package, ${rounds} times, on %s`,
  (_, under) => {
    test("one wins each time, every loser is told who holds it, and no event is lost", async () => {
      const { name, open, inspect } = under;
      const place = await plan(under);
      const team = await Promise.all(
        Array.from({ length: racers }, (_, index) => startRacer(name, place, `agent-${index}`)),
      );
      const winners: string[] = [];
      const acknowledged = new Map<string, string>();
      for (let round = 0; round < rounds; round += 1) {
        const answers = await race(team, round);
        const won = answers.filter((answer) => answer.won);
        expect(won, `round ${round}: ${JSON.stringify(answers)}`).toHaveLength(1);
        const [winner] = won as [Answer];
        expect(winner).toMatchObject({ readback: "verified", holder: winner.actor, round });
        for (const eventId of winner.eventIds ?? []) acknowledged.set(eventId, winner.actor);
        const expected = {
          code: "CLAIM_HELD",
          outcome: "not_written",
          holder: winner.actor,
          about: packageOf(round),
          round,
        };
        for (const loser of answers.filter((answer) => !answer.won)) expect(loser).toMatchObject(expected);
        winners.push(winner.actor);
      }
      for (const child of team) child.disconnect();

      const ledger = ledgerOver({ store: await open(place), actor: "referee" });
      const claimed = new Map<string, string[]>();
      const found = new Set<string>();
      for (const slug of slugs) {
        for await (const batch of ledger.mission(slug).history())
          for (const event of batch) {
            found.add(event.id);
            if (event.type !== "WorkPackageClaimed") continue;
            const { workPackageId, holder } = event.data as unknown as Extract<
              MissionEvent,
              { type: "WorkPackageClaimed" }
            >;
            const ref = `${slug}/${workPackageId}`;
            claimed.set(ref, [...(claimed.get(ref) ?? []), holder]);
          }
      }
      const looked = await inspect(
        place,
        slugs.map((slug) => ledger.mission(slug).stream),
      );
      expect(looked.problems).toEqual([]);
      await ledger.close();
      expect(claimed.size).toBe(rounds);
      winners.forEach((winner, round) => {
        expect(claimed.get(`${slugOf(round)}/${packageOf(round)}`)).toEqual([winner]);
      });
      expect([...acknowledged.keys()].filter((eventId) => !found.has(eventId))).toEqual([]);

      const tally = countBy(winners);
      console.log(`races on ${name}: ${rounds} rounds, ${racers} processes, wins ${JSON.stringify(tally)}`);
    }, 600_000);
  },
);

const countBy = (names: readonly string[]): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
};
