/**
 * F17: between any two steps of an append the database, its -wal or its -shm is deleted, moved, replaced or copied over. A receipt
 * only if the events stand at the path, even if the process dies right then; else a typed fault.
 */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { isStoreFault } from "@mission-ledger/core";
import { stores } from "../stores/index.mjs";
import { appendProven, Conflicted, fill, isSame, knownOf, readAllOf, streams } from "./sqlite/history.mjs";
import { copyDatabase, removeDatabase } from "./sqlite/operations.mjs";

const ends = ["", "-wal", "-shm"];
const commits = 6;
const later = 3;

const remove =
  (...which) =>
  (place) => {
    for (const end of which) rmSync(place + end, { force: true });
  };

/** What is done to the files; `older` is a sound copy from before, `other` another ledger. */
const tamperings = {
  "-wal deleted": remove("-wal"),
  "-shm deleted": remove("-shm"),
  "-wal and -shm deleted": remove("-wal", "-shm"),
  "database unlinked": remove(""),
  "all three unlinked": remove("", "-wal", "-shm"),
  "database moved away": (place) => renameSync(place, `${place}.moved`),
  "all three moved away": (place) => {
    for (const end of ends) if (existsSync(place + end)) renameSync(place + end, `${place}.moved${end}`);
  },
  "the folder moved away": (place) => {
    renameSync(path.dirname(place), `${path.dirname(place)}.moved`);
    mkdirSync(path.dirname(place));
  },
  "an older copy moved into its place": (place, { older }) => {
    copyFileSync(older, `${place}.new`);
    renameSync(`${place}.new`, place);
  },
  "another ledger moved into its place": (place, { other }) => {
    copyFileSync(other, `${place}.new`);
    renameSync(`${place}.new`, place);
  },
  "an older copy over it": (place, { older }) => copyFileSync(older, place),
  "another ledger over it": (place, { other }) => copyFileSync(other, place),
};
/** After these the events of before may be gone: a person took them away. */
const overwrites = new Set(["an older copy over it", "another ledger over it"]);

const makeLedger = async (place, count) => {
  const store = await stores.sqlite.open(place);
  const events = await fill(store, count);
  await store.close();
  return events;
};

/** Appends `later` commits, tampered with at the n-th step; answers what was acknowledged and what happened. */
const appendTampered = async ({ world, place, at, tamper }) => {
  let steps = 0;
  const names = [];
  const step = (name) => {
    steps += 1;
    names.push(name);
    if (steps === at) tamper?.(place, world);
  };
  const receipts = [];
  const copies = [];
  const faults = [];
  const untyped = [];
  const guarded = async (what, run) => {
    try {
      return await run();
    } catch (error) {
      if (isStoreFault(error)) faults.push(`${error.code} ${error.outcome}`);
      else if (error instanceof Conflicted) faults.push(error.message);
      else untyped.push(`${what}: ${error.stack}`);
      return undefined;
    }
  };
  const failpoint = (name) => step(name);
  const store = await guarded("open", () => stores.sqlite.open(place, { failpoint }));
  if (store === undefined) return { receipts, copies, faults, untyped, names };
  for (let index = 0; index < later; index += 1) {
    step(`before append ${index}`);
    const events = await guarded("append", () => appendProven(store, streams[0], commits + 2 * index, 300));
    if (events !== undefined) {
      receipts.push(...events);
      // As if the process died now: what stands at the path is all that there is.
      copies.push({ copy: world.copy(place), events, when: `right after its receipt (step ${steps})` });
    }
  }
  step("before close");
  await guarded("close", () => store.close());
  return { receipts, copies, faults, untyped, names };
};

/** Whether a fresh process finds these events at a place; a typed fault when it looks is a notice too. */
const missingAt = async (place, events) => {
  if (!existsSync(place)) return [...knownOf(events).keys()];
  const store = await stores.sqlite.open(place);
  const { digests, error } = await readAllOf(store);
  await store.close().catch(() => {});
  if (error !== undefined) return [];
  return [...knownOf(events)]
    .filter(([name, event]) => !isSame(digests.get(name), event))
    .map(([name]) => name);
};

/** @type {import("./rig.d.mts").Rig} */
export const rig = {
  id: "F17",
  name: "sqlite-places",
  title: "a database deleted, moved, replaced or copied over between any two steps",
  unit: "tampered appends",
  perPush: 396,
  longRun: 2_000,
  run: async ({ goal, deadline, mostFailures = 20, scratch }) => {
    const base = existsSync("/dev/shm") ? mkdtempSync("/dev/shm/mission-ledger-places-") : scratch;
    const failures = [];
    const figures = { steps: 0, receipts: 0 };
    let done = 0;
    try {
      const folderOf = (name) => {
        const folder = path.join(base, name);
        mkdirSync(folder);
        return folder;
      };
      const sources = folderOf("sources");
      const older = path.join(sources, "older.db");
      const begun = path.join(sources, "begun.db");
      const other = path.join(sources, "other.db");
      await makeLedger(older, commits - 2);
      const before = await makeLedger(begun, commits);
      await makeLedger(other, 2);
      const graves = folderOf("copies");
      let copied = 0;
      const world = {
        older,
        other,
        copy: (place) => {
          const copy = path.join(graves, `${copied++}.db`);
          copyDatabase(place, copy);
          return copy;
        },
      };
      const trial = path.join(folderOf("trial"), "ledger.db");
      copyFileSync(begun, trial);
      const { names, receipts, untyped } = await appendTampered({ world, place: trial, at: 0 });
      if (receipts.length === 0 || untyped.length > 0) failures.push(`nothing is acknowledged: ${untyped}`);
      figures.steps = names.length;
      const kinds = Object.entries(tamperings);
      const all = names.flatMap((name, index) =>
        kinds.map(([kind, tamper]) => ({ name, at: index + 1, kind, tamper })),
      );
      figures["all cases"] = all.length;
      const stride = Math.max(1, all.length / goal);
      for (; done < goal && failures.length < mostFailures && performance.now() < deadline; done += 1) {
        const { name, at, kind, tamper } = all[Math.floor(done * stride) % all.length];
        const folder = folderOf(`case-${done}`);
        const place = path.join(folder, "ledger.db");
        copyFileSync(begun, place);
        const where = `${kind} at step ${at} (${name})`;
        const result = await appendTampered({ world, place, at, tamper });
        figures.receipts += result.receipts.length;
        for (const fault of result.faults) figures[fault] = (figures[fault] ?? 0) + 1;
        failures.push(...result.untyped.map((text) => `${where}: ${text}`));
        for (const { copy, events, when } of result.copies) {
          const missing = await missingAt(copy, events);
          removeDatabase(copy);
          if (missing.length > 0)
            failures.push(`${where}: ${missing} has a receipt and was not at the path ${when}`);
        }
        if (!overwrites.has(kind) && kind.endsWith("-shm deleted") && !kind.includes("-wal")) {
          const missing = await missingAt(place, [...before, ...result.receipts]);
          if (missing.length > 0) failures.push(`${where}: ${missing} is gone in the end`);
        }
        rmSync(folder, { recursive: true, force: true });
        rmSync(`${folder}.moved`, { recursive: true, force: true });
      }
    } finally {
      if (base !== scratch) rmSync(base, { recursive: true, force: true });
    }
    return { done, failures, figures };
  },
};
