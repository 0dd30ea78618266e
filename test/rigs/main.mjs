/**
 * Runs rigs: `node test/rigs/main.mjs --per-push` as CI does, or `pnpm torture [names] [--minutes N] [--seed S]`, where the
 * time is shared out among the rigs named. They need a build (`pnpm build`). Each rig has a process of its own, so that none
 * leaks into the next, and as many run side by side as there are cores. Ends with one line: `N passed, N failed`.
 */
import { fork } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { rigs } from "./index.mjs";

/** A rig that has not reached its share of a push by then hangs or is far too slow. */
const patienceMs = 600_000;
/** What a rig may take beyond its deadline to clean up. */
const graceMs = 60_000;
const shownFailures = 10;

const say = (text) => process.stdout.write(`${text}\n`);
const message = (error) => (error instanceof Error ? (error.stack ?? error.message) : String(error));

/** Of a tick of the kernel's accounts, which everywhere are a hundredth of a second. */
const tickSeconds = 0.01;

/** What this process and those it has waited for used of the cores; what a rate is given in, whoever else is busy. */
const coreSeconds = () => {
  try {
    const fields = readFileSync("/proc/self/stat", "latin1").split(") ")[1].split(" ");
    return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) * tickSeconds;
  } catch {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  }
};

/** One rig in this process, which the runner started for it. */
const runHere = async ({ name, goal, milliseconds, seed, scratch, ...options }) => {
  const { rig } = await rigs[name]();
  const note = (text) => process.stderr.write(`${rig.id} ${name}: ${text}\n`);
  const deadline = performance.now() + milliseconds;
  const result = await rig.run({
    goal: goal ?? Number.POSITIVE_INFINITY,
    deadline,
    seed,
    scratch,
    note,
    ...options,
  });
  await new Promise((sent) => process.send({ ...result, cores: coreSeconds() }, sent));
};

/** Runs a rig in a process of its own; whatever that process dies of is a failure of the rig. */
const runApart = ({ name, goal, milliseconds, seed }) =>
  new Promise((resolve) => {
    const begun = performance.now();
    const scratch = mkdtempSync(path.join(tmpdir(), `mission-ledger-rig-${name}-`));
    const task = {
      name,
      milliseconds,
      seed,
      scratch,
      ...(goal === Number.POSITIVE_INFINITY ? {} : { goal }),
    };
    const child = fork(fileURLToPath(import.meta.url), ["--here", JSON.stringify(task)], {
      // Rigs that make and drop many small disks live longer between collections.
      execArgv: ["--max-semi-space-size=64"],
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    let result;
    let overdue = false;
    const watchdog = setTimeout(() => {
      overdue = true;
      child.kill("SIGKILL");
    }, milliseconds + graceMs);
    child.once("message", (answer) => {
      result = answer;
    });
    child.once("close", (code, signal) => {
      clearTimeout(watchdog);
      rmSync(scratch, { recursive: true, force: true });
      const died = overdue ? "did not stop when its time was over" : `ended with ${signal ?? code}`;
      const seconds = (performance.now() - begun) / 1000;
      if (result === undefined) resolve({ done: 0, failures: [died], figures: {}, seconds });
      else
        resolve({
          ...result,
          seconds,
          failures: code === 0 ? result.failures : [...result.failures, died],
        });
    });
  });

const figuresText = (figures) =>
  Object.entries(figures)
    .map(([name, figure]) => `${name} ${typeof figure === "number" ? figure.toLocaleString("en") : figure}`)
    .join(", ");

/** Prints how a rig went; answers whether it passed. */
const report = (rig, seed, { done, failures, figures, seconds, cores = 0 }) => {
  const head = `${rig.id} ${rig.name.padEnd(14)}`;
  say(
    `${head} ${done.toLocaleString("en")} ${rig.unit}, seed ${seed}, ${failures.length} failures, ${seconds.toFixed(1)} s, ${cores.toFixed(1)} core s`,
  );
  if (Object.keys(figures).length > 0) say(`    ${figuresText(figures)}`);
  for (const failure of failures.slice(0, shownFailures)) say(`    FAILED ${failure}`);
  if (failures.length > shownFailures) say(`    and ${failures.length - shownFailures} more`);
  return failures.length === 0;
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    "per-push": { type: "boolean" },
    here: { type: "string" },
    minutes: { type: "string" },
    seed: { type: "string" },
  },
});

