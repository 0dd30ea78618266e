/**
 * One of the eight that are killed at any moment. Walks its own work package round and round; each step is written down
 * with its command id before the first try, and tried again under that id by whoever comes back from the dead.
 * Talks in lines on standard output, each by one synchronous write, so that what was said is said.
 */
import { readFileSync, renameSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { LedgerError } from "@mission-ledger/core";
import { ledgerOver } from "@mission-ledger/core/mission";
import { stores } from "../stores/index.mjs";
import { requestOf } from "./kill-plan.mjs";

const [storeName, place, notesFile, actor, slug, workPackageId, stepsText] = process.argv.slice(2);
const steps = Number(stepsText);
const maxTries = 50;

const say = (line) => writeSync(1, `${JSON.stringify(line)}\n`);

/** What this worker was about to do, or did last, when it ended. */
const readNotes = () => {
  try {
    return JSON.parse(readFileSync(notesFile, "utf8"));
  } catch {
    return undefined;
  }
};
const writeNotes = (notes) => {
  const fresh = `${notesFile}.${process.pid}`;
  writeFileSync(fresh, JSON.stringify(notes));
  renameSync(fresh, notesFile);
};

const { open, snapshots } = stores[storeName];
const ledger = ledgerOver({
  store: await open(place),
  snapshots: await snapshots(place),
  actor,
});
const mission = ledger.mission(slug);

/** Until a receipt is in hand: a fault that may pass is tried again with the same command id. */
const execute = async ({ commandId, request }) => {
  for (let tries = 1; ; tries += 1) {
    try {
      return await mission.execute(request, { commandId });
    } catch (error) {
      if (!LedgerError.is(error) || !error.retryable || tries >= maxTries) throw error;
    }
  }
};

try {
  say({ _tag: "Ready" });
  const left = readNotes();
  let pending = left ?? {
    step: 0,
    commandId: `${slug}:${workPackageId}:0`,
    request: requestOf(workPackageId, 0),
  };
  while (pending.step < steps) {
    writeNotes(pending);
    const { eventIds, revision, digest, readback, repeated } = await execute(pending);
    const { step, commandId } = pending;
    say({ _tag: "Done", step, commandId, eventIds, revision, digest, readback, repeated });
    const next = step + 1;
    pending = {
      step: next,
      commandId: `${slug}:${workPackageId}:${next}`,
      request: requestOf(workPackageId, next),
    };
  }
  rmSync(notesFile, { force: true });
  say({ _tag: "Finished" });
} catch (error) {
  say({ _tag: "Failed", message: String(error?.message ?? error), code: error?.code, stack: error?.stack });
  process.exitCode = 1;
}
await ledger.close();
