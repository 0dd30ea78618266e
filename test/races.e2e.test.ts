/** Ten processes race for one work package, a thousand times, on the file store. */
import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { ledgerOver, type MissionEvent } from "@mission-ledger/core/mission";
import { inspectStream, openFileStore } from "@mission-ledger/store-file";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { planMission } from "./planned-mission.ts";

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

let directory: string;
const children: ChildProcess[] = [];

beforeAll(async () => {
  directory = mkdtempSync(path.join(tmpdir(), "mission-ledger-races-"));
  const ledger = ledgerOver({ store: await openFileStore({ directory }), actor: "planner" });
  for (const slug of slugs) {
    const packages = Array.from({ length: packagesPerMission }, (_, index) => ({
      workPackageId: packageOf(index),
      title: `Prize ${index + 1}`,
    }));
    await planMission(ledger, slug, "A race", packages);
  }
  await ledger.close();
});

afterAll(() => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(directory, { recursive: true, force: true });
});

/** Starts a racer and waits until it has opened the ledger. */
const startRacer = (actor: string): Promise<ChildProcess> =>
  new Promise((resolve, reject) => {
    const child = fork(path.join(import.meta.dirname, "workers/race-worker.mjs"), [directory, actor], {
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

describe(`${racers} processes racing for one work package, ${rounds} times`, () => {
  test("one wins each time, every loser is told who holds it, and no event is lost", async () => {
    const team = await Promise.all(
      Array.from({ length: racers }, (_, index) => startRacer(`agent-${index}`)),
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

    const ledger = ledgerOver({ store: await openFileStore({ directory }), actor: "referee" });
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
      const report = inspectStream({ directory, stream: ledger.mission(slug).stream });
      expect(report).toMatchObject({ findings: [], brokenLinks: [], suspect: false, tornBytes: 0 });
    }
    await ledger.close();
    expect(claimed.size).toBe(rounds);
    winners.forEach((winner, round) => {
      expect(claimed.get(`${slugOf(round)}/${packageOf(round)}`)).toEqual([winner]);
    });
    expect([...acknowledged.keys()].filter((eventId) => !found.has(eventId))).toEqual([]);

    const tally = countBy(winners);
    console.log(`races: ${rounds} rounds, ${racers} processes, wins ${JSON.stringify(tally)}`);
  }, 600_000);
});

const countBy = (names: readonly string[]): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
};
