/** Processes that race for one work package, round after round, on any store that several processes can open. */
import { type ChildProcess, fork } from "node:child_process";
import path from "node:path";
import { ledgerOver, type MissionEvent } from "@mission-ledger/core/mission";
import { planMission } from "./planned-mission.ts";
import { readWhole } from "./stores/chain.mjs";
import type { NamedStore } from "./stores/index.mjs";
import { persist } from "./workers/persist.mjs";

export interface RacesOptions {
  readonly under: NamedStore;
  /** What the store opens; empty. */
  readonly place: string;
  readonly racers: number;
  readonly rounds: number;
  /** Milliseconds after which no round is begun any more. @defaultValue no end */
  readonly startsForMs?: number;
}

export interface RacesReport {
  /** Sentences; none if every race had one winner that all agree on, and the log says so too. */
  readonly problems: readonly string[];
  /** Rounds that were run. */
  readonly rounds: number;
  readonly wins: Readonly<Record<string, number>>;
  /** Tries of winners that came to nothing certain and were made again. */
  readonly setbacks: number;
  readonly figures: Readonly<Record<string, number>>;
}

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
  readonly setbacks?: readonly string[];
}

/** Each round has a work package of its own; missions of this size keep each log at an everyday length. */
const packagesPerMission = 32;
const slugOf = (round: number): string => `race-${Math.floor(round / packagesPerMission)}`;
const packageOf = (round: number): string => `WP${(round % packagesPerMission) + 1}`;

export const claimRaces = async ({
  under,
  place,
  racers,
  rounds,
  startsForMs = Number.POSITIVE_INFINITY,
}: RacesOptions): Promise<RacesReport> => {
  const slugs = [...new Set(Array.from({ length: rounds }, (_, round) => slugOf(round)))];
  const children: ChildProcess[] = [];
  const problems: string[] = [];
  const winners: string[] = [];
  const acknowledged = new Set<string>();
  let setbacks = 0;

  const openLedger = async (actor: string) =>
    ledgerOver({ store: (await persist(() => under.open(place))).answer, actor });

  const plan = async (): Promise<void> => {
    const ledger = await openLedger("planner");
    for (const slug of slugs) {
      const packages = Array.from({ length: packagesPerMission }, (_, index) => ({
        workPackageId: packageOf(index),
        title: `Prize ${index + 1}`,
      }));
      await planMission(ledger, slug, "A race", packages);
    }
    await ledger.close();
  };

  /** Starts a racer and waits until it has opened the ledger. */
  const startRacer = (actor: string): Promise<ChildProcess> =>
    new Promise((resolve, reject) => {
      const worker = path.join(import.meta.dirname, "workers/race-worker.mjs");
      const child = fork(worker, [under.name, place, actor], { execArgv: [] });
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

  const judgeRound = (answers: readonly Answer[], round: number): void => {
    const told = (what: string): number =>
      problems.push(`round ${round}: ${what}: ${JSON.stringify(answers)}`);
    const won = answers.filter((answer) => answer.won);
    const [winner] = won;
    if (winner === undefined || won.length > 1) {
      told(`${won.length} won`);
      return;
    }
    winners.push(winner.actor);
    setbacks += winner.setbacks?.length ?? 0;
    for (const eventId of winner.eventIds ?? []) acknowledged.add(eventId);
    if (winner.readback !== "verified" || winner.holder !== winner.actor) told("the winner has no proof");
    const isTold = ({ code, outcome, holder, about, round: asked }: Answer): boolean =>
      code === "CLAIM_HELD" &&
      outcome === "not_written" &&
      holder === winner.actor &&
      about === packageOf(round) &&
      asked === round;
    if (!answers.every((answer) => answer.won || isTold(answer))) told("a loser is told something else");
  };

  const judgeLog = async (run: number): Promise<void> => {
    const ledger = await openLedger("referee");
    const claimed = new Map<string, string[]>();
    const found = new Set<string>();
    for (const slug of slugs)
      for (const event of await readWhole(ledger.store, ledger.mission(slug).stream)) {
        found.add(event.id);
        if (event.type !== "WorkPackageClaimed") continue;
        const { workPackageId, holder } = event.data as unknown as Extract<
          MissionEvent,
          { type: "WorkPackageClaimed" }
        >;
        const ref = `${slug}/${workPackageId}`;
        claimed.set(ref, [...(claimed.get(ref) ?? []), holder]);
      }
    const streams = slugs.map((slug) => ledger.mission(slug).stream);
    await ledger.close();
    const looked = await under.inspect(place, streams);
    problems.push(...looked.problems);
    figures = looked.figures;
    if (claimed.size !== run) problems.push(`${claimed.size} prizes are claimed in the log, not ${run}`);
    winners.forEach((winner, round) => {
      const holders = claimed.get(`${slugOf(round)}/${packageOf(round)}`) ?? [];
      if (holders.join() !== winner)
        problems.push(`in the log ${holders.join(" and ")} hold round ${round}'s prize`);
    });
    for (const eventId of acknowledged)
      if (!found.has(eventId)) problems.push(`${eventId} was acknowledged and is not in the log`);
  };

  let figures: Readonly<Record<string, number>> = {};
  try {
    await plan();
    const team = await Promise.all(
      Array.from({ length: racers }, (_, index) => startRacer(`agent-${index}`)),
    );
    const begun = performance.now();
    let run = 0;
    for (; run < rounds && problems.length === 0 && performance.now() - begun < startsForMs; run += 1)
      judgeRound(await race(team, run), run);
    for (const child of team) child.disconnect();
    if (problems.length === 0) await judgeLog(run);
    return { problems, rounds: run, wins: countBy(winners), setbacks, figures };
  } finally {
    for (const child of children) child.kill("SIGKILL");
  }
};

const countBy = (names: readonly string[]): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
};
