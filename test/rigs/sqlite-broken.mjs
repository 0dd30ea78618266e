/** F22: SQLite stores that are broken on purpose, each in one way; the rig that is said to catch it has to, and for its reason. */
import { fork } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { brokenSqliteStores } from "./sqlite/broken-stores.mjs";

const packages = fileURLToPath(new URL("../../packages/", import.meta.url));
const sources = path.join(packages, "store-sqlite/src");
/** Most are caught within the first cases; none may take longer. */
const patienceMs = 60_000;
/** Of whatever the rig counts. */
const mostUnits = 2_000;

/** Writes the broken store, in one file beside what it needs; answers its address. */
const breakStore = async (folder, { in: file, change }) => {
  const outfile = path.join(folder, "broken-store.mjs");
  const modules = path.join(folder, "node_modules");
  mkdirSync(path.join(modules, "@mission-ledger"), { recursive: true });
  symlinkSync(path.join(packages, "core"), path.join(modules, "@mission-ledger/core"));
  symlinkSync(
    path.join(packages, "store-sqlite/node_modules/better-sqlite3"),
    path.join(modules, "better-sqlite3"),
  );
  let changed = 0;
  await build({
    entryPoints: [path.join(sources, "index.ts")],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20.19",
    external: ["@mission-ledger/core", "better-sqlite3"],
    logLevel: "error",
    plugins: [
      {
        name: "break",
        setup: ({ onLoad }) => {
          onLoad({ filter: /\.ts$/ }, ({ path: name }) => {
            if (name !== path.join(sources, file)) return undefined;
            let contents = readFileSync(name, "utf8");
            for (const [from, to] of change) {
              if (contents.split(from).length !== 2) throw new Error(`${file} has no single ${from}`);
              contents = contents.replace(from, () => to);
              changed += 1;
            }
            return { contents, loader: "ts" };
          });
        },
      },
    ],
  });
  if (changed !== change.length) throw new Error(`${file} was not changed`);
  return pathToFileURL(outfile).href;
};

/** Runs a rig on the broken store, in a process of its own. */
const runOn = (address, task) =>
  new Promise((resolve) => {
    const child = fork(
      fileURLToPath(new URL("main.mjs", import.meta.url)),
      ["--here", JSON.stringify(task)],
      {
        execArgv: [],
        stdio: ["ignore", "ignore", "inherit", "ipc"],
        env: { ...process.env, MISSION_LEDGER_BROKEN_SQLITE: address },
      },
    );
    let result;
    child.once("message", (answer) => {
      result = answer;
    });
    child.once("close", (code, signal) =>
      resolve(result ?? { failures: [`the rig ended with ${signal ?? code}`] }),
    );
  });

/** @type {import("./rig.d.mts").Rig} */
export const rig = {
  id: "F22",
  name: "sqlite-broken",
  title: "SQLite stores that are broken on purpose",
  unit: "broken stores",
  perPush: brokenSqliteStores.length,
  longRun: brokenSqliteStores.length,
  cores: 2,
  run: async ({ deadline, seed, scratch, note }) => {
    const { rigs } = await import("./index.mjs");
    const failures = [];
    const figures = {};
    let done = 0;
    for (const broken of brokenSqliteStores) {
      if (performance.now() > deadline) break;
      const { name, caughtBy, says } = broken;
      const { rig: catcher } = await rigs[caughtBy]();
      const why = await catcher.skip?.();
      done += 1;
      if (why !== undefined) {
        figures[name] = `SKIPPED: ${caughtBy} ${why}`;
        continue;
      }
      const folder = path.join(scratch, `broken-${done}`);
      mkdirSync(path.join(folder, "rig"), { recursive: true });
      const begun = performance.now();
      const result = await runOn(await breakStore(folder, broken), {
        name: caughtBy,
        goal: mostUnits,
        milliseconds: Math.min(patienceMs, deadline - begun),
        seed,
        mostFailures: 1,
        scratch: path.join(folder, "rig"),
      });
      const heard = result.failures.find((failure) => says.test(failure));
      if (heard === undefined)
        failures.push(
          `${caughtBy} does not catch: ${name}; it says ${JSON.stringify(result.failures.slice(0, 3))}`,
        );
      figures[name] = `${((performance.now() - begun) / 1000).toFixed(1)} s by ${caughtBy}`;
      note(`${name}: ${heard?.split("\n")[0].slice(0, 160)}`);
    }
    return { done, failures, figures };
  },
};
