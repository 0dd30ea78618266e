/**
 * One of the eight that are killed at any moment. Walks its own work package round and round; each step is written down
 * with its command id before the first try, and tried again under that id by whoever comes back from the dead.
 * Talks in lines on standard output, each by one synchronous write, so that what was said is said.
 */
import { readFileSync, renameSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { ledgerOver } from "@mission-ledger/core/mission";
import { storeNamed } from "../stores/index.mjs";
import { requestOf } from "./kill-plan.mjs";
import { persist } from "./persist.mjs";

const [storeName, place, notesFile, actor, slug, workPackageId, stepsText] = process.argv.slice(2);
const steps = Number(stepsText);

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

const { open, snapshots } = storeNamed(storeName);
const ledger = ledgerOver({
  store: (await persist(() => open(place))).answer,
  snapshots: await snapshots(place),
  actor,
});
const mission = ledger.mission(slug);

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
    const { step, commandId, request } = pending;
    const { answer, setbacks } = await persist((id) => mission.execute(request, { commandId: id }), {
      commandId,
    });
    const { eventIds, revision, digest, readback, repeated } = answer;
    say({ _tag: "Done", step, commandId, eventIds, revision, digest, readback, repeated, setbacks });
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
