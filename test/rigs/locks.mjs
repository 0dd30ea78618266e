/** F12: nobody holds a lock beside another, whoever dies where: simulated at every call, then with real processes. */
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { seededRandomness } from "@mission-ledger/testkit";
import { build } from "esbuild";

const contender = path.join(import.meta.dirname, "locks/contender.mjs");
const contenders = 4;
/** Of the goal; the rest is simulated, where a kill costs nothing. */
const realShare = 0.04;

const loadSimulation = async (scratch) => {
  const outfile = path.join(scratch, "lock-simulation.mjs");
  await build({
    entryPoints: [path.join(import.meta.dirname, "../../packages/store-file/src/testing/lock-simulation.ts")],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    conditions: ["@mission-ledger/source"],
    external: ["fs-native-extensions"],
    logLevel: "error",
  });
  return import(pathToFileURL(outfile).href);
};

/** Runs one contender to its end or its death. */
const contend = (directory, kind, rounds, deathChance) =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [contender, directory, kind, String(rounds), String(deathChance)], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let [out, errors] = ["", ""];
    child.stdout.on("data", (chunk) => {
      out += chunk;
    });
    child.stderr.on("data", (chunk) => {
      errors += chunk;
    });
    child.on("error", reject);
    child.on("close", (code, signal) => {
      const lines = out.split("\n").filter((line) => line !== "");
      resolve({ lines, died: signal === "SIGKILL", failed: code !== 0 && signal === null ? errors : "" });
    });
  });

const quantile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];

const realProcesses = async ({ kind, goal, deadline, scratch, failures }) => {
  const directory = path.join(scratch, kind);
  mkdirSync(path.join(directory, "lock"), { recursive: true });
  writeFileSync(path.join(directory, "referee"), "");
  writeFileSync(path.join(directory, "counter"), "0 0");
  let [acquisitions, kills] = [0, 0];
  const recoveries = [];
  const run = async () => {
    while (acquisitions < goal && failures.length === 0 && performance.now() < deadline) {
      const { lines, died, failed } = await contend(directory, kind, 60, 0.03);
      if (died) kills += 1;
      acquisitions += lines.filter((line) => line.startsWith("took ")).length;
      for (const line of lines)
        if (line.startsWith("recovered ")) recoveries.push(Number(line.slice("recovered ".length)));
      if (lines.includes("double")) failures.push(`two processes held the ${kind} lock at once`);
      else if (failed !== "")
        failures.push(`a contender for the ${kind} lock failed: ${failed.slice(0, 500)}`);
    }
  };
  await Promise.all(Array.from({ length: contenders }, run));
  const [counted] = readFileSync(path.join(directory, "counter"), "latin1").split(" ");
  if (failures.length === 0 && Number(counted) !== acquisitions)
    failures.push(`${acquisitions} sections under the ${kind} lock, but the counter says ${counted}`);
  recoveries.sort((a, b) => a - b);
  return {
    acquisitions,
    kills,
    recoveryP99: quantile(recoveries, 0.99),
    recoveryMedian: quantile(recoveries, 0.5),
  };
};

/** @type {import("./rig.d.mts").Rig} */
export const rig = {
  id: "F12",
  name: "locks",
  title: "locks while holders die: plain files at every call, and both kinds with real processes",
  unit: "acquisitions",
  perPush: 100_000,
  longRun: 3_000_000,
  cores: 2,
  run: async ({ goal, deadline, seed, scratch, note }) => {
    const failures = [];
    const figures = { kills: 0, killedHolders: 0, withdrawals: 0, powerCuts: 0, calls: 0, longestWait: 0 };
    let done = 0;
    // A long run gives each kind a tenth of its time.
    const share = (deadline - performance.now()) / 10;
    for (const kind of ["kernel", "generation"]) {
      const real = await realProcesses({
        kind,
        goal: goal === Number.POSITIVE_INFINITY ? goal : (goal * realShare) / 2,
        deadline: goal === Number.POSITIVE_INFINITY ? performance.now() + share : deadline,
        scratch,
        failures,
      });
      done += real.acquisitions;
      figures.kills += real.kills;
      figures[`${kind}: acquisitions`] = real.acquisitions;
      figures[`${kind}: kills`] = real.kills;
      figures[`${kind}: recovery p50 ms`] = real.recoveryMedian?.toFixed(1) ?? "-";
      figures[`${kind}: recovery p99 ms`] = real.recoveryP99?.toFixed(1) ?? "-";
      note(`${kind}: ${real.acquisitions} acquisitions, ${real.kills} kills`);
    }
    const { simulateLock } = await loadSimulation(scratch);
    for (let part = 0; done < goal && failures.length === 0 && performance.now() < deadline; part += 1) {
      const partSeed = seed + part;
      const result = simulateLock({
        fraction: seededRandomness(partSeed).fraction,
        acquisitions: Math.min(10_000, goal - done),
        killChance: 0.0025,
        powerCutChance: 0.000_02,
        deadline,
      });
      done += result.acquisitions;
      for (const name of ["kills", "killedHolders", "withdrawals", "powerCuts", "calls"])
        figures[name] += result[name];
      figures.longestWait = Math.max(figures.longestWait, result.longestWait);
      for (const double of result.doubles)
        failures.push(`two simulated processes held the lock at once: ${double} (seed ${partSeed})`);
      if (result.faults > 0) failures.push(`${result.faults} rounds failed with an error (seed ${partSeed})`);
      note(`${done} acquisitions, ${figures.kills} kills`);
    }
    return { done, failures, figures };
  },
};
