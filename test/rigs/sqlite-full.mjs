/** F17: a database that is full at every page, and a disk that is, on a tmpfs of some pages; then there is room again. */
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { isStoreFault } from "@mission-ledger/core";
import { driverWithMostPages } from "../stores/broken-drivers.mjs";
import { stores } from "../stores/index.mjs";
import { problemsOf } from "../stores/sqlite-file.mjs";
import { appendProven, fill, isSame, knownOf, readAllOf, streams } from "./sqlite/history.mjs";
import { removeDatabase } from "./sqlite/operations.mjs";

const commits = 5;
const pageBytes = 4_096;
const isRoot = process.getuid?.() === 0;

/** Appends until there is no room; answers what was acknowledged and the fault. */
const appendUntilFull = async (store, from) => {
  const receipts = [];
  for (let index = from; index < from + 60; index += 1)
    try {
      receipts.push(...(await appendProven(store, streams[0], 2 * index, 2_000)));
    } catch (error) {
      return { receipts, error, next: index };
    }
  return { receipts, next: from + 60 };
};

const judgeFault = (error) => {
  if (error === undefined) return ["never full"];
  if (!isStoreFault(error)) return [`answered ${error.stack}`];
  return error.code === "STORAGE_FULL" && error.outcome === "not_written"
    ? []
    : [`answered ${error.code}, ${error.outcome}: ${error.message}`];
};

const missingIn = async (store, events) => {
  const { digests, error } = await readAllOf(store);
  if (error !== undefined) return [`reading is answered ${error.message}`];
  return [...knownOf(events)]
    .filter(([name, event]) => !isSame(digests.get(name), event))
    .map(([name]) => `${name} is gone`);
};

/** A database that may have so many pages. */
const fullDatabase = async ({ begun, place, before, pages, figures }) => {
  copyFileSync(begun, place);
  const small = await stores.sqlite.open(place, { loadDriver: () => driverWithMostPages(pages) });
  const { receipts, error, next } = await appendUntilFull(small, commits);
  const wrong = judgeFault(error);
  wrong.push(...(await missingIn(small, [...before, ...receipts])));
  await small.close();
  const store = await stores.sqlite.open(place);
  const again = await appendProven(store, streams[0], 2 * next, 2_000).catch((thrown) => thrown);
  if (!Array.isArray(again)) wrong.push(`refused with room again: ${again.message}`);
  else wrong.push(...(await missingIn(store, [...before, ...receipts, ...again])));
  await store.close();
  wrong.push(...problemsOf(place));
  figures["full databases"] += 1;
  return wrong;
};

/** A disk with so many pages left. */
const fullDisk = async ({ begun, mounted, before, pages, figures }) => {
  const place = path.join(mounted, "ledger.db");
  const filler = path.join(mounted, "filler");
  copyFileSync(begun, place);
  const store = await stores.sqlite.open(place);
  await store.head(streams[0]);
  const room = Number(execFileSync("stat", ["-f", "-c", "%a", mounted], { encoding: "utf8" }));
  writeFileSync(filler, Buffer.alloc(Math.max(0, room - pages) * pageBytes));
  const { receipts, error, next } = await appendUntilFull(store, commits);
  const wrong = judgeFault(error);
  wrong.push(...(await missingIn(store, [...before, ...receipts])));
  rmSync(filler);
  const again = await appendProven(store, streams[0], 2 * next, 2_000).catch((thrown) => thrown);
  if (!Array.isArray(again)) wrong.push(`refused with room again: ${again.message}`);
  else wrong.push(...(await missingIn(store, [...before, ...receipts, ...again])));
  await store.close();
  wrong.push(...problemsOf(place));
  removeDatabase(place);
  figures["full disks"] += 1;
  return wrong;
};

/** @type {import("./rig.d.mts").Rig} */
export const rig = {
  id: "F17",
  name: "sqlite-full",
  title: "no room for a database at every page",
  unit: "full databases",
  perPush: 60,
  longRun: 120,
  run: async ({ goal, deadline, mostFailures = 20, scratch }) => {
    const folder = existsSync("/dev/shm") ? mkdtempSync("/dev/shm/mission-ledger-full-") : scratch;
    const mounted = path.join(scratch, "tmpfs");
    const failures = [];
    const figures = { "full databases": 0, "full disks": 0 };
    let done = 0;
    mkdirSync(mounted);
    if (isRoot) execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", mounted]);
    else figures.tmpfs = "SKIPPED: needs root to mount";
    try {
      const begun = path.join(folder, "begun.db");
      const store = await stores.sqlite.open(begun);
      const before = await fill(store, commits);
      await store.close();
      const place = path.join(folder, "ledger.db");
      const { size } = statSync(begun);
      for (
        let extra = 0;
        done < goal && failures.length < mostFailures && performance.now() < deadline;
        extra += 1
      ) {
        const pages = size / pageBytes + (extra % 60);
        const wrong = await fullDatabase({ begun, place, before, pages, figures });
        failures.push(...wrong.map((text) => `${pages} pages at most: ${text}`));
        removeDatabase(place);
        done += 1;
        if (!isRoot) continue;
        const onDisk = await fullDisk({ begun, mounted, before, pages: extra % 60, figures });
        failures.push(...onDisk.map((text) => `a disk with room for ${extra % 60} pages: ${text}`));
        done += 1;
      }
    } finally {
      if (isRoot) execFileSync("umount", ["-l", mounted]);
      if (folder !== scratch) rmSync(folder, { recursive: true, force: true });
    }
    return { done, failures, figures };
  },
};
