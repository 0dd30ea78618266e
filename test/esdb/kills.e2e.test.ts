/** Our own processes are killed in the middle of appends, over each server; whoever comes back resolves them by the same command. */
import { seededRandomness } from "@mission-ledger/testkit";
import { expect, test } from "vitest";
import { killStorm } from "../kill-storm.ts";
import { servers } from "../stores/index.mjs";
import { describeTargets } from "./targets.ts";

const workers = 6;
const stepsPerWorker = 20;
const seed = Number(process.env.MISSION_LEDGER_SEED ?? Date.now() % 2_147_483_647);
const { fraction } = seededRandomness(seed);

describeTargets(`${workers} processes under SIGKILL`, (ground) => {
  test("every receipt is in the log, every command is there once and whole, and the chain holds", async () => {
    const { wire, mayVanish, share, place } = ground();
    if (mayVanish) await wire?.interruptEvery(2_000);
    const storm = await killStorm({
      under: servers.eventstoredb,
      place: place(),
      fraction,
      workers,
      stepsPerWorker: Math.ceil(stepsPerWorker * share),
      maxKills: Math.ceil(24 * share),
      // A life begins with finding the server, which takes longer than any local store.
      longestLifeMs: 400,
      killsForMs: 45_000,
    });
    const interruptions = (await wire?.calm()) ?? 0;
    expect(storm.problems).toEqual([]);
    expect(storm.kills).toBeGreaterThan(0);
    const { kills, receipts, repeats, setbacks, looks } = storm;
    console.log(
      `kills over EventStoreDB: seed ${seed}, ${kills} kills, ${receipts} receipts, ${repeats} of them for a repeat, ${setbacks} setbacks, ${looks} looks at the log beside it, ${interruptions} interruptions`,
    );
  }, 400_000);
});
