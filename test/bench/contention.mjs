/**
 * `pnpm bench contention`: what a crowd gets done, beside what one process's bare write and flush loop does in the same
 * minute. Workers are processes of their own, started together; the log is checked behind each run. Goals are printed
 * beside the figures and never fail a build.
 */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { makeBare } from "./bare-writer.mjs";
import { measureCold } from "./cold.mjs";
import { checkLogs, runCrowd } from "./crowd.mjs";
import { openFloors } from "./floors.mjs";
import { measureInFlight } from "./in-flight.mjs";
import { addressIn, growMission, lastRecord, openBenchLedger } from "./missions.mjs";
import { median, percentile, timed } from "./statistics.mjs";

const sizes = {
  full: {
    milliseconds: 4_000,
    rounds: 5,
    claims: { missions: 50, packages: 2_000 },
    ledgers: 10_000,
    pairs: 15,
    inFlight: { rounds: 7, count: 8_000, width: 64 },
  },
  quick: {
    milliseconds: 700,
    rounds: 3,
    claims: { missions: 10, packages: 100 },
    ledgers: 500,
    pairs: 3,
    inFlight: { rounds: 3, count: 2_000, width: 64 },
  },
};

const fileLoads = [
  { id: "L5", title: "1 process", writers: 1, missions: 1 },
  { id: "L1", title: "8 processes, one mission", writers: 8, missions: 1 },
  { id: "L2", title: "32 processes, one mission", writers: 32, missions: 1 },
  { id: "L3", title: "8 processes, 8 missions", writers: 8, missions: 8 },
];

/** What a crowd on a database is asked for. */
const sqliteLoads = [
  { id: "S1", title: "1 process", writers: 1, missions: 1 },
  { id: "L7", title: "8 processes, one mission", writers: 8, missions: 1 },
  { id: "S3", title: "8 processes, 8 missions", writers: 8, missions: 8 },
];

const slugOf = (index) => `crowd-${index}`;

/**
 * @param {{ store: "file" | "sqlite", quick: boolean, only: readonly string[], directory: string, say: (text: string) => void }} options
 */
export const measureContention = async ({ store, quick, only, directory, say }) => {
  const size = quick ? sizes.quick : sizes.full;
  const loads = store === "file" ? fileLoads : sqliteLoads;
  const scratch = fs.mkdtempSync(path.join(directory, "mission-ledger-bench-"));
  let made = 0;
  const inScratch = (name) => {
    made += 1;
    const folder = path.join(scratch, `${made}-${name}`);
    fs.mkdirSync(folder);
    return folder;
  };
  const wanted = (id) => only.length === 0 || only.includes(id);
  try {
    const sample = inScratch("sample");
    await growMission("file", sample, 100);
    const record = lastRecord(sample);
    const floors = openFloors(inScratch("floor"), record);
    const floor = floors.contestants["write + fdatasync"];
    /** The file store is held against one process's writes and flushes, a database against as many bare writers. */
    const rawOf = {
      file: () => rawLoop(floor, size.milliseconds / 4),
      sqlite: ({ writers }) => bareCrowd(inScratch("bare"), record, writers, size.milliseconds / 2),
    }[store];
    const crowds = {};
    for (const { id } of loads) if (wanted(id)) crowds[id] = { rounds: [] };
    // Loads take turns, each beside a floor of its own, so that a noisy minute hurts all alike.
    for (let round = 0; round < size.rounds; round += 1)
      for (const load of loads) {
        if (!wanted(load.id)) continue;
        say(`${load.id}: ${load.title}, round ${round + 1} of ${size.rounds}`);
        const raw = await rawOf(load);
        const answers = await crowdOn(store, inScratch(load.id), load, size.milliseconds);
        crowds[load.id].rounds.push(crowdFigures(answers, raw));
      }
    floors.close();
    const claims =
      wanted("L4") && store === "file"
        ? await raceForClaims(inScratch("claims"), size.claims, say)
        : undefined;
    const inFlight = wanted("in-flight") ? await measureInFlight(store, inScratch, size.inFlight) : undefined;
    const cold = wanted("L9") && store === "file" ? await coldAmongMany(inScratch, size, say) : undefined;
    return {
      bench: "contention",
      conditions: {
        store,
        node: process.version,
        cpus: os.cpus().length,
        fileSystem: `0x${(fs.statfsSync(scratch).type >>> 0).toString(16)}`,
        ...size,
      },
      loads: loads
        .filter(({ id }) => wanted(id))
        .map((load) => ({ ...load, ...middleOf(crowds[load.id].rounds), rounds: crowds[load.id].rounds })),
      ...(claims === undefined ? {} : { claims }),
      ...(inFlight === undefined ? {} : { inFlight: summaryOf(inFlight) }),
      ...(cold === undefined ? {} : { cold }),
    };
  } finally {
    fs.rmSync(scratch, { recursive: true, force: true });
  }
};

/** One process, one file: write and flush, nothing else. */
const rawLoop = async (floor, milliseconds) => {
  const took = [];
  const begun = performance.now();
  while (performance.now() - begun < milliseconds) took.push(await timed(floor));
  return { rate: (1000 * took.length) / (performance.now() - begun), p99: percentile(took, 0.99) };
};

/** As many processes as in the crowd, each a bare insert loop on one database. */
const bareCrowd = async (folder, record, writers, milliseconds) => {
  const bare = path.join(folder, "bare.db");
  makeBare(bare);
  const job = { bare, line: record.toString(), milliseconds, warmUp: milliseconds };
  const answers = await runCrowd(Array.from({ length: writers }, () => job));
  const { rate, p99 } = crowdFigures(answers, {});
  return { rate, p99 };
};

