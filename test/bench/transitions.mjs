/**
 * `pnpm bench transitions`: what a work-package transition costs, beside what the disk asks for the same bytes and what an
 * empty node process costs, all in one run; on the file store, or with `--store sqlite` on a database. Figures are ratios to
 * read, not times to promise; nothing here fails a build.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, statfsSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { makeBare, openBareWriter } from "./bare-writer.mjs";
import { measureCold } from "./cold.mjs";
import { openFloors } from "./floors.mjs";
import { addressIn, growMission, growOthers, lastRecord, openBenchLedger, transitions } from "./missions.mjs";
import { takeTurns } from "./statistics.mjs";

const floor = "write + fdatasync";
const bare = "bare better-sqlite3: insert + read on a second connection";
const small = "warm transition, short log";
const large = "warm transition, long log";
const amongMany = "warm transition, short log in a large ledger";
const unnamed = "warm transition, short log, command id made by the ledger";

/**
 * Operations before the first round. A write-ahead log grows until its first checkpoint, after 128 commits, and is written over
 * from then on, which costs less: a short run would measure nothing but its growing.
 */
const warmUp = 300;

const fileSystems = new Map([
  [0xef53, "ext4"],
  [0x58465342, "xfs"],
  [0x9123683e, "btrfs"],
  [0x01021994, "tmpfs: a flush costs nothing here, so these ratios say little; use --dir"],
  [0x794c7630, "overlayfs"],
]);

/**
 * @param {{ store: "file" | "sqlite", rounds: number, operations: number, pairs: number, events: readonly [number, number], others: { events: number, missions: number }, directory: string, say: (text: string) => void }} options
 */
export const measureTransitions = async ({
  store,
  rounds,
  operations,
  pairs,
  events,
  others,
  directory,
  say,
}) => {
  const scratch = mkdtempSync(path.join(directory, "mission-ledger-bench-"));
  const inScratch = (name) => {
    const made = path.join(scratch, name);
    mkdirSync(made);
    return made;
  };
  try {
    const [few, many] = events;
    const directories = { few: inScratch("few"), many: inScratch("many"), crowded: inScratch("crowded") };
    const unnamedDirectory = inScratch("unnamed");
    say(`growing logs of ${few} and ${many} events`);
    const grown = {
      few: await growMission(store, directories.few, few),
      many: await growMission(store, directories.many, many),
    };
    await growMission(store, unnamedDirectory, few);
    say(`growing a ledger of ${others.events} events`);
    const among = await growOthers(store, directories.crowded, others);
    await growMission(store, directories.crowded, few);
    const sample = inScratch("sample");
    await growMission("file", sample, 100);
    const record = lastRecord(sample);
    writeBack(scratch);

    // Before the warm rounds, which make the short log longer.
    say(`cold: ${pairs} processes each`);
    const addresses = Object.entries(directories).map(([name, folder]) => [name, addressIn(store, folder)]);
    const cold = measureCold(Object.fromEntries(addresses), pairs);

    say(`warm: ${rounds} rounds of ${operations} operations each`);
    const floors = openFloors(inScratch("floors"), record);
    const sqliteFloor = store === "sqlite" ? bareFloor(inScratch("bare"), record) : undefined;
    const ledgers = [];
    for (const folder of [...Object.values(directories), unnamedDirectory])
      ledgers.push(await openBenchLedger({ store, directory: folder }));
    const moves = ledgers.map(transitions);
    const warm = await takeTurns(
      {
        ...floors.contestants,
        ...(sqliteFloor === undefined ? {} : { [bare]: sqliteFloor.write }),
        [small]: moves[0].named,
        [large]: moves[1].named,
        [amongMany]: moves[2].named,
        [unnamed]: moves[3].unnamed,
      },
      { rounds, operations, warmUp },
    );
    floors.close();
    sqliteFloor?.close();
    for (const ledger of ledgers) await ledger.close();

    return {
      bench: "transitions",
      conditions: {
        store,
        node: process.version,
        cpus: os.cpus().length,
        fileSystem: fileSystems.get(statfsSync(scratch).type >>> 0) ?? "unknown",
        recordBytes: record.length,
        events: grown,
        others: among,
        rounds,
        operations,
        warmUp,
        pairs,
      },
      warm,
      cold,
      goals: goalsOf(store, warm, cold),
    };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
};

/** Grown without a flush, ledgers would still be on their way to the disk while others are measured. Where it cannot be asked for, they are. */
const writeBack = (folder) => {
  spawnSync("sync", ["-f", folder]);
};

const bareFloor = (folder, record) => {
  const file = path.join(folder, "bare.db");
  makeBare(file);
  return openBareWriter({ bare: file, line: record.toString() });
};

const goal = (name, ratio, limit) => ({ name, ratio, limit, met: ratio <= limit });

/** Of F and of an empty process. */
const limits = { file: { p50: 1.25, cold: 1.2 }, sqlite: { p50: 1.45, cold: 1.3 } };

const goalsOf = (store, warm, cold) => [
  goal("warm transition p50 / F", warm[small].p50 / warm[floor].p50, limits[store].p50),
  ...(store === "file"
    ? [goal("warm transition p99 / p99 of F", warm[small].p99 / warm[floor].p99, 1.5)]
    : [goal("warm transition p50 / bare better-sqlite3", warm[small].p50 / warm[bare].p50, 1.45 / 1.2)]),
  goal("cold wp move / empty node", cold.few.p50 / cold.empty.p50, limits[store].cold),
  goal("warm, long log / short log", warm[large].p50 / warm[small].p50, 1.1),
  goal("cold, long log / short log", cold.many.p50 / cold.few.p50, 1.15),
  goal("warm, large ledger / small ledger", warm[amongMany].p50 / warm[small].p50, 1.1),
  goal("cold, large ledger / small ledger", cold.crowded.p50 / cold.few.p50, 1.15),
];
