/** F01: writers die by SIGKILL at random moments and come back with the command id that was pending. */
import { mkdirSync, rmSync } from "node:fs";
import path from "node:path";
import { openFileStore } from "@mission-ledger/store-file";
import { seededRandomness } from "@mission-ledger/testkit";
import { bundleProgram } from "./kill/bundle.mjs";
import { judge, openWatcher } from "./kill/referee.mjs";
import { rage, streamOf } from "./kill/storm.mjs";

const writers = 6;
/** Then everybody comes to an end, the logs are judged, and a new ledger begins. */
const killsPerLedger = 250;
const lookEveryMs = 100;

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** @type {import("./rig.d.mts").Rig} */
export const rig = {
  id: "F01",
  name: "kill",
  title: `SIGKILL at a random moment, ${writers} writers`,
  unit: "kills",
  perPush: 2_000,
  longRun: 60_000,
  cores: 2,
  run: async ({ goal, deadline, seed, scratch, note }) => {
    const { fraction } = seededRandomness(seed);
    const program = path.join(scratch, "writer.cjs");
    await bundleProgram(new URL("kill/writer.mjs", import.meta.url), program);
    const streams = [...new Set(Array.from({ length: writers }, (_, writer) => streamOf(writer)))];
    const figures = { lives: 0, receipts: 0, repeats: 0, events: 0, torn: 0, voids: 0, looks: 0 };
    const faults = {};
    const failures = [];
    const begun = performance.now();
    let done = 0;
    for (let ledger = 0; done < goal && failures.length === 0 && performance.now() < deadline; ledger += 1) {
      const directory = path.join(scratch, `ledger-${ledger}`);
      mkdirSync(directory);
      const store = await openFileStore({ directory });
      const watcher = openWatcher(store);
      let watching = true;
      const watched = (async () => {
        while (watching) {
          await watcher.look();
          figures.looks += 1;
          await pause(lookEveryMs);
        }
      })().catch((error) => {
        failures.push(`a reader beside the writers: ${error.message}`);
      });
      const storm = await rage({
        program,
        directory,
        writers,
        kills: Math.min(killsPerLedger, goal - done),
        deadline,
        fraction,
        stopped: () => failures.length > 0,
      });
      watching = false;
      await watched;
      failures.push(...storm.failures);
      if (storm.failures.length === 0) {
        const verdict = await judge({ store, directory, streams, promised: storm.promised });
        failures.push(...verdict.failures);
        for (const [name, count] of Object.entries(verdict.figures)) figures[name] += count;
      }
      await store.close();
      done += storm.kills;
      figures.lives += storm.lives;
      figures.receipts += storm.promised.size;
      figures.repeats += storm.repeats;
      for (const [name, count] of Object.entries(storm.faults)) faults[name] = (faults[name] ?? 0) + count;
      note(`${done} kills, ${figures.receipts} receipts`);
      if (failures.length === 0) rmSync(directory, { recursive: true });
    }
    const minutes = (performance.now() - begun) / 60_000;
    return {
      done,
      failures: failures.map((failure) => `${failure} (random moments: another run may need minutes)`),
      figures: { ...figures, ...faults, "kills/min": Math.round(done / minutes) },
    };
  },
};
