/** F01: writers die by SIGKILL at random moments and come back with the command id that was pending, on each store in turn. */
import { mkdirSync, rmSync } from "node:fs";
import path from "node:path";
import { seededRandomness } from "@mission-ledger/testkit";
import { stores } from "../stores/index.mjs";
import { bundleProgram } from "./kill/bundle.mjs";
import { judge, openWatcher } from "./kill/referee.mjs";
import { rage, streamOf } from "./kill/storm.mjs";

const writers = 6;
/** Then everybody comes to an end, the logs are judged, and a new ledger begins on the other store. */
const killsPerLedger = 250;
const lookEveryMs = 100;
const turns = Object.values(stores);

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

const addTo = (sums, counts, prefix) => {
  for (const [name, count] of Object.entries(counts))
    sums[`${prefix} ${name}`] = (sums[`${prefix} ${name}`] ?? 0) + count;
};

/** @type {import("./rig.d.mts").Rig} */
export const rig = {
  id: "F01",
  name: "kill",
  title: `SIGKILL at a random moment, ${writers} writers, file store and SQLite`,
  unit: "kills",
  perPush: 2_000,
  longRun: 60_000,
  cores: 2,
  run: async ({ goal, deadline, seed, scratch, note }) => {
    const { fraction } = seededRandomness(seed);
    const program = path.join(scratch, "writer.cjs");
    await bundleProgram(new URL("kill/writer.mjs", import.meta.url), program);
    const streams = [...new Set(Array.from({ length: writers }, (_, writer) => streamOf(writer)))];
    const figures = {};
    const failures = [];
    const begun = performance.now();
    let done = 0;
    for (let ledger = 0; done < goal && failures.length === 0 && performance.now() < deadline; ledger += 1) {
      const { name, placeIn, open, inspect } = turns[ledger % turns.length];
      const folder = path.join(scratch, `ledger-${ledger}`);
      mkdirSync(folder);
      const place = placeIn(folder);
      const store = await open(place);
      const watcher = openWatcher(store);
      let watching = true;
      let looks = 0;
      const watched = (async () => {
        while (watching) {
          await watcher.look();
          looks += 1;
          await pause(lookEveryMs);
        }
      })().catch((error) => {
        failures.push(`${name}: a reader beside the writers: ${error.message}`);
      });
      const storm = await rage({
        program,
        storeName: name,
        place,
        writers,
        kills: Math.min(killsPerLedger, goal - done),
        deadline,
        fraction,
        stopped: () => failures.length > 0,
      });
      watching = false;
      await watched;
      failures.push(...storm.failures.map((failure) => `${name}: ${failure}`));
      if (storm.failures.length === 0) {
        const look = (all) => inspect(place, all);
        const verdict = await judge({ store, inspect: look, streams, promised: storm.promised });
        failures.push(...verdict.failures.map((failure) => `${name}: ${failure}`));
        addTo(figures, verdict.figures, name);
      }
      await store.close();
      done += storm.kills;
      const { kills, lives, repeats, promised } = storm;
      addTo(figures, { kills, lives, repeats, looks, receipts: promised.size, ...storm.faults }, name);
      note(`${done} kills, ${promised.size} receipts in the last ledger (${name})`);
      if (failures.length === 0) rmSync(folder, { recursive: true });
    }
    const minutes = (performance.now() - begun) / 60_000;
    return {
      done,
      failures: failures.map((failure) => `${failure} (random moments: another run may need minutes)`),
      figures: { ...figures, "kills/min": Math.round(done / minutes) },
    };
  },
};
