/**
 * F10: every single bit of a log flipped, then random bursts of up to 32 bits. Each has to be noticed at its place. Samples go
 * through the store, which has to refuse to write, and through repair, which has to give back the very log it was.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { inspectStream, openFileStore, repairStream } from "@mission-ledger/store-file";
import { seededRandomness } from "@mission-ledger/testkit";
import { commitFor, stream } from "./bit-flips/commits.mjs";
import { judge, readSound } from "./bit-flips/judge.mjs";

const records = 1_000;
const longestBurst = 32;
/** Damages from one sample that goes through the store and repair to the next. */
const sampleEvery = 20_011;
const lookEvery = 10_000;

/** @type {import("./rig.d.mts").Rig} */
export const rig = {
  id: "F10",
  name: "bit-flips",
  title: "every flipped bit and random bursts in a log of 1,000 records",
  unit: "damages",
  // All bits of the log and a million bursts.
  perPush: 5_540_000,
  longRun: 20_000_000,
  run: async ({ goal, deadline, seed, scratch }) => {
    const { fraction } = seededRandomness(seed);
    const directory = path.join(scratch, "ledger");
    mkdirSync(directory);
    const log = await writeLog(directory);
    const bytes = readFileSync(log);
    const sound = readSound(bytes, stream, stream);
    const damaged = Buffer.from(bytes);
    const failures = [];
    const figures = {
      bits: bytes.length * 8,
      flips: 0,
      bursts: 0,
      refused: 0,
      flipsRepaired: 0,
      flipSamples: 0,
      burstsRepaired: 0,
      burstSamples: 0,
    };
    let done = 0;

    const check = async (first, last, what) => {
      done += 1;
      const wrong = judge(sound, damaged, first, last);
      if (wrong !== undefined) failures.push(`${what}: ${wrong}`);
      if (done % sampleEvery !== 0) return;
      const sample = await throughStore(directory, log, bytes, damaged);
      if (sample.wrong !== undefined) failures.push(`${what}: ${sample.wrong}`);
      figures.refused += 1;
      const kind = what.startsWith("bit") ? "flip" : "burst";
      figures[`${kind}Samples`] += 1;
      if (sample.repaired) figures[`${kind}sRepaired`] += 1;
      if (kind === "flip" && !sample.repaired) failures.push(`${what}: not restored`);
    };
    const over = () =>
      done >= goal || failures.length >= 20 || (done % lookEvery === 0 && performance.now() > deadline);

    for (let bit = 0; bit < bytes.length * 8 && !over(); bit += 1) {
      const at = bit >>> 3;
      damaged[at] ^= 1 << (bit & 7);
      await check(at, at, `bit ${bit & 7} of byte ${at}`);
      damaged[at] = bytes[at];
      figures.flips += 1;
    }
    while (!over() && (goal !== Number.POSITIVE_INFINITY || performance.now() < deadline)) {
      const length = 2 + Math.floor(fraction() * (longestBurst - 1));
      const from = Math.floor(fraction() * (bytes.length * 8 - length));
      // The first and the last bit of a burst are flipped, those between by chance.
      for (let bit = from; bit < from + length; bit += 1)
        if (bit === from || bit === from + length - 1 || fraction() < 0.5)
          damaged[bit >>> 3] ^= 1 << (bit & 7);
      const [first, last] = [from >>> 3, (from + length - 1) >>> 3];
      await check(first, last, `burst of ${length} bits from bit ${from}, seed ${seed}`);
      bytes.copy(damaged, first, first, last + 1);
      figures.bursts += 1;
    }
    return { done, failures, figures };
  },
};

const writeLog = async (directory) => {
  const store = await openFileStore({ directory });
  let head = { revision: -1, digest: null };
  for (let index = 0; index < records; index += 1) {
    const appended = await store.append({
      commit: commitFor(head, index),
      expected: head.revision < 0 ? "no_stream" : head.revision,
      ...(head.mark === undefined ? {} : { mark: head.mark }),
    });
    await store.readBack(appended);
    head = appended.head;
  }
  await store.close();
  return path.join(directory, "log", `${stream}.jsonl`);
};

/** What a store and repair make of the damage. The log is sound again afterwards. */
const throughStore = async (directory, log, bytes, damaged) => {
  try {
    writeFileSync(log, damaged);
    rmSync(path.join(directory, "cache"), { recursive: true, force: true });
    const { findings } = inspectStream({ directory, stream, digests: false });
    if (findings.length === 0) return { repaired: false, wrong: "inspectStream finds nothing" };
    const store = await openFileStore({ directory });
    const code = await refusalOf(store);
    await store.close();
    if (code !== "LOG_CORRUPT") return { repaired: false, wrong: `a writer is answered ${code}` };
    if (!readFileSync(log).equals(damaged)) return { repaired: false, wrong: "the log was written to" };
    const { outcome } = await repairStream({ directory, stream });
    const now = readFileSync(log);
    if (outcome === "refused" && now.equals(damaged)) return { repaired: false };
    if (outcome === "repaired" && now.equals(bytes)) return { repaired: true };
    return { repaired: false, wrong: `repair answers ${outcome} and leaves other bytes than there were` };
  } finally {
    writeFileSync(log, bytes);
    rmSync(path.join(directory, "quarantine"), { recursive: true, force: true });
  }
};

const refusalOf = async (store) => {
  try {
    const head = await store.head(stream);
    await store.append({
      commit: commitFor(head, "new"),
      expected: head.revision < 0 ? "no_stream" : head.revision,
    });
    return "with a success";
  } catch (error) {
    return error.code ?? error.message;
  }
};
