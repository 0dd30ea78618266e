/** A writer of the git rig: many commands in flight, round after round, in whatever ledger it is told of. */
import { accept, commandHandler, eventCodec, LedgerError } from "@mission-ledger/core";
import { openFileStore } from "@mission-ledger/store-file";

const inFlight = 64;
const mostTries = 50;

/** What happens once and in order is the log's doing, not the decider's. */
const notes = {
  category: "storm",
  version: 1,
  initial: {},
  decide: ({ step }) => accept({ type: "Noted", step }),
  evolve: (state) => state,
};

const round = async ({ directory, publishTo, writer, streams }, isOver) => {
  const store = await openFileStore({ directory, publishTo });
  const handler = commandHandler({ store, decider: notes, codec: eventCodec({ Noted: { version: 1 } }) });
  const acknowledged = [];
  const warnings = {};
  const faults = {};
  const failures = [];
  let step = 0;
  const count = (counts, name) => {
    counts[name] = (counts[name] ?? 0) + 1;
  };
  const one = async () => {
    while (!isOver() && failures.length === 0) {
      const mine = step;
      step += 1;
      const stream = streams[mine % streams.length];
      const commandId = `${writer}:${mine}`;
      for (let tries = 1; ; tries += 1) {
        const command = { type: "Note", step: mine, at: "2026-01-01T00:00:00.000Z" };
        const answer = await handler.attempt(stream, command, { actor: writer, commandId })();
        if (answer._tag === "Right") {
          for (const { code } of answer.right.warnings) count(warnings, code);
          acknowledged.push(commandId);
          if (acknowledged.length % 100 === 0) process.send({ progress: 100 });
          // Alone in a ledger a writer never waits for anything, and would not hear that the round is over.
          if (acknowledged.length % 16 === 0) await new Promise((resolve) => setImmediate(resolve));
          break;
        }
        const error = answer.left;
        const code = LedgerError.is(error) ? error.code : "CONFLICT";
        count(faults, code);
        await new Promise((resolve) => setImmediate(resolve));
        if (
          (LedgerError.is(error) && !error.retryable && error.outcome !== "unknown") ||
          tries >= mostTries
        ) {
          failures.push(`${commandId}: ${code} ${error.message ?? ""}`);
          return;
        }
      }
    }
  };
  await Promise.all(Array.from({ length: inFlight }, one));
  await store.close();
  return { acknowledged, warnings, faults, failures };
};

let over = false;
process.on("message", (task) => {
  if (task.end) {
    over = true;
    return;
  }
  over = false;
  round(task, () => over).then(
    (result) => process.send({ result }),
    (error) =>
      process.send({ result: { acknowledged: [], warnings: {}, faults: {}, failures: [error.stack] } }),
  );
});
process.on("disconnect", () => process.exit());
