/** Rebuilds of all mission views, beside a bare loop over the same ledger, in one run and taking turns. */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { foldMany } from "@mission-ledger/core";
import { rebuildViews } from "@mission-ledger/rebuild";
import { foldFilesBare, foldRowsBare } from "./rebuild-floors.mjs";
import { loadSqlite, makeGround } from "./rebuild-ground.mjs";
import { allViews, lanesOnly, openGround } from "./rebuild-views.mjs";
import { aligned } from "./report.mjs";
import { median, timed } from "./statistics.mjs";

const run = promisify(execFile);
const beside = (name) => fileURLToPath(new URL(name, import.meta.url));

const sizes = {
  full: { events: 1_000_000, missions: 5_000, fewer: { events: 100_000, missions: 500 }, rounds: 3 },
  quick: { events: 50_000, missions: 250, fewer: { events: 10_000, missions: 50 }, rounds: 3 },
};

/** Rounds that would begin later are left out, so that a busy machine gets to the end as well. */
const longestMs = 180_000;

/**
 * @param {{ directory: string, store: "file" | "sqlite", quick: boolean, say: (text: string) => void }} options
 */
export const measureRebuild = async ({ directory: under, store, quick, say }) => {
  const { events, missions, fewer, rounds } = quick ? sizes.quick : sizes.full;
  const root = await mkdtemp(path.join(under, "mission-ledger-rebuild-"));
  try {
    const large = path.join(root, "large");
    const small = path.join(root, "small");
    say(`making ${events} and ${fewer.events} events`);
    const made = await makeGround(large, { events, missions, store });
    const madeSmall = await makeGround(small, { ...fewer, store });
    const ground = await openGround(large, store);
    const streams = await ground.store.streams("mission");
    const database = store === "sqlite" ? new (loadSqlite())(path.join(large, "ledger.db")) : undefined;
    const folded = (specs) => async () => {
      let sum = 0;
      for (const stream of streams) {
        const [{ head }] = await foldMany(ground.store, stream, specs);
        sum += head.revision + 1;
      }
      return sum;
    };
    const rebuilt = (count) => async () => {
      const { events: sum } = await rebuildViews({
        ...ground,
        folds: allViews,
        scope: { category: "mission" },
        resume: false,
        ...(count === 1
          ? {}
          : { workers: { count, file: beside("rebuild-thread.mjs"), data: { directory: large, store } } }),
      });
      return sum;
    };
    const contestants = {
      "bare loop": () =>
        database === undefined ? foldFilesBare(large, streams) : foldRowsBare(database, streams),
      "all views": folded(allViews),
      "lanes only": folded(lanesOnly),
      "rebuilt and kept, one thread": rebuilt(1),
      "rebuilt and kept, two threads": rebuilt(2),
    };
    const names = Object.keys(contestants);
    const samples = Object.fromEntries(names.map((name) => [name, []]));
    // Of all threads; on a machine with other work it says more than the clock does.
    const cpu = Object.fromEntries(names.map((name) => [name, []]));
    const begun = performance.now();
    let measured = 0;
    for (let round = -1; round < rounds; round += 1) {
      if (round > 0 && performance.now() - begun > longestMs) break;
      measured = round + 1;
      say(round < 0 ? "warming up" : `round ${round + 1} of ${rounds}`);
      for (let turn = 0; turn < names.length; turn += 1) {
        const name = names[(turn + Math.max(round, 0)) % names.length];
        let sum = 0;
        const before = process.cpuUsage();
        const taken = await timed(async () => {
          sum = await contestants[name]();
        });
        const { user, system } = process.cpuUsage(before);
        if (sum !== made.events) throw new Error(`${name} folded ${sum} of ${made.events} events`);
        if (round < 0) continue;
        samples[name].push(taken);
        cpu[name].push((user + system) / 1_000);
      }
    }
    database?.close();
    await ground.store.close();
    say("memory, a process each");
    const memoryOf = async (directory, threads) => {
      const place =
        store === "file" ? ["--ledger", directory] : ["--ledger", path.join(directory, "ledger.db")];
      const asked = [beside("rebuild-memory.mjs"), ...place, "--workers", String(threads)];
      const { stdout } = await run(process.execPath, asked);
      return JSON.parse(stdout.trimEnd().split("\n").at(-1));
    };
    const memory = {
      large: await memoryOf(large, 1),
      small: await memoryOf(small, 1),
      largeOnTwo: await memoryOf(large, 2),
      smallOnTwo: await memoryOf(small, 2),
    };
    const speed = Object.fromEntries(
      names.map((name) => [
        name,
        {
          ms: median(samples[name]),
          best: Math.min(...samples[name]),
          cpuMs: median(cpu[name]),
          perSecond: Math.round((made.events / median(samples[name])) * 1_000),
        },
      ]),
    );
    const conditions = {
      node: process.version,
      cpus: os.cpus().length,
      store,
      rounds: measured,
      events: made.events,
      missions,
      fewerEvents: madeSmall.events,
    };
    return { conditions, speed, memory, goals: goalsOf(speed, memory, store) };
  } finally {
    await rm(root, { recursive: true, force: true });
  }
};

