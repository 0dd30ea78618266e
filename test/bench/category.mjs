/**
 * `pnpm bench category --store wire`, or `--store <esdb URL>`: a category of 10,000 missions with 1,116,250 events on a server. All of it
 * is read, reading is resumed from places all over it, and the views are rebuilt and compared with those of the same ledger in
 * files; each by a process of its own, whose memory is told beside that for a tenth of the events. What is wrong fails the run.
 */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { rebuildViews } from "@mission-ledger/rebuild";
import { describeAddress, parseAddress } from "@mission-ledger/store-eventstoredb";
import { fileSnapshots, openFileStore } from "@mission-ledger/store-file";
import { fillServer } from "./fill-server.mjs";
import { generateLedger } from "./generate-ledger.mjs";
import { allViews } from "./rebuild-views.mjs";
import { aligned } from "./report.mjs";
import { serverFor, withLedger } from "./wire-process.mjs";

const run = promisify(execFile);
const reader = fileURLToPath(new URL("./category-reader.mjs", import.meta.url));

const sizes = {
  full: { large: { events: 1_100_000, missions: 10_000 }, small: { events: 110_000, missions: 1_000 } },
  quick: { large: { events: 10_000, missions: 100 }, small: { events: 1_000, missions: 10 } },
};
const places = 20;

/** @param {{ store: string, quick: boolean, directory: string, say: (text: string) => void }} options */
export const measureCategory = async ({ store: asked, quick, directory, say }) => {
  const server = await serverFor(asked);
  const scratch = mkdtempSync(path.join(directory, "mission-ledger-category-"));
  const name = `bench_${crypto.randomUUID().slice(0, 8)}`;
  try {
    const measured = {};
    for (const [which, size] of Object.entries(quick ? sizes.quick : sizes.full)) {
      const folder = path.join(scratch, which);
      mkdirSync(folder);
      measured[which] = await measureOne({
        folder,
        url: withLedger(server.url, `${name}_${which}`),
        size,
        say: (text) => say(`${which}: ${text}`),
      });
    }
    const { large, small } = measured;
    return {
      bench: "category",
      conditions: {
        store: asked === "wire" ? "wire" : describeAddress(parseAddress(asked)),
        node: process.version,
        cpus: os.cpus().length,
      },
      large,
      small,
    };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
    await server.close();
  }
};

const measureOne = async ({ folder, url, size, say }) => {
  const files = path.join(folder, "files");
  mkdirSync(files);
  say(`making ${size.events} events`);
  const made = await generateLedger({ directory: files, ...size });
  say("filling the server");
  const begun = performance.now();
  const filled = await fillServer({ directory: files, url, say });
  const fillSeconds = (performance.now() - begun) / 1_000;
  if (filled.events !== made.events) throw new Error(`${filled.events} of ${made.events} events were sent`);
  const ask = async (task, options) => {
    say(task);
    const asked = JSON.stringify({ url, task, ...options });
    const { stdout } = await run(process.execPath, [reader, asked], { maxBuffer: 1 << 26 });
    return JSON.parse(stdout);
  };
  const { notes, last, ...read } = await ask("readWhole", { noteEvery: Math.floor(made.events / places) });
  if (read.events !== made.events) throw new Error(`${read.events} of ${made.events} events were read`);
  const toTheEnd = [0, Math.floor(notes.length / 2), notes.length - 1];
  const resumed = await ask("resume", { notes, last, toTheEnd, events: made.events });
  const views = path.join(folder, "views");
  const rebuilt = await ask("rebuild", { directory: views });
  if (rebuilt.events !== made.events || rebuilt.problems.length > 0)
    throw new Error(`the rebuild folded ${rebuilt.events} of ${made.events} events`);
  say("comparing the views with those of the files");
  const compared = await compareViews(files, views);
  return { ...made, fillSeconds, read, resumed, rebuilt, compared };
};

const compareViews = async (files, views) => {
  const store = await openFileStore({ directory: files });
  const own = fileSnapshots({ directory: files });
  await rebuildViews({ store, snapshots: own, folds: allViews, scope: { category: "mission" } });
  const other = fileSnapshots({ directory: views });
  let compared = 0;
  for (const stream of await store.streams("mission"))
    for (const { name, version } of allViews) {
      const [one, two] = await Promise.all(
        [own, other].map((snapshots) => snapshots.load({ stream, name, version })),
      );
      // The mark says where the event stands in a file.
      const { mark: _, ...head } = one.head;
      const shown = JSON.stringify([head.revision, head.digest, one.state]);
      if (two === undefined || JSON.stringify([two.head.revision, two.head.digest, two.state]) !== shown)
        throw new Error(`${name} of ${stream} differs from that of the files`);
      compared += 1;
    }
  await store.close();
  return compared;
};

export const renderCategory = ({ conditions, large, small }) => {
  const { store, node, cpus } = conditions;
  const row = (title, of) => {
    const { seconds, cpu, peak, before } = of(large);
    return [
      title,
      seconds.toFixed(1),
      cpu.toFixed(1),
      before.toFixed(0),
      peak.toFixed(0),
      of(small).peak.toFixed(0),
    ];
  };
  return [
    `${store}, node ${node}, ${cpus} cores; ${large.events} events in ${large.missions} missions, and ${small.events} in ${small.missions}`,
    `filled in ${large.fillSeconds.toFixed(0)} s; ${large.resumed.places} places to go on from, each with the event that came next; ${large.compared} views as of the files`,
    "",
    ...aligned([
      ["", "s", "CPU s", "MB before", "peak MB", `with ${small.events}`],
      row("all of it read", ({ read }) => read),
      row("reading resumed", ({ resumed }) => resumed),
      row("views rebuilt", ({ rebuilt }) => rebuilt),
    ]),
    "",
  ].join("\n");
};
