"use strict";
/** A thread of `mled rebuild`: the same bundle as `mled.cjs` loads, entered by its other door. */
const { readFileSync } = require("node:fs");
const { Module } = require("node:module");
const path = require("node:path");
const { Script } = require("node:vm");

const dist = path.join(__dirname, "..", "dist", "bin");
const file = path.join(dist, "mled-bundle.cjs");
const bundle = new Module(file, module);
bundle.filename = file;
bundle.paths = module.paths;
new Script(readFileSync(file, "latin1"), { filename: file }).runInThisContext()(
  bundle.exports,
  (name) => require(name),
  bundle,
  file,
  dist,
);
bundle.exports.thread(file);
