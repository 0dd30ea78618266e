/** A writer that outlives power cuts: appends as long as the disk answers, then waits to be told to go on. */
import { accept, commandHandler, eventCodec, isStoreFault } from "@mission-ledger/core";
import { stores } from "../../stores/index.mjs";
import { eventsOf } from "../kill/plan.mjs";

const [storeName, stream, writer, flushes] = process.argv.slice(2);

/** Positive controls: what the rig must see the loss of. */
const withoutFlush = {
  file: async () => {
    const { nodeFiles } = await import("@mission-ledger/store-file");
    return { files: { ...nodeFiles, fdatasync: () => {} } };
  },
  sqlite: async () => {
    const { flushesAtCheckpoints } = await import("../../stores/broken-drivers.mjs");
    return { loadDriver: () => flushesAtCheckpoints };
  },
};
const options = flushes === "no" ? await withoutFlush[storeName]() : {};

const notes = {
  category: "storm",
  version: 1,
  initial: { count: 0 },
  decide: ({ step }) =>
    accept(...Array.from({ length: eventsOf(step) }, (_, part) => ({ type: "Noted", writer, step, part }))),
  evolve: ({ count }) => ({ count: count + 1 }),
};

let step = 0;
let wanted;

/** Ends when the disk fails, or when it is told to and nothing is pending. */
const write = async (place) => {
  let store;
  try {
    store = await stores[storeName].open(place, options);
    const { attempt } = commandHandler({
      store,
      decider: notes,
      codec: eventCodec({ Noted: { version: 1 } }),
    });
    for (;;) {
      const commandId = `${writer}:${step}`;
      const command = { type: "Note", step, at: "2026-01-01T00:00:00.000Z" };
      const answer = await attempt(stream, command, { actor: writer, commandId })();
      if (answer._tag === "Left") {
        if (!isStoreFault(answer.left)) continue; // a conflict: again
        process.send({ _tag: "Down", code: answer.left.code, outcome: answer.left.outcome });
        return;
      }
      const { eventIds, revision, readback } = answer.right;
      process.send({ _tag: "Done", commandId, eventIds, revision, readback });
      step += 1;
      // Hears what it is told.
      await new Promise((resolve) => setImmediate(resolve));
      if (wanted === "finish") {
        process.send({ _tag: "Down", code: "FINISHED" });
        return;
      }
    }
  } catch (error) {
    process.send({
      _tag: isStoreFault(error) ? "Down" : "Failed",
      code: error.code,
      message: String(error.stack),
    });
  } finally {
    await store?.close().catch(() => {});
    process.send({ _tag: "Closed" });
  }
};

process.on("message", ({ order, place, first }) => {
  wanted = order;
  if (first !== undefined) step = first;
  if (place !== undefined) void write(place);
});
process.on("disconnect", () => process.exit(0));
