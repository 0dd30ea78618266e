#!/usr/bin/env node
"use strict";
/** Loads the bundle, with V8's code cache where one fits this very version of Node. */
const { readFileSync } = require("node:fs");
const path = require("node:path");

const dist = path.join(__dirname, "..", "dist", "bin");
const file = path.join(dist, "mled-bundle.cjs");

const readIfThere = (name) => {
  try {
    return readFileSync(name);
  } catch {
    return undefined;
  }
};

const source = readIfThere(file);
if (source === undefined) {
  process.stderr.write(
    `mled: ${file} is missing\n  build it: npm run build   (in the repository), or install mission-ledger again\n`,
  );
  process.exit(1);
}

const { Script } = require("node:vm");
const { Module } = require("node:module");

// A guess, which costs time alone when it is wrong: which store this command is about to run on.
const address = [...process.argv, process.env.MISSION_LEDGER_STORE ?? ""].find((word) =>
  /^(?:--store=)?(?:sqlite|esdb|kurrentdb|kurrent|kdb)(?:\+discover)?:/.test(word),
);
const store =
  address === undefined ? "file" : /^(?:--store=)?sqlite:/.test(address) ? "sqlite" : "eventstoredb";
// V8 checks version, flags and source itself; a cache that does not fit costs nothing but its reading.
const cachedData = readIfThere(
  path.join(dist, `mled-bundle.${process.version}.${process.arch}.${store}.cache`),
);
const script = new Script(source.latin1Slice(), {
  filename: file,
  ...(cachedData ? { cachedData } : {}),
});
const bundle = new Module(file, module);
bundle.filename = file;
bundle.paths = module.paths;
script.runInThisContext()(bundle.exports, (name) => require(name), bundle, file, dist);

// A rebuild makes gigabytes of garbage and keeps next to nothing, but V8 lets the garbage pile up as long as there is room.
// Nothing is capped: where a mission needs much memory, collecting often would only take time, and is given up. Set only now,
// since a code cache fits only the flags it was made with; a guess as well, which costs another command some collections.
if (process.argv.includes("rebuild")) {
  const { setFlagsFromString } = require("node:v8");
  const muchBytes = 160 * 1_048_576;
  setFlagsFromString("--semi-space-growth-factor=1");
  setFlagsFromString("--optimize-for-size");
  const looking = setInterval(() => {
    if (process.memoryUsage.rss() < muchBytes) return;
    setFlagsFromString("--no-optimize-for-size");
    clearInterval(looking);
  }, 100).unref();
}

bundle.exports.main(file).then(
  () => process.exit(),
  (error) => {
    process.stderr.write(`INTERNAL: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
