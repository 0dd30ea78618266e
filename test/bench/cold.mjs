/** Cold commands: a process each, against an empty node process. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { actor, coldPackage, slug } from "./missions.mjs";
import { median, percentile } from "./statistics.mjs";

const bin = fileURLToPath(new URL("../../packages/cli/bin/mled.cjs", import.meta.url));

const started = (args) => {
  const begun = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] });
  const took = performance.now() - begun;
  if (status !== 0) throw new Error(`node ${args.join(" ")} ended with ${status}: ${stderr}`);
  return took;
};

const emptyNode = () => started(["-e", "0"]);

/** `wp move` on the ledger at an address; the package goes to blocked and back. */
const coldMoves = (address) => {
  let blocking = false;
  return () => {
    blocking = !blocking;
    const to = blocking ? "blocked" : "planned";
    const because = ["--reason", "waits for the other team"];
    return started([
      bin,
      "wp",
      "move",
      `${slug}/${coldPackage}`,
      to,
      ...because,
      "--as",
      actor,
      "--store",
      address,
    ]);
  };
};

/**
 * Empty node, then one move on each ledger, and again: each figure is the median over as many pairs.
 *
 * @param {Record<string, string>} addresses ledgers by name
 * @returns {Record<string, { p50: number, p99: number, runs: number }>} milliseconds; `empty` is the empty process
 */
export const measureCold = (addresses, pairs) => {
  const contestants = Object.fromEntries([
    ["empty", emptyNode],
    ...Object.entries(addresses).map(([name, address]) => [name, coldMoves(address)]),
  ]);
  const samples = Object.fromEntries(Object.keys(contestants).map((name) => [name, []]));
  for (let pair = -2; pair < pairs; pair += 1)
    for (const [name, run] of Object.entries(contestants)) {
      const took = run();
      if (pair >= 0) samples[name].push(took);
    }
  return Object.fromEntries(
    Object.entries(samples).map(([name, taken]) => [
      name,
      { p50: median(taken), p99: percentile(taken, 0.99), runs: taken.length },
    ]),
  );
};
