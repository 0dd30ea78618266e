/** F06: every call that SQLite makes on a database fails with every error of the system, once or for good; no answer is untrue. */
import { fork } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import path from "node:path";
import { buildInjector, injectedEnv, makeControl, missingForInjector } from "./sqlite/injector.mjs";

/** Where a flush costs nothing: what is asked here is not whether it reaches a disk. */
const fastFolder = (scratch) =>
  existsSync("/dev/shm")
    ? mkdtempSync("/dev/shm/mission-ledger-errno-")
    : mkdtempSync(path.join(scratch, "errno-"));

/** @type {import("./rig.d.mts").Rig} */
export const rig = {
  id: "F06",
  name: "sqlite-errno",
  title: "errors of the system at every call on a database",
  unit: "failing calls",
  perPush: 400,
  longRun: 20_000,
  skip: missingForInjector,
  run: async ({ goal, deadline, mostFailures = 20, seed, scratch }) => {
    const folder = fastFolder(scratch);
    const control = path.join(folder, "control");
    // Before the program begins, since the library maps it then.
    makeControl(control);
    try {
      const child = fork(new URL("sqlite/failing.mjs", import.meta.url), [], {
        execArgv: [],
        env: injectedEnv({
          library: buildInjector(scratch),
          control,
          database: path.join(folder, "case-"),
        }),
      });
      const report = await new Promise((resolve, reject) => {
        child.once("message", resolve);
        child.once("close", (code, signal) => reject(new Error(`the program ended with ${signal ?? code}`)));
        child.send({
          folder,
          controlFile: control,
          ...(goal === Number.POSITIVE_INFINITY ? {} : { goal }),
          deadlineMs: deadline - performance.now(),
          mostFailures,
          seed,
        });
      });
      const { done, failures, answers, sites, cases, hit } = report;
      return { done, failures, figures: { "all cases": cases, hit, ...sites, ...answers } };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};
