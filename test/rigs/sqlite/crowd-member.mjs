/**
 * One of a crowd on a database. As a writer it appends to the stream it is told until it is told to stop; as a stranger it is a
 * program that knows nothing of ledgers: it takes the write lock for a while, or reads in one long transaction.
 */
import { accept, commandHandler, eventCodec, LedgerError } from "@mission-ledger/core";
import { stores } from "../../stores/index.mjs";
import { Driver } from "../../stores/sqlite-file.mjs";

const [role, place, stream, name] = process.argv.slice(2);
let isOver = false;
const breathe = () => new Promise((resolve) => setImmediate(resolve));
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

const notes = {
  category: "storm",
  version: 1,
  initial: { count: 0 },
  decide: ({ step }) => accept({ type: "Noted", writer: name, step }),
  evolve: ({ count }) => ({ count: count + 1 }),
};

const roles = {
  writer: async () => {
    const store = await stores.sqlite.open(place);
    const { attempt } = commandHandler({
      store,
      decider: notes,
      codec: eventCodec({ Noted: { version: 1 } }),
    });
    const receipts = [];
    const faults = {};
    let longest = 0;
    process.send({ _tag: "Ready" });
    for (let step = 0; !isOver; ) {
      const begun = performance.now();
      const commandId = `${name}:${step}`;
      const command = { type: "Note", step, at: "2026-01-01T00:00:00.000Z" };
      const answer = await attempt(stream, command, { actor: name, commandId })();
      longest = Math.max(longest, performance.now() - begun);
      if (answer._tag === "Right") {
        const { eventIds, readback, revision, warnings = [] } = answer.right;
        if (readback !== "verified") throw new Error(`${commandId} was not read back`);
        receipts.push({ commandId, eventIds, revision });
        for (const { code } of warnings) faults[`warning ${code}`] = (faults[`warning ${code}`] ?? 0) + 1;
        step += 1;
      } else {
        const error = answer.left;
        const key = LedgerError.is(error) ? `${error.code} ${error.outcome}` : "conflict";
        faults[key] = (faults[key] ?? 0) + 1;
        if (LedgerError.is(error) && !error.retryable) throw error;
      }
      await breathe();
    }
    await store.close();
    return { receipts, faults, longest };
  },
  /** Takes the write lock over and over, and holds it while others want it. */
  rude: async () => {
    const database = new Driver(place, { timeout: 0 });
    let held = 0;
    process.send({ _tag: "Ready" });
    while (!isOver) {
      try {
        database.exec("BEGIN IMMEDIATE");
        held += 1;
        await pause(5 + 20 * Math.random());
        database.exec("ROLLBACK");
      } catch (error) {
        if (!String(error.code).startsWith("SQLITE_BUSY")) throw error;
      }
      await pause(5 * Math.random());
    }
    database.close();
    return { held };
  },
  /** Keeps one snapshot from beginning to end, so that no checkpoint can finish. */
  reader: async () => {
    const database = new Driver(place, { readonly: true, timeout: 0 });
    database.exec("BEGIN");
    const { n } = database.prepare("SELECT count(*) AS n FROM events").get();
    process.send({ _tag: "Ready" });
    while (!isOver) await pause(10);
    const after = database.prepare("SELECT count(*) AS n FROM events").get();
    if (after.n !== n) throw new Error("a snapshot changed");
    database.exec("COMMIT");
    database.close();
    return { seen: n };
  },
};

process.on("message", () => {
  isOver = true;
});
roles[role]().then(
  (answer) => process.send({ _tag: "Done", role, ...answer }, () => process.disconnect()),
  (error) => process.send({ _tag: "Failed", message: String(error.stack) }, () => process.exit(1)),
);
