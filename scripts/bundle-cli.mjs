/**
 * Makes `packages/cli/dist/bin/mled-bundle.cjs`: the whole command in one file, since a process per command pays for every
 * module it loads. Beside it V8's code cache for the Node that runs this, which saves compiling.
 */
import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createRequire, Module } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { Script } from "node:vm";
import { build } from "esbuild";
import { writeLicenses } from "./bundled-licenses.mjs";

const cli = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..", "packages", "cli");
const out = path.join(cli, "dist", "bin");
/** Where it is made: what runs meanwhile finds the old bundle or the new one. */
const staging =
  (process.argv[2] === "--cache" ? process.argv[3] : undefined) ??
  path.join(cli, "dist", `.bin-${process.pid}`);
const bundle = path.join(staging, "mled-bundle.cjs");
const threadBundle = path.join(staging, "mled-thread-bundle.cjs");

/** fp-ts ships CommonJS under `lib` and the same as ES modules under `es6`; only the latter can be shaken. */
const fpTsAsModules = {
  name: "fp-ts-es6",
  setup: ({ onResolve, resolve }) => {
    onResolve({ filter: /^fp-ts\/lib\// }, ({ path: wanted, ...from }) =>
      resolve(wanted.replace("/lib/", "/es6/"), {
        kind: from.kind,
        importer: from.importer,
        resolveDir: from.resolveDir,
      }),
    );
  },
};

/**
 * Node's own modules as ES modules with just the names that are imported, since esbuild else copies all of them for each
 * file that imports one. Those that cost a millisecond or more to load and are rarely needed are loaded when called.
 */
const builtins = {
  "node:fs": `const fs = require("node:fs"); export default fs; export const { constants, readFileSync } = fs;`,
  "node:path": `const path = require("node:path"); export default path;`,
  "node:process": `export default process; export const { geteuid, platform } = process;`,
  // Asked for by import(), so that only a rebuild on several threads loads it.
  "node:worker_threads": `export const { parentPort, Worker, workerData } = require("node:worker_threads");`,
  "node:os": `
    export const availableParallelism = () => require("node:os").availableParallelism();
    export const hostname = () => require("node:os").hostname();
    export const platform = () => process.platform;
    export const tmpdir = () => require("node:os").tmpdir();
    export const devNull = process.platform === "win32" ? "\\\\\\\\.\\\\nul" : "/dev/null";`,
  "node:module": `export const createRequire = (from) => require("node:module").createRequire(from);`,
  "node:child_process": `
    const load = () => require("node:child_process");
    export const execFile = (...args) => load().execFile(...args);
    export const execFileSync = (...args) => load().execFileSync(...args);
    export const spawn = (...args) => load().spawn(...args);`,
};
const ownBuiltins = {
  name: "own-builtins",
  setup: ({ onResolve, onLoad }) => {
    // commander asks with `require`; of what it asks for it needs little, and starting programs not at all.
    onResolve({ filter: /^node:/ }, ({ path: name, kind, namespace }) => {
      if (namespace === "builtin" || (kind === "require-call" && name !== "node:child_process"))
        return { path: name, external: true };
      return name in builtins ? { path: name, namespace: "builtin" } : { path: name, external: true };
    });
    onLoad({ filter: /.*/, namespace: "builtin" }, ({ path: name }) => ({
      contents: builtins[name],
      loader: "js",
    }));
  },
};

/** Only imports read YAML, and it is a quarter of everything: a file of its own, beside the bundle. */
const yamlApart = {
  name: "yaml-apart",
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^yaml$/ }, ({ path: name }) => ({ path: name, namespace: "apart" }));
    onResolve({ filter: /mled-yaml\.cjs$/ }, ({ path: name }) => ({ path: name, external: true }));
    // bin/mled.cjs is what requires, so the path is as seen from there.
    onLoad({ filter: /.*/, namespace: "apart" }, () => ({
      contents: 'module.exports = require("../dist/bin/mled-yaml.cjs");',
      loader: "js",
    }));
  },
};

/**
 * better-sqlite3 as store-sqlite has it, but that its binary is looked for from the bundle: `bindings`, which finds it for a
 * package in node_modules, takes longer than loading it.
 */
