/**
 * F17: eight writers on one stream of a database while a stranger keeps taking the write lock, then while a reader holds one snapshot,
 * so that no checkpoint finishes. Nothing is lost, nobody starves, and the growth of the -wal is bounded or told.
 */
import { fork } from "node:child_process";
import { mkdirSync, statSync } from "node:fs";
import path from "node:path";
import { inspectDatabase } from "@mission-ledger/store-sqlite";
import { stores } from "../stores/index.mjs";
import { appendProven } from "./sqlite/history.mjs";

const writers = 8;
const stream = "storm-a";
/** Of the fastest. */
const slowestShare = 0.25;
/** How long each try takes. A short storm may be unlucky, or somebody else have the processors; whoever is starved is starved in the longest too. */
const triesMs = [3_000, 6_000, 12_000];
const isFair = (counts) => Math.min(...counts) >= slowestShare * Math.max(...counts);
const storms = ["rude", "reader"];

/** What `journal_size_limit` leaves of a -wal that was checkpointed whole. */
const mostWalBytes = 64 * 2 ** 20;

const walBytes = (place) => statSync(`${place}-wal`).size;

const start = (role, place, name) => {
  const child = fork(new URL("sqlite/crowd-member.mjs", import.meta.url), [role, place, stream, name], {
    execArgv: [],
  });
  const heard = { ready: undefined, done: undefined };
  const ready = new Promise((resolve, reject) => {
    heard.ready = resolve;
    child.once("exit", (code, signal) =>
      reject(new Error(`${name} ended with ${signal ?? code} before it began`)),
    );
  });
  const done = new Promise((resolve) => {
    heard.done = resolve;
    child.once("close", (code, signal) =>
      resolve({ _tag: "Failed", message: `${name} ended with ${signal ?? code}` }),
    );
  });
  child.on("message", (message) => (message._tag === "Ready" ? heard.ready() : heard.done(message)));
  ready.catch(() => {});
  return { child, ready, done };
};

/** One storm; answers what everybody was told, and how the -wal grew. */
const rage = async ({ place, stranger, milliseconds }) => {
  const names = Array.from({ length: writers }, (_, index) => `${stranger}-w${index}`);
  const crew = [start(stranger, place, "stranger"), ...names.map((name) => start("writer", place, name))];
  try {
    await Promise.all(crew.map(({ ready }) => ready));
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    const before = walBytes(place);
    const told = (await inspectDatabase({ path: place })).walBytes;
    // Who has died meanwhile says so by its end.
    for (const { child } of crew) if (child.connected) child.send({ stop: true }, () => {});
    return { answers: await Promise.all(crew.map(({ done }) => done)), before, told };
  } finally {
    for (const { child } of crew) if (child.exitCode === null && !child.connected) child.kill("SIGKILL");
  }
};

const check = async (place, receipts) => {
  const failures = [];
  const found = new Map();
  const store = await stores.sqlite.open(place);
  let next = 0;
  for await (const batch of store.read(stream))
    for (const { commandId, id, revision } of batch) {
      if (revision !== next) failures.push(`revision ${revision} stands where ${next} should`);
      next = revision + 1;
      if (found.has(commandId)) failures.push(`${commandId} is there twice`);
      found.set(commandId, id);
    }
  await store.close();
  for (const { commandId, eventIds } of receipts)
    if (found.get(commandId) !== eventIds[0]) failures.push(`${commandId} was acknowledged and is lost`);
  if (found.size !== receipts.length)
    failures.push(`${found.size} commands are there and ${receipts.length} were acknowledged`);
  const { problems } = await stores.sqlite.inspect(place);
  return [...failures, ...problems];
};

/** One storm on a database of its own. */
const storm = async ({ name, stranger, milliseconds, scratch, failures, figures }) => {
  const folder = path.join(scratch, name);
  mkdirSync(folder);
  const place = stores.sqlite.placeIn(folder);
  const store = await stores.sqlite.open(place);
  // So that a stranger finds tables.
  await appendProven(store, "storm-b", 0);
  const { answers, before, told } = await rage({ place, stranger, milliseconds });
  if (told < before) failures.push(`${name}: the -wal has ${before} bytes, and inspectDatabase says ${told}`);
  // With the stranger gone one command has the -wal checkpointed whole; the next one begins it anew, and only then SQLite cuts it.
  for (const step of [1, 2]) await appendProven(store, "storm-b", step);
  const after = walBytes(place);
  if (after > mostWalBytes) failures.push(`${name}: the -wal keeps ${after} bytes`);
  await store.close();
  for (const { _tag, message } of answers) if (_tag === "Failed") failures.push(`${name}: ${message}`);
  const crowd = answers.filter(({ role }) => role === "writer");
  const counts = crowd.map(({ receipts }) => receipts.length);
  const receipts = crowd.flatMap((one) => one.receipts);
  failures.push(...(await check(place, receipts)).map((text) => `${name}: ${text}`));
  figures[`${name} receipts`] = counts.join(" ");
  figures[`${name} longest ms`] = Math.round(Math.max(...crowd.map(({ longest }) => longest)));
  figures[`${name} -wal KiB`] = Math.round(before / 1024);
  figures[`${name} -wal KiB, then`] = Math.round(after / 1024);
  for (const { faults } of crowd)
    for (const [key, count] of Object.entries(faults))
      figures[`${name} ${key}`] = (figures[`${name} ${key}`] ?? 0) + count;
  return counts;
};

/** @type {import("./rig.d.mts").Rig} */
export const rig = {
  id: "F17",
  name: "sqlite-crowd",
  title: `${writers} writers on one stream beside a stranger with the lock, and beside a reader's snapshot`,
  unit: "receipts",
  perPush: 500,
  longRun: 100_000,
  cores: 2,
  run: async ({ goal, deadline, scratch, note }) => {
    const failures = [];
    const figures = { unfair: 0 };
    let done = 0;
    for (let round = 0; done < goal && failures.length === 0 && performance.now() < deadline; round += 1)
      for (const stranger of storms)
        for (const [index, milliseconds] of triesMs.entries()) {
          const name = `${stranger}-${round}-${index + 1}`;
          const counts = await storm({ name, stranger, milliseconds, scratch, failures, figures });
          done += counts.reduce((sum, count) => sum + count, 0);
          note(`${name}: ${counts}`);
          if (isFair(counts) || failures.length > 0) break;
          figures.unfair += 1;
          if (index === triesMs.length - 1)
            failures.push(`${name}: the slowest of ${counts} is below ${slowestShare} of the fastest, again`);
        }
    return { done, failures, figures };
  },
};
