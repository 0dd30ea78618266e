/**
 * Z5: names of streams as paths, under the rules of three platforms at once: case folded, accents composed, dots and
 * spaces at the end dropped, what looks like a device refused. Nothing leaves the root, and no two names share a path.
 */
import path from "node:path";
import { decodeStreamName } from "@mission-ledger/store-file";
import { layoutOf } from "../../packages/store-file/dist/layout.js";
import { runCases } from "./inputs/seeded.mjs";

const root = "/srv/ledger";
const parts = [
  "mission",
  "-",
  "a",
  "A",
  "b",
  "1",
  ".",
  "..",
  "/",
  "\\",
  ":",
  " ",
  "\u0000",
  "\n",
  "~",
  "%41",
  "*",
  "?",
  "|",
  "con",
  "CON",
  "nul",
  "com1",
  "lpt9",
  "aux.",
  "x--",
  "-2d",
  "-61",
  "é",
  "e\u0301",
  "É",
  "ß",
  "ss",
  "SS",
  "ﬁ",
  "fi",
  "İ",
  "ı",
  "i\u0307",
  "K",
  "k",
  "ſ",
  "s",
  "\u200b",
  "\u202e",
  "\ufeff",
  "😀",
  "\u{10ffff}",
  "ａ",
  "$DATA",
  ".lock",
  ".jsonl",
  ".suspect",
  "order",
  "origin",
  "_",
  "+",
  "\ud800",
];

/** One path for all that some file system would take for one. */
const foldedOf = (file) =>
  file
    .normalize("NFKC")
    .toUpperCase()
    .toLowerCase()
    .normalize("NFC")
    .replace(/[\u200b-\u200f\u202a-\u202e\ufeff]/g, "")
    .replace(/[. ]+(?=\/|$)/g, "");
const device = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)/i;

const check = (layout, taken) => (chance) => {
  const name = Array.from({ length: 1 + chance.below(chance.chance(3) ? 60 : 5) }, () =>
    chance.pick(parts),
  ).join("");
  let paths;
  try {
    paths = layout.of(name);
  } catch (error) {
    if (!name.isWellFormed()) return error instanceof TypeError ? undefined : `half a character: ${error}`;
    return error.code === "LIMIT_EXCEEDED" && name.length > 20
      ? undefined
      : `${JSON.stringify(name)}: ${error}`;
  }
  if (decodeStreamName(paths.encoded) !== name) return `${JSON.stringify(name)} does not come back`;
  for (const file of [paths.log, paths.lock, paths.suspect, paths.index]) {
    const inside = path.posix.relative(root, path.posix.resolve(file));
    if (inside === "" || inside.startsWith("..") || inside.split("/").length < 2)
      return `${JSON.stringify(name)} leads to ${file}`;
    if (path.win32.relative("c:\\ledger", path.win32.resolve("c:\\ledger", inside)).startsWith(".."))
      return `${file} leaves the root on Windows`;
    const base = path.posix.basename(file);
    if (device.test(base) || !/^[a-z0-9][a-z0-9.-]*[a-z0-9]$|^[a-z0-9]$/.test(base) || base.length > 255)
      return `${JSON.stringify(name)} makes the file name ${base}`;
    const folded = foldedOf(file);
    const owner = taken.get(folded);
    if (owner !== undefined && owner !== name)
      return `${JSON.stringify(name)} and ${JSON.stringify(owner)} share ${file}`;
    taken.set(folded, name);
  }
  return undefined;
};

/** @type {import("./rig.d.mts").Rig} */
export const rig = {
  id: "Z5",
  name: "names",
  title: "hostile names as paths under the rules of three platforms",
  unit: "names",
  perPush: 150_000,
  longRun: 10_000_000,
  run: async (options) => {
    const taken = new Map();
    const layout = layoutOf(root);
    // What every ledger has belongs to no stream.
    for (const file of [
      layout.order,
      path.join(root, "origin"),
      layout.logs,
      layout.locks,
      layout.cache,
      layout.indexes,
      layout.snapshots,
    ])
      taken.set(foldedOf(file), "the ledger itself");
    const one = check(layout, taken);
    return runCases(options, (chance) => {
      // A long run must not run out of memory; the names repeat often enough within each part.
      if (taken.size > 2_000_000) taken.clear();
      return one(chance);
    });
  },
};
