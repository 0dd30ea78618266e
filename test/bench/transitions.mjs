/**
 * `pnpm bench transitions`: what a work-package transition costs, beside what the disk asks for the same bytes and what an
 * empty node process costs, all in one run. Figures are ratios to read, not times to promise; nothing here fails a build.
 */
import { mkdirSync, mkdtempSync, rmSync, statfsSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { measureCold } from "./cold.mjs";
import { openFloors } from "./floors.mjs";
import { growMission, lastRecord, openBenchLedger, transitions } from "./missions.mjs";
import { takeTurns } from "./statistics.mjs";

const floor = "write + fdatasync";
const small = "warm transition, short log";
const large = "warm transition, long log";
const unnamed = "warm transition, short log, command id made by the ledger";

const fileSystems = new Map([
  [0xef53, "ext4"],
  [0x58465342, "xfs"],
  [0x9123683e, "btrfs"],
  [0x01021994, "tmpfs: a flush costs nothing here, so these ratios say little; use --dir"],
  [0x794c7630, "overlayfs"],
]);

/**
 * @param {{ rounds: number, operations: number, pairs: number, events: readonly [number, number], directory: string, say: (text: string) => void }} options
 */
export const measureTransitions = async ({ rounds, operations, pairs, events, directory, say }) => {
  const scratch = mkdtempSync(path.join(directory, "mission-ledger-bench-"));
  const inScratch = (name) => {
    const made = path.join(scratch, name);
    mkdirSync(made);
    return made;
  };
  try {
    const [few, many] = events;
    const directories = { few: inScratch("few"), many: inScratch("many") };
    const unnamedDirectory = inScratch("unnamed");
    say(`growing logs of ${few} and ${many} events`);
    const grown = {
      few: await growMission(directories.few, few),
      many: await growMission(directories.many, many),
    };
    await growMission(unnamedDirectory, few);
    const record = lastRecord(directories.few);

    // Before the warm rounds, which make the short log longer.
    say(`cold: ${pairs} processes each`);
    const cold = measureCold(directories, pairs);

    say(`warm: ${rounds} rounds of ${operations} operations each`);
    const floors = openFloors(inScratch("floors"), record);
    const ledgers = [];
    for (const directory of [directories.few, directories.many, unnamedDirectory])
      ledgers.push(await openBenchLedger({ directory }));
    const moves = ledgers.map(transitions);
    const warm = await takeTurns(
      {
        ...floors.contestants,
        [small]: moves[0].named,
        [large]: moves[1].named,
        [unnamed]: moves[2].unnamed,
      },
      { rounds, operations },
    );
    floors.close();
    for (const ledger of ledgers) await ledger.close();

    return {
      bench: "transitions",
      conditions: {
        node: process.version,
        cpus: os.cpus().length,
        fileSystem: fileSystems.get(statfsSync(scratch).type >>> 0) ?? "unknown",
        recordBytes: record.length,
        events: grown,
        rounds,
        operations,
        pairs,
      },
      warm,
      cold,
      goals: goalsOf(warm, cold),
    };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
};

const goal = (name, ratio, limit) => ({ name, ratio, limit, met: ratio <= limit });

const goalsOf = (warm, cold) => [
  goal("warm transition p50 / F", warm[small].p50 / warm[floor].p50, 1.25),
  goal("warm transition p99 / p99 of F", warm[small].p99 / warm[floor].p99, 1.5),
  goal("cold wp move / empty node", cold.few.p50 / cold.empty.p50, 1.2),
  goal("warm, long log / short log", warm[large].p50 / warm[small].p50, 1.1),
  goal("cold, long log / short log", cold.many.p50 / cold.few.p50, 1.15),
];
