/** Histories for the merge rigs: the generator of the property tests, taken from its source, and what a judge sees in a result. */
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { digestOfRecord } from "@mission-ledger/store-file";
import { seededRandomness } from "@mission-ledger/testkit";
import { build } from "esbuild";

const source = new URL("../../../packages/store-file/src/testing/branch-graphs.ts", import.meta.url);

/** The generator is no part of the packages, so it is made into one file that node can load. */
export const loadGenerator = async (scratch) => {
  const outfile = path.join(scratch, "branch-graphs.mjs");
  await build({
    entryPoints: [fileURLToPath(source)],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20.19",
    legalComments: "none",
    logLevel: "error",
  });
  return import(pathToFileURL(outfile).href);
};

/** Choices of one case of a run: each case can be made again without those before it. */
export const choicesOf = (seed, index) => {
  const { fraction } = seededRandomness(
    (Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b)) >>> 0,
  );
  return (below) => Math.floor(fraction() * below);
};

const digests = (copies) => copies.map(({ record }) => digestOfRecord(record));

/** What readers would see, as one text. */
export const shown = ({ chain, demoted, open, orphans, clashes }) =>
  JSON.stringify({
    chain: digests(chain),
    demoted: digests(demoted),
    open: open.map(({ forksAfter, records, shared }) => [forksAfter, digests(records), shared]),
    orphans: digests(orphans),
    clashes: clashes.map(({ kind, copy }) => [kind, digestOfRecord(copy.record)]),
  });

/**
 * Holds a result to the history it came from: each record once, each fork on the chain told, and nothing demoted but what
 * decisions on the chain name to the end of each branch. Answers what is wrong.
 */
export const judge = (arranged, records, lineOf) => {
  const wrong = [];
  const { chain, demoted, openRecords, orphans, clashes } = arranged;
  if (clashes.length > 0) wrong.push(`${clashes.length} clashes`);
  const places = [chain, demoted, openRecords, orphans].map(digests);
  const all = places.flat();
  const present = new Set(all);
  if (present.size !== all.length) wrong.push("a record in two places");
  const [chainSet, demotedSet, openSet] = places.map((list) => new Set(list));
  const here = records.filter(({ digest }) => present.has(digest));
  const rooted = here.filter((record) => [...lineOf(record)].every(({ digest }) => present.has(digest)));
  const ends = rooted.filter((record) => !rooted.some(({ parent }) => parent === record));
  const named = new Set(
    rooted
      .filter(({ digest }) => chainSet.has(digest))
      .flatMap(({ against }) => against.flatMap((end) => (rooted.includes(end) ? [...lineOf(end)] : [])))
      .map(({ digest }) => digest),
  );
  const settled = ({ digest }) => chainSet.has(digest) || named.has(digest);
  for (const record of rooted) {
    const { digest } = record;
    if (chainSet.has(digest)) continue;
    const decided = ends
      .filter((end) => lineOf(end).has(record))
      .every((end) => [...lineOf(end)].every(settled));
    if (decided !== demotedSet.has(digest))
      wrong.push(`${digest} is ${decided ? "not demoted" : "demoted silently"}`);
    if (!decided && !openSet.has(digest)) wrong.push(`the fork before ${digest} is not told`);
  }
  return wrong;
};
