/** F02: a process dies before and after every call that it makes on a database, and in the middle of every write. */
import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import path from "node:path";
import { History, judgeStore, seededRandomness } from "@mission-ledger/testkit";
import { stores } from "../stores/index.mjs";
import { problemsOf } from "../stores/sqlite-file.mjs";
import { bundleProgram } from "./kill/bundle.mjs";
import { actions, buildInjector, injectedEnv, makeControl, missingForInjector } from "./sqlite/injector.mjs";
import { copyDatabase, makeBeginnings, operations, removeDatabase } from "./sqlite/operations.mjs";

const sideBySide = 2;

/** Runs one operation in a process of its own; answers what it said and how it ended. */
const runProgram = ({ world, lane, operation, place, view, at, action }) =>
  new Promise((resolve, reject) => {
    const control = path.join(world.scratch, `control-${lane}`);
    makeControl(control);
    const child = spawn(
      process.execPath,
      [world.program, control, operation.name, place, JSON.stringify(view), String(at), String(action)],
      {
        stdio: ["ignore", "pipe", "inherit"],
        env: injectedEnv({ library: world.library, control, database: place }),
      },
    );
    let out = "";
    child.stdout.on("data", (chunk) => {
      out += chunk;
    });
    child.once("error", reject);
    child.once("close", (code, signal) => {
      const lines = out
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line));
      resolve({ lines, code, died: signal === "SIGKILL" });
    });
  });

const acknowledgedIn = (lines) => lines.flatMap((line) => line.acknowledged ?? []);

/** The commit that was under way when the process died: the first that it would have been told of next. */
const pendingAfter = (count, expected) => expected[count];

const beginCase = (world, operation, name) => {
  const place = path.join(world.scratch, `${name}.db`);
  const { place: from, view } = world.beginnings[operation.before];
  copyDatabase(from, place);
  return { place, view };
};

/** Every death of every operation. */
const deathsOf = async (world) => {
  const deaths = [];
  for (const operation of operations) {
    const { place, view } = beginCase(world, operation, "trace");
    const { lines, code } = await runProgram({
      world,
      lane: "trace",
      operation,
      place,
      view,
      at: 0,
      action: 0,
    });
    removeDatabase(place);
    const thrown = lines.flatMap((line) => line.thrown ?? []);
    if (code !== 0 || thrown.length > 0) throw new Error(`${operation.name} fails by itself: ${thrown}`);
    const { trace } = lines.at(-1);
    const expected = acknowledgedIn(lines);
    trace.forEach((call, index) => {
      const at = index + 1;
      const kinds = ["killBefore", "killAfter", ...(call.startsWith("pwrite") ? ["cutAndKill"] : [])];
      for (const kind of kinds) deaths.push({ operation, expected, at, call, kind });
    });
  }
  return deaths;
};

const dieOnce = async (world, lane, { operation, expected, at, call, kind }) => {
  const { place, view } = beginCase(world, operation, `lane-${lane}`);
  const where = `${operation.name}, ${kind} call ${at}, ${call}`;
  const { lines, died } = await runProgram({
    world,
    lane,
    operation,
    place,
    view,
    at,
    action: actions[kind],
  });
  const acknowledged = acknowledgedIn(lines);
  const pending = died ? pendingAfter(acknowledged.length, expected) : undefined;
  const wrong = lines.flatMap((line) => line.thrown ?? []);
  const store = await stores.sqlite.open(place);
  const known = new History({
    acknowledged: [...view.acknowledged, ...acknowledged],
    pending,
    isRefused: pending === undefined,
    faults: [],
  });
  const { breaches } = await judgeStore(store, known.view(), () => false);
  await store.close();
  wrong.push(...breaches.map(({ check, what }) => `${check}: ${what}`), ...problemsOf(place));
  removeDatabase(place);
  world.figures[died ? "died" : "came to its end"] += 1;
  return wrong.map((text) => `${where}: ${text}`);
};

/** @type {import("./rig.d.mts").Rig} */
export const rig = {
  id: "F02",
  name: "sqlite-calls",
  title: "SIGKILL before, after and within every call on a database",
  unit: "deaths",
  perPush: 100,
  longRun: 3_000,
  cores: 2,
  skip: missingForInjector,
  run: async ({ goal, deadline, mostFailures = 20, seed, scratch, note }) => {
    const program = path.join(scratch, "dying.cjs");
    await bundleProgram(new URL("sqlite/dying.mjs", import.meta.url), program);
    const beginnings = path.join(scratch, "beginnings");
    mkdirSync(beginnings);
    const world = {
      scratch,
      program,
      library: buildInjector(scratch),
      beginnings: await makeBeginnings(beginnings),
      figures: { died: 0, "came to its end": 0 },
    };
    const deaths = await deathsOf(world);
    note(`${deaths.length} deaths there are`);
    const failures = [];
    let [done, begun] = [0, 0];
    const step = Math.max(1, deaths.length / goal);
    const offset = seededRandomness(seed).fraction() * step;
    const work = async (lane) => {
      while (begun < goal && failures.length < mostFailures && performance.now() < deadline) {
        const death = deaths[Math.floor(offset + begun * step) % deaths.length];
        begun += 1;
        failures.push(...(await dieOnce(world, lane, death)));
        done += 1;
      }
    };
    await Promise.all(Array.from({ length: sideBySide }, (_, lane) => work(lane)));
    return { done, failures, figures: { "all deaths": deaths.length, ...world.figures } };
  },
};
