/** Eight processes race for one work package, over each server. */
import { expect, test } from "vitest";
import { claimRaces } from "../claim-races.ts";
import { servers } from "../stores/index.mjs";
import { describeTargets } from "./targets.ts";

const racers = 8;
const rounds = 60;
/** Milliseconds. A slow server is given fewer rounds instead of more time. */
const startsForMs = 75_000;
const fewestRounds = 3;

describeTargets(`${racers} processes racing for one work package`, (ground) => {
  test("one wins each time, every loser is told who holds it, and no event is lost", async () => {
    const { wire, mayVanish, share, place } = ground();
    if (mayVanish) await wire?.interruptEvery(1_500);
    const races = await claimRaces({
      under: servers.eventstoredb,
      place: place(),
      racers,
      rounds: rounds * share,
      startsForMs,
    });
    const interruptions = (await wire?.calm()) ?? 0;
    expect(races.problems).toEqual([]);
    expect(races.rounds).toBeGreaterThanOrEqual(fewestRounds);
    const { rounds: run, wins, setbacks } = races;
    console.log(
      `races over EventStoreDB: ${run} rounds, ${racers} processes, wins ${JSON.stringify(wins)}, ${setbacks} setbacks of winners, ${interruptions} interruptions`,
    );
  }, 400_000);
});
