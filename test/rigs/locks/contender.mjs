/**
 * One of several processes that take a lock, change a file under it, give it back, or die holding it. A second lock, the
 * kernel's, is the referee: it is opened after the lock under test, since the kernel closes the files of a dead process last
 * opened first, and would else accuse the innocent.
 */
import fs from "node:fs";
import process from "node:process";
import { watchNames } from "../../../packages/store-file/dist/files/name-watch.js";
import { nodeFiles } from "../../../packages/store-file/dist/files/node-files.js";
import { generationLock } from "../../../packages/store-file/dist/lock/generation-lock.js";
import { kernelLock } from "../../../packages/store-file/dist/lock/kernel-lock.js";
import { systemFacts } from "../../../packages/store-file/dist/lock/process-facts.js";

const [directory, kind, rounds, deathChance] = process.argv.slice(2);
const randomness = { uuid: () => crypto.randomUUID(), fraction: Math.random };
const clock = { now: Date.now };
const names = watchNames(nodeFiles, `${directory}/lock`, clock);
const make = kind === "kernel" ? kernelLock : generationLock;
const lock = make({
  files: nodeFiles,
  path: `${directory}/lock/a.lock`,
  facts: systemFacts,
  clock,
  randomness,
  failpoint: () => {},
  names,
});

const say = (text) => fs.writeSync(1, `${text}\n`);
const counter = `${directory}/counter`;
/** Nanoseconds that all processes of this machine share. */
const now = () => process.hrtime.bigint();

const section = () => {
  const referee = fs.openSync(`${directory}/referee`, "r+");
  if (!nodeFiles.tryLock(referee)) {
    say("double");
    process.exit(1);
  }
  const [count, died] = fs.readFileSync(counter, "latin1").split(" ");
  // From the death on, or from when this one came for it.
  const since = BigInt(died) > waitingSince ? BigInt(died) : waitingSince;
  if (died !== "0") say(`recovered ${Number(now() - since) / 1e6}`);
  const dies = Math.random() < Number(deathChance);
  fs.writeFileSync(counter, `${Number(count) + 1} ${dies ? now() : 0}`);
  say(`took ${count}`);
  if (dies) process.kill(process.pid, "SIGKILL");
  fs.closeSync(referee);
};

let waitingSince = 0n;
for (let round = 0; round < Number(rounds); round += 1) {
  waitingSince = now();
  while (!lock.tryAcquire() && !(await lock.waitFree(10_000)));
  section();
  lock.release();
  // What comes after a write in real life: something else.
  await new Promise((resolve) => setImmediate(resolve));
}
lock.close();
