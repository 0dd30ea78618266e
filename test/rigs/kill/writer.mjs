/**
 * A writer of the kill rig, bundled into one file so that a life costs little to begin. Repeats the last command it is told
 * of, then goes on with the next ones until it is killed. Says each answer with one synchronous write, so that what was
 * said is said.
 */
import { writeSync } from "node:fs";
import { accept, commandHandler, eventCodec, LedgerError } from "@mission-ledger/core";
import { stores } from "../../stores/index.mjs";
import { eventsOf } from "./plan.mjs";

const [storeName, place, stream, writer, firstText, lastText] = process.argv.slice(2);
const mostTries = 200;

const say = (line) => writeSync(1, `${JSON.stringify(line)}\n`);

/** Makes no sense of anything: what happens once and in order is the log's doing, not the decider's. */
const notes = {
  category: "storm",
  version: 1,
  initial: { count: 0 },
  decide: ({ step }) =>
    accept(...Array.from({ length: eventsOf(step) }, (_, part) => ({ type: "Noted", writer, step, part }))),
  evolve: ({ count }) => ({ count: count + 1 }),
};

const main = async () => {
  const { open, snapshots } = stores[storeName];
  const store = await open(place);
  const { attempt } = commandHandler({
    store,
    decider: notes,
    codec: eventCodec({ Noted: { version: 1 } }),
    snapshots: await snapshots(place),
    snapshotEvery: 128,
  });
  // A store opens its files when it is first used.
  await store.head(stream);
  say({ _tag: "Ready" });
  for (let step = Number(firstText); step <= Number(lastText); step += 1) {
    const commandId = `${writer}:${step}`;
    for (let tries = 1; ; tries += 1) {
      const answer = await attempt(
        stream,
        { type: "Note", step, at: "2026-01-01T00:00:00.000Z" },
        { actor: writer, commandId },
      )();
      if (answer._tag === "Right") {
        const { eventIds, revision, readback, repeated } = answer.right;
        say({ _tag: "Done", step, eventIds, revision, readback, repeated });
        break;
      }
      const error = answer.left;
      if (!LedgerError.is(error)) {
        // A conflict after sixteen decisions: nothing was written, and the race goes on.
        if (error._tag !== "Conflict") throw new Error(`refused: ${JSON.stringify(error)}`);
        say({ _tag: "Fault", step, code: "CONFLICT", outcome: "not_written" });
      } else {
        say({ _tag: "Fault", step, code: error.code, outcome: error.outcome });
        if (!error.retryable && error.outcome !== "unknown") throw error;
      }
      if (tries >= mostTries) throw new Error(`${commandId} found no end in ${tries} tries`);
    }
  }
  await store.close();
  say({ _tag: "Finished" });
};

// No await at the top level, which the bundle's format has no place for.
main().catch((error) => {
  say({ _tag: "Failed", message: String(error?.stack ?? error) });
  process.exitCode = 1;
});