const goalsOf = (speed, memory, store) => {
  const against = (name, base) => speed[base].ms / speed[name].ms;
  const atLeast = (name, measured, limit) => ({ name, measured, limit, unit: "×", met: measured >= limit });
  const atMost = (name, measured, limit) => ({ name, measured, limit, unit: "MB", met: measured <= limit });
  return [
    atLeast(
      "all views, against the bare loop",
      against("all views", "bare loop"),
      store === "file" ? 0.85 : 0.8,
    ),
    ...(store === "file"
      ? [atLeast("lanes only, against the bare loop", against("lanes only", "bare loop"), 1.8)]
      : []),
    atLeast(
      "two threads, against one",
      against("rebuilt and kept, two threads", "rebuilt and kept, one thread"),
      1.5,
    ),
    atMost("peak memory", memory.large.peak, 100),
    atMost("more than with fewer events", memory.large.peak - memory.small.peak, 15),
    atMost("peak memory, two threads", memory.largeOnTwo.peak, 100),
    atMost("more than with fewer events, two threads", memory.largeOnTwo.peak - memory.smallOnTwo.peak, 15),
  ];
};

export const renderRebuild = ({ conditions, speed, memory, goals }) => {
  const { node, cpus, store, rounds, events, missions, fewerEvents } = conditions;
  const floor = speed["bare loop"].ms;
  return [
    `node ${node}, ${cpus} cores; ${store} store, ${events} events in ${missions} missions`,
    `medians of ${rounds} rounds, taking turns; the bare loop parses and folds, checks nothing and keeps nothing`,
    "",
    ...aligned([
      ["", "ms", "best ms", "events/s", "× bare", "CPU ms", "× bare"],
      ...Object.entries(speed).map(([name, { ms, best, perSecond, cpuMs }]) => [
        name,
        ms.toFixed(0),
        best.toFixed(0),
        String(perSecond),
        `${(floor / ms).toFixed(2)} ×`,
        cpuMs.toFixed(0),
        `${(speed["bare loop"].cpuMs / cpuMs).toFixed(2)} ×`,
      ]),
    ]),
    "",
    `peak memory of \`mled rebuild\` in a process of its own, with ${events} and ${fewerEvents} events (an empty process had ${memory.large.before.toFixed(0)} MB)`,
    `one thread ${memory.large.peak.toFixed(0)} and ${memory.small.peak.toFixed(0)} MB, two threads ${memory.largeOnTwo.peak.toFixed(0)} and ${memory.smallOnTwo.peak.toFixed(0)} MB`,
    "",
    ...aligned([
      ["Goal", "measured", "wanted", ""],
      ...goals.map(({ name, measured, limit, unit, met }) => [
        name,
        `${unit === "×" ? measured.toFixed(2) : measured.toFixed(0)} ${unit}`,
        `${unit === "×" ? "≥" : "≤"} ${limit} ${unit}`,
        met ? "met" : "not met",
      ]),
    ]),
    "",
  ].join("\n");
};