const usage = () => {
  process.stderr.write(
    `usage: pnpm torture [${Object.keys(rigs).join("|")}]... [--minutes N] [--seed S] | --per-push\n`,
  );
  process.exitCode = 2;
};

/** Rigs that may run here; says which may not, and why. */
const wanted = async (names, perPush) => {
  const chosen = [];
  for (const name of names) {
    const { rig } = await rigs[name]();
    if (perPush && rig.perPush === 0) continue;
    const why = await rig.skip?.();
    if (why === undefined) chosen.push(rig);
    else say(`${rig.id} ${rig.name.padEnd(14)} SKIPPED: ${why}`);
  }
  return chosen;
};

const runAll = async ({ names, perPush, minutes, seed }) => {
  const cores = Math.max(1, availableParallelism());
  const chosen = await wanted(names, perPush);
  const shareMs = ((minutes ?? 60) * 60_000) / Math.max(1, chosen.length);
  // Those that want most cores go first; the others then fill the gaps.
  const waiting = [...chosen].sort((one, other) => (other.cores ?? 1) - (one.cores ?? 1));
  const [passed, failed] = [[], []];
  const running = new Set();
  let busy = 0;
  const start = (rig) => {
    const goal = perPush ? rig.perPush : minutes === undefined ? rig.longRun : Number.POSITIVE_INFINITY;
    const needed = Math.min(cores, rig.cores ?? 1);
    busy += needed;
    const task = runApart({ name: rig.name, goal, milliseconds: perPush ? patienceMs : shareMs, seed });
    const ended = task.then((result) => {
      busy -= needed;
      running.delete(ended);
      const short =
        perPush && result.done < goal ? [`stopped short of ${goal.toLocaleString("en")} ${rig.unit}`] : [];
      const whole = { ...result, failures: [...result.failures, ...short] };
      (report(rig, seed, whole) ? passed : failed).push(rig.name);
    });
    running.add(ended);
  };
  while (waiting.length > 0 || running.size > 0) {
    const next = waiting.findIndex((rig) => busy + Math.min(cores, rig.cores ?? 1) <= cores);
    if (next < 0) await Promise.race(running);
    else start(waiting.splice(next, 1)[0]);
  }
  if (failed.length > 0) say(`\nfailed: ${failed.join(", ")}; again with --seed ${seed}`);
  say(`\n${passed.length} passed, ${failed.length} failed`);
  process.exitCode = failed.length === 0 ? 0 : 1;
};

const isNumber = (text) => text === undefined || (text !== "" && Number.isFinite(Number(text)));

if (values.here !== undefined) {
  try {
    await runHere(JSON.parse(values.here));
    process.disconnect();
  } catch (error) {
    process.stderr.write(`${message(error)}\n`);
    process.exitCode = 1;
    process.disconnect?.();
  }
} else if (
  positionals.some((name) => !Object.hasOwn(rigs, name)) ||
  !isNumber(values.minutes) ||
  !isNumber(values.seed)
)
  usage();
else if (!existsSync(new URL("../../packages/cli/dist/index.js", import.meta.url))) {
  process.stderr.write("The rigs run against the built packages: pnpm build first.\n");
  process.exitCode = 2;
} else
  await runAll({
    names: positionals.length > 0 ? positionals : Object.keys(rigs),
    perPush: values["per-push"] === true,
    minutes: values.minutes === undefined ? undefined : Number(values.minutes),
    seed: values.seed === undefined ? Date.now() % 2_147_483_647 : Number(values.seed),
  });
