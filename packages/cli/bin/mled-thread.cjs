"use strict";
/** A thread of `mled rebuild`: a bundle of its own, with what folding views takes. */
const { readFileSync } = require("node:fs");
const { Module } = require("node:module");
const path = require("node:path");
const { setFlagsFromString } = require("node:v8");
const { Script } = require("node:vm");

const dist = path.join(__dirname, "..", "dist", "bin");
const file = path.join(dist, "mled-thread-bundle.cjs");

const readIfThere = (name) => {
  try {
    return readFileSync(name);
  } catch {
    return undefined;
  }
};

// Made under the flags that mled.cjs sets for a rebuild. Saves memory above all: parsing all of the bundle takes 7 MB for a moment,
// which the process keeps.
const cachedData = readIfThere(
  path.join(dist, `mled-thread-bundle.${process.version}.${process.arch}.cache`),
);
const script = new Script(readFileSync(file, "latin1"), {
  filename: file,
  ...(cachedData ? { cachedData } : {}),
});
// V8 took back what mled.cjs had set when it made the heap of this thread.
setFlagsFromString("--semi-space-growth-factor=1");

const bundle = new Module(file, module);
bundle.filename = file;
bundle.paths = module.paths;
script.runInThisContext()(bundle.exports, (name) => require(name), bundle, file, dist);
bundle.exports.thread(file);
