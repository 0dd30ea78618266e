/**
 * One process of a crowd. Told its job by the first message, it warms up, says that it is ready, starts at the second, and
 * answers with what it was given receipts for and how long each of its commands took.
 */
import { LedgerError } from "@mission-ledger/core";
import { openBareWriter } from "./bare-writer.mjs";
import { openBenchLedger } from "./missions.mjs";
import { percentile } from "./statistics.mjs";

const next = () => new Promise((resolve) => process.once("message", resolve));

const proven = ({ readback, eventIds }) => {
  if (readback !== "verified") throw new Error("a command was not read back");
  return eventIds;
};

/** Notes on one mission, one command after the other, until the time is over. */
const writeNotes = async (ledger, { slug, milliseconds }) => {
  const mission = ledger.mission(slug);
  const took = [];
  const eventIds = [];
  const note = (text) => mission.execute({ type: "AddNote", workPackageId: "WP01", text });
  for (const end = performance.now() + milliseconds; ; ) {
    const begun = performance.now();
    if (begun >= end) break;
    const ids = proven(await note("a note of the usual length, written beside others"));
    took.push(performance.now() - begun);
    eventIds.push(...ids);
  }
  return { took, eventIds };
};

/** The same bytes over and over with the driver alone. */
const writeLines = async (writer, { milliseconds }) => {
  const took = [];
  for (const end = performance.now() + milliseconds; ; ) {
    const begun = performance.now();
    if (begun >= end) break;
    await writer.write();
    took.push(performance.now() - begun);
  }
  return { took, eventIds: [] };
};

/** Every package of every mission, each mission in an order of its own; what somebody else is known to hold is passed by. */
const claimAll = async (ledger, { missions, seed }) => {
  const took = [];
  const eventIds = [];
  let refused = 0;
  for (const slug of shuffled(missions, seed)) {
    const mission = ledger.mission(slug);
    let { workPackages } = await mission.state();
    for (const workPackageId of shuffled(Object.keys(workPackages), seed)) {
      if (workPackages[workPackageId].claim !== null) continue;
      const begun = performance.now();
      try {
        const receipt = await mission.execute({
          type: "ClaimWorkPackage",
          workPackageId,
          kind: "implement",
          leaseMs: 3_600_000,
        });
        took.push(performance.now() - begun);
        eventIds.push(...proven(receipt));
        workPackages = receipt.state.workPackages;
      } catch (error) {
        if (!LedgerError.is(error) || error.code !== "CLAIM_HELD") throw error;
        refused += 1;
        ({ workPackages } = await mission.state());
      }
    }
  }
  return { took, eventIds, refused };
};

/** The same order for the same seed. Source: mulberry32 and Fisher and Yates. */
const shuffled = (items, seed) => {
  const order = [...items];
  let state = seed;
  const fraction = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  for (let index = order.length - 1; index > 0; index -= 1) {
    const other = Math.floor(fraction() * (index + 1));
    [order[index], order[other]] = [order[other], order[index]];
  }
  return order;
};

const told = next();
process.send({ started: true });
const job = await told;
const ledger = await (job.bare === undefined ? openBenchLedger(job) : openBareWriter(job));
const work = job.bare === undefined ? (job.missions === undefined ? writeNotes : claimAll) : writeLines;
if (job.warmUp) await work(ledger, { ...job, milliseconds: job.warmUp });
const start = next();
process.send({ ready: true });
await start;
const begun = performance.now();
const { took, eventIds, refused = 0 } = await work(ledger, job);
const figures = {
  count: took.length,
  refused,
  milliseconds: performance.now() - begun,
  p50: percentile(took, 0.5),
  p99: percentile(took, 0.99),
  max: took.reduce((longest, one) => Math.max(longest, one), 0),
  eventIds,
};
// Many thousand ids are more than the channel takes at once, and disconnecting throws away what still waits.
await new Promise((sent) => process.send(figures, sent));
await ledger.close();
process.disconnect();