const sqliteInside = {
  name: "sqlite-inside",
  setup: ({ onResolve, onLoad, resolve }) => {
    onResolve({ filter: /^better-sqlite3$/ }, ({ path: name, kind, resolveDir }) => {
      const home = path.join(cli, "..", "store-sqlite");
      return resolveDir === home ? undefined : resolve(name, { kind, resolveDir: home });
    });
    onResolve({ filter: /^bindings$/ }, ({ path: name }) => ({ path: name, namespace: "sqlite-inside" }));
    onLoad({ filter: /.*/, namespace: "sqlite-inside" }, () => ({
      contents: `
        const { bundledSqliteBinding } = require("./sqlite-driver.ts");
        module.exports = () => bundledSqliteBinding(__filename);`,
      resolveDir: path.join(cli, "src", "bin"),
      loader: "js",
    }));
  },
};

/**
 * The client of EventStoreDB is larger than everything else together: a file of its own with each of its modules that the
 * store asks for, loaded with a code cache of its own.
 */
const clientModules = new Set();
const clientApart = {
  name: "client-apart",
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^@eventstore\/db-client(?:\/|$)/ }, ({ path: name }) => {
      clientModules.add(name);
      return { path: name, namespace: "client-apart" };
    });
    onLoad({ filter: /.*/, namespace: "client-apart" }, ({ path: name }) => ({
      contents: `
        const { bundledClientModule } = require("./eventstoredb-client.ts");
        module.exports = bundledClientModule(__filename, ${JSON.stringify(name)});`,
      resolveDir: path.join(cli, "src", "bin"),
      loader: "js",
    }));
  },
};

/** The file is one function that bin/mled.cjs calls, so that nothing has to be put around its text at every start. */
const wrapper = ["(function(exports,require,module,__filename,__dirname){", "})"];

const bundleAll = async () => {
  mkdirSync(staging, { recursive: true });
  const bundled = [];
  for (const [entry, outfile] of [
    ["main.ts", bundle],
    ["thread.ts", threadBundle],
  ])
    bundled.push(await bundleOne(path.join(cli, "src", "bin", entry), outfile));
  const yaml = await build({
    stdin: { contents: 'export * from "yaml";', resolveDir: path.join(cli, "..", "spec-kitty") },
    outfile: path.join(staging, "mled-yaml.cjs"),
    bundle: true,
    platform: "node",
    format: "cjs",
    target: "node20.19",
    minify: true,
    legalComments: "none",
    logLevel: "warning",
    metafile: true,
  });
  bundled.push(yaml.metafile, await bundleClient(path.join(staging, "mled-eventstoredb.cjs")));
  // No file may have "license" in its name: pnpm then takes it for the package's own, and packs no other.
  writeLicenses(bundled, path.join(staging, "mled-third-party.txt"));
  // A process of its own for each, so that what is compiled there is what a command compiles.
  for (const what of [...Object.keys(sessionPlaces), "thread"])
    execFileSync(process.execPath, [fileURLToPath(import.meta.url), "--cache", staging, what], {
      stdio: "inherit",
    });
  mkdirSync(out, { recursive: true });
  for (const name of readdirSync(staging)) renameSync(path.join(staging, name), path.join(out, name));
  rmSync(staging, { recursive: true, force: true });
};

const bundleOne = async (entry, outfile) => {
  const { metafile } = await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: "node",
    format: "cjs",
    target: "node20.19",
    conditions: ["@mission-ledger/source"],
    external: ["fs-native-extensions"],
    minify: true,
    keepNames: false,
    legalComments: "none",
    // The global loads `node:perf_hooks`; a monotonic clock is all that is asked of it.
    banner: { js: `${wrapper[0]}const monotonic={now:()=>Number(process.hrtime.bigint())/1e6};` },
    footer: { js: wrapper[1] },
    define: { performance: "monotonic", "import.meta.url": "__filename" },
    inject: [fileURLToPath(new URL("./bundled-sqlite.mjs", import.meta.url))],
    plugins: [fpTsAsModules, ownBuiltins, yamlApart, sqliteInside, clientApart],
    logLevel: "warning",
    metafile: true,
  });
  checkAscii(outfile);
  if (!process.argv.includes("--sizes")) return metafile;
  const [{ inputs }] = Object.values(metafile.outputs);
  const sizes = Object.entries(inputs).sort(([, a], [, b]) => b.bytesInOutput - a.bytesInOutput);
  for (const [file, { bytesInOutput }] of sizes.slice(0, 40))
    console.log(String(bytesInOutput).padStart(8), file);
  return metafile;
};