const crowdOn = async (store, directory, { writers, missions }, milliseconds) => {
  const ledger = await openBenchLedger({ store, directory, flush: false });
  const streams = [];
  for (let index = 0; index < missions; index += 1) {
    await planMission(ledger, slugOf(index), 12);
    streams.push(ledger.mission(slugOf(index)).stream);
  }
  await ledger.close();
  const answers = await runCrowd(
    Array.from({ length: writers }, (_, index) => ({
      store,
      directory,
      slug: slugOf(index % missions),
      milliseconds,
      // With eight processes on two cores it takes seconds until what runs is compiled code.
      warmUp: milliseconds,
    })),
  );
  await checkLogs(store, directory, streams, answers);
  return answers;
};

const crowdFigures = (answers, raw) => {
  const rates = answers.map(({ count, milliseconds }) => (1000 * count) / milliseconds);
  return {
    rate: rates.reduce((sum, rate) => sum + rate, 0),
    raw: raw.rate,
    rawP99: raw.p99,
    p50: median(answers.map(({ p50 }) => p50)),
    p99: median(answers.map(({ p99 }) => p99)),
    max: Math.max(...answers.map(({ max }) => max)),
    slowestOfFastest: Math.min(...rates) / Math.max(...rates),
  };
};

/** The median of each figure over the rounds; the longest wait is the longest of all. */
const middleOf = (rounds) => ({
  ...Object.fromEntries(
    Object.keys(rounds[0]).map((name) => [name, median(rounds.map((round) => round[name]))]),
  ),
  max: Math.max(...rounds.map(({ max }) => max)),
  ofRaw: median(rounds.map(({ rate, raw }) => rate / raw)),
});

const planMission = async (ledger, slug, packages) => {
  const mission = ledger.mission(slug);
  await mission.execute({
    type: "CreateMission",
    slug,
    title: "A crowd",
    missionId: slug,
    dependencyMetAt: "approved",
  });
  const planned = Array.from({ length: packages }, (_, index) => ({
    workPackageId: `WP${String(index + 1).padStart(2, "0")}`,
    title: `Work package ${index + 1}`,
    dependsOn: [],
    owns: [],
    subtasks: [],
    executionLane: null,
  }));
  const perCommand = 32;
  for (let from = 0; from < packages; from += perCommand)
    await mission.execute({ type: "AddWorkPackages", workPackages: planned.slice(from, from + perCommand) });
};

const agents = 8;

const raceForClaims = async (directory, { missions, packages }, say) => {
  say(`L4: planning ${missions} missions of ${packages} packages`);
  const slugs = Array.from({ length: missions }, (_, index) => slugOf(index));
  const ledger = await openBenchLedger({ store: "file", directory, flush: false });
  for (const slug of slugs) await planMission(ledger, slug, packages);
  const streams = slugs.map((slug) => ledger.mission(slug).stream);
  await ledger.close();
  say(`L4: ${agents} agents claim ${missions * packages} packages`);
  const answers = await runCrowd(
    Array.from({ length: agents }, (_, index) => ({
      store: "file",
      directory,
      missions: slugs,
      seed: index + 1,
      actor: `agent:${index + 1}`,
    })),
  );
  const claims = await checkLogs("file", directory, streams, answers);
  const won = answers.reduce((sum, { count }) => sum + count, 0);
  const doubled = [...claims.values()].filter((holders) => holders.length !== 1).length;
  if (claims.size !== missions * packages || doubled > 0 || won !== claims.size)
    throw new Error(`${claims.size} claimed of ${missions * packages}, ${won} won, ${doubled} twice`);
  const seconds = Math.max(...answers.map(({ milliseconds }) => milliseconds)) / 1000;
  return {
    winners: won,
    refused: answers.reduce((sum, { refused }) => sum + refused, 0),
    rate: won / seconds,
    smallestShare: Math.min(...answers.map(({ count }) => count)) / won,
    p99: Math.max(...answers.map(({ p99 }) => p99)),
    max: Math.max(...answers.map(({ max }) => max)),
  };
};

/** The same mission alone and among many others. */
const coldAmongMany = async (inScratch, { ledgers, pairs }, say) => {
  say(`L9: growing ${ledgers} missions`);
  const directories = { one: inScratch("one"), many: inScratch("many") };
  await growMission("file", directories.one, 200);
  await growMission("file", directories.many, 200);
  const ledger = await openBenchLedger({ store: "file", directory: directories.many, flush: false });
  for (let index = 1; index < ledgers; index += 1) {
    const slug = slugOf(index);
    await ledger
      .mission(slug)
      .execute({ type: "CreateMission", slug, title: slug, missionId: slug, dependencyMetAt: "approved" });
  }
  await ledger.close();
  say(`L9: ${pairs} cold commands each`);
  return {
    missions: ledgers,
    ...measureCold(
      { one: addressIn("file", directories.one), many: addressIn("file", directories.many) },
      pairs,
    ),
  };
};

const summaryOf = (inFlight) =>
  Object.fromEntries(
    Object.entries(inFlight).map(([name, { single, crowd }]) => [
      name,
      {
        single: median(single),
        crowd: median(crowd),
        times: median(crowd.map((rate, index) => rate / single[index])),
      },
    ]),
  );
