/**
 * Runs with the injecting library before the C library: one call after the other fails, in one process, each on a database of
 * its own; then the database is judged with calls that work. Told what to do by one message, answers with another.
 */

import fs from "node:fs";
import { constants } from "node:os";
import { isStoreFault } from "@mission-ledger/core";
import { History, judgeStore, seededRandomness } from "@mission-ledger/testkit";
import { stores } from "../../stores/index.mjs";
import { Driver, integrityOf } from "../../stores/sqlite-file.mjs";
import { actions, openControl } from "./injector.mjs";
import { act, copyDatabase, makeBeginnings, operations, removeDatabase } from "./operations.mjs";

const { errno } = constants;
/** What the system may answer to each call, by its name in the trace. */
const errors = {
  open: [
    "EMFILE",
    "ENFILE",
    "ENOMEM",
    "EACCES",
    "EPERM",
    "EROFS",
    "EIO",
    "ENOSPC",
    "ENOENT",
    "ENOTDIR",
    "ELOOP",
  ],
  pread: ["EIO", "ENOMEM"],
  pwrite: ["ENOSPC", "EDQUOT", "EFBIG", "EIO", "EROFS"],
  fsync: ["EIO", "ENOSPC", "EDQUOT"],
  ftruncate: ["EIO", "ENOSPC", "EFBIG"],
  lock: ["EAGAIN", "ENOLCK", "EIO"],
  mmap: ["ENOMEM", "EACCES"],
  unlink: ["EACCES", "EIO", "EROFS"],
  close: ["EIO"],
};
/** Every fault that may come of a failing call. */
const known = new Set([
  "DURABILITY_UNKNOWN",
  "LOCK_TIMEOUT",
  "LOG_CORRUPT",
  "PERMISSION_DENIED",
  "READBACK_FAILED",
  "RESOURCES_EXHAUSTED",
  "STORAGE_ERROR",
  "STORAGE_FULL",
  "STORAGE_READ_ONLY",
  "STORE_MISSING",
  "UNSAFE_FILE",
  "LOG_REPLACED",
]);

const descriptors = () => fs.readdirSync("/proc/self/fd").length;

const openCase = (folder, beginnings) => {
  let made = 0;
  return ({ before }) => {
    const place = `${folder}/case-${made++}.db`;
    const { place: from, view } = beginnings[before];
    copyDatabase(from, place);
    return { place, history: new History(view) };
  };
};

/** How many calls an operation makes when none fails, and which. */
const traceOf = async (operation, open, control) => {
  const { place, history } = open(operation);
  const failures = [];
  await act({ operation, place, history, arm: () => control.arm(), thrown: (error) => failures.push(error) });
  const { trace } = control.disarm();
  removeDatabase(place);
  if (failures.length > 0) throw failures[0];
  return trace;
};

/** Every way in which every call of every operation may fail. */
const casesOf = async (open, control) => {
  const cases = [];
  const sites = {};
  for (const operation of operations) {
    const trace = await traceOf(operation, open, control);
    sites[operation.name] = trace.length;
    trace.forEach(({ call, name }, index) => {
      for (const code of errors[name.split(" ")[0]] ?? []) {
        cases.push({ operation, at: index + 1, name, code, action: actions.fail });
        cases.push({ operation, at: 1, name, code, action: actions.stayFailed, only: call });
      }
      if (["pread", "pwrite"].includes(name.split(" ")[0]))
        cases.push({ operation, at: index + 1, name, code: "cut short", action: actions.cutShort });
    });
  }
  // The same kind of call failing for good is one case, wherever it begins.
  const kept = new Map();
  for (const one of cases)
    kept.set(
      one.only === undefined
        ? `${one.operation.name} ${one.at} ${one.code}`
        : `${one.operation.name} every ${one.only} ${one.code}`,
      one,
    );
  return { cases: [...kept.values()], sites };
};

const runCase = async ({ operation, at, name, code, action, only }, open, control, report) => {
  const { place, history } = open(operation);
  const many = only === undefined ? `call ${at}, ${name}` : `every ${name.split(" ")[0]}`;
  const wrong = (text) => report.failures.push(`${operation.name}, ${many}: ${code}: ${text}`);
  const faults = [];
  await act({
    operation,
    place,
    history,
    arm: () => control.arm({ at, action, errno: errno[code] ?? 0, only: only ?? 0 }),
    thrown: (error) => {
      if (isStoreFault(error)) faults.push(error);
      else wrong(`answered with ${String(error?.stack ?? error)}`);
    },
  });
  const { wasHit } = control.disarm();
  faults.push(...history.view().faults);
  for (const { code: fault, outcome } of faults) {
    const key = `${code} at ${name.split(" ")[0]}: ${fault} ${outcome}`;
    report.answers[key] = (report.answers[key] ?? 0) + 1;
    if (!known.has(fault)) wrong(`answered ${fault}, ${outcome}`);
  }
  for (const text of history.untyped) wrong(text);
  const store = await stores.sqlite.open(place);
  const { breaches } = await judgeStore(store, history.view(), () => false);
  for (const { check, what } of breaches) wrong(`${check}: ${what}`);
  await store.close();
  const bare = new Driver(place);
  for (const text of integrityOf(bare)) wrong(`integrity_check: ${text}`);
  bare.close();
  removeDatabase(place);
  if (wasHit) report.hit += 1;
};

process.once("message", async ({ folder, controlFile, goal, deadlineMs, mostFailures, seed }) => {
  const control = openControl(controlFile);
  const report = { done: 0, hit: 0, failures: [], answers: {}, sites: {}, cases: 0 };
  const end = performance.now() + deadlineMs;
  try {
    const open = openCase(folder, await makeBeginnings(folder));
    const { cases, sites } = await casesOf(open, control);
    report.sites = sites;
    report.cases = cases.length;
    const { fraction } = seededRandomness(seed);
    const before = descriptors();
    // With a goal below all cases, some of all: every so many, from a place that the seed draws.
    const step = Math.max(1, cases.length / (goal ?? Number.POSITIVE_INFINITY));
    const offset = fraction() * step;
    const wanted = goal === undefined ? Number.POSITIVE_INFINITY : goal;
    for (
      let turn = 0;
      report.done < wanted && report.failures.length < mostFailures && performance.now() < end;
      turn += 1
    ) {
      const index = Math.floor(offset + turn * step) % cases.length;
      await runCase(cases[index], open, control, report);
      report.done += 1;
    }
    const left = descriptors() - before;
    if (left > 0)
      report.failures.push(`${left} descriptors were left open after ${report.done} failing calls`);
  } catch (error) {
    report.failures.push(String(error?.stack ?? error));
  }
  control.close();
  process.send(report, () => process.disconnect());
});