const bundleClient = async (outfile) => {
  const { metafile } = await build({
    stdin: {
      contents: [...clientModules]
        .map((name) => `exports[${JSON.stringify(name)}] = require(${JSON.stringify(name)});`)
        .join("\n"),
      resolveDir: path.join(cli, "..", "store-eventstoredb"),
    },
    outfile,
    bundle: true,
    platform: "node",
    format: "cjs",
    target: "node20.19",
    minify: true,
    legalComments: "none",
    banner: { js: wrapper[0] },
    footer: { js: wrapper[1] },
    logLevel: "warning",
    metafile: true,
  });
  checkAscii(outfile);
  return metafile;
};

/** Programs are read as bytes of one character each, which is ten times as fast. */
const checkAscii = (file) => {
  if (readFileSync(file).some((byte) => byte > 0x7f)) throw new Error(`${file} is not ASCII`);
};

/** A cache for each store: what a command never runs would cost it as much to take in as what it runs. */
const sessionPlaces = {
  file: async () => ({ place: "--ledger plan", leave: async () => {} }),
  sqlite: async () => ({ place: "--store sqlite:plan.db", leave: async () => {} }),
  eventstoredb: async () => {
    const entry = path.join(cli, "..", "wire-server", "dist", "index.js");
    const { startWireServer } = await import(pathToFileURL(entry).href);
    const server = await startWireServer();
    return { place: `--store ${server.url}`, leave: () => server.stop() };
  },
};

/** Runs a few commands from the bundle in a scratch directory, then keeps what V8 compiled for them. */
const makeCache = async (store) => {
  const require = createRequire(path.join(cli, "bin", "mled.cjs"));
  const script = new Script(readFileSync(bundle, "latin1"), { filename: bundle });
  const loaded = new Module(bundle);
  script.runInThisContext()(loaded.exports, require, loaded, bundle, staging);
  const scratch = mkdtempSync(path.join(tmpdir(), "mled-bundle-"));
  const loadLockBinding = () => loaded.exports.bundledLockBinding(bundle);
  const sink = { write: () => true };
  const io = {
    stdout: sink,
    stderr: sink,
    cwd: scratch,
    env: { MISSION_LEDGER_ACTOR: "bundle" },
    loadLockBinding,
    loadDriver: loaded.exports.bundledSqliteDriver,
  };
  const session = [
    "init",
    "mission create a Title",
    "wp add a Title --id WP01",
    "wp claim a/WP01",
    "wp move a/WP01 in_progress --json",
    "wp note a/WP01 text",
    "wp move a/WP01 done",
    "ready",
    "board",
  ];
  const { place, leave } = await sessionPlaces[store]();
  try {
    for (const line of session) {
      const code = await loaded.exports.runLedger(`${line} ${place}`.split(" "), io);
      // The refused move is meant; SQLite may have no driver here.
      if (store === "eventstoredb" && code !== 0 && !line.endsWith("done"))
        throw new Error(`${line} ${place} ended with ${code}`);
    }
    const client = loaded.exports.bundledClientCache();
    if (client !== undefined) writeFileSync(path.join(staging, client.name), client.data);
    writeFileSync(
      path.join(staging, `mled-bundle.${process.version}.${process.arch}.${store}.cache`),
      script.createCachedData(),
    );
  } finally {
    await leave();
    rmSync(scratch, { recursive: true, force: true });
  }
};

/** Under the flags that bin/mled.cjs sets before it starts a thread, for else V8 would not take it. */
const makeThreadCache = async () => {
  const { setFlagsFromString } = await import("node:v8");
  setFlagsFromString("--optimize-for-size");
  const require = createRequire(path.join(cli, "bin", "mled-thread.cjs"));
  const script = new Script(readFileSync(threadBundle, "latin1"), { filename: threadBundle });
  const loaded = new Module(threadBundle);
  script.runInThisContext()(loaded.exports, require, loaded, threadBundle, staging);
  writeFileSync(
    path.join(staging, `mled-thread-bundle.${process.version}.${process.arch}.cache`),
    script.createCachedData(),
  );
};

const makeAnyCache = (what) => (what === "thread" ? makeThreadCache() : makeCache(what));
await (process.argv[2] === "--cache" ? makeAnyCache(process.argv[4]) : bundleAll());
