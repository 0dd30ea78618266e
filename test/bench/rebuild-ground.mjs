/** Makes the ledgers that rebuilds are measured on. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { openFileStore } from "@mission-ledger/store-file";
import { createDatabase } from "@mission-ledger/store-sqlite";
import { rowsOf } from "../../packages/store-sqlite/dist/schema/rows.js";
import { generateLedger } from "./generate-ledger.mjs";
import { databaseIn } from "./rebuild-views.mjs";

/** better-sqlite3, as the store's own package finds it. */
export const loadSqlite = () =>
  createRequire(new URL("../../packages/store-sqlite/package.json", import.meta.url))("better-sqlite3");

/** Makes a ledger of files and, if asked for, a database that holds the same. */
export const makeGround = async (directory, { events, missions, store }) => {
  const made = await generateLedger({ directory, events, missions });
  if (store === "sqlite" && !existsSync(databaseIn(directory))) await fillDatabase(directory);
  return made;
};

const commitRows = 1_000;

/** As `mled copy` would leave it, but for the flushes and the proof of each. */
const fillDatabase = async (directory) => {
  await createDatabase({ path: databaseIn(directory) });
  const Driver = loadSqlite();
  const database = new Driver(databaseIn(directory));
  database.pragma("synchronous = OFF");
  const insert = (table, columns) =>
    database.prepare(`INSERT INTO ${table} VALUES (${Array(columns).fill("?").join(", ")})`);
  const insertCommand = insert("commands", 14);
  const insertEvent = insert("events", 10);
  const store = await openFileStore({ directory });
  let position = 1;
  let pending = [];
  const write = (events) => {
    const [{ stream, commandId, revision, previous, recordedAt, actor }] = events;
    const commit = {
      stream,
      commandId,
      commandDigest: "0".repeat(64),
      firstRevision: revision,
      previous,
      recordedAt,
      actor,
      events,
    };
    const rows = rowsOf(commit, position, { id: "bench", seq: position });
    insertCommand.run(...rows.command);
    for (const row of rows.events) insertEvent.run(...row);
    position += events.length;
  };
  let inTransaction = 0;
  database.exec("BEGIN");
  const flush = () => {
    if (pending.length > 0) write(pending);
    pending = [];
    inTransaction += 1;
    if (inTransaction % commitRows === 0) database.exec("COMMIT; BEGIN");
  };
  for await (const batch of store.readAll({ category: "mission" }))
    for (const event of batch) {
      const [first] = pending;
      if (first !== undefined && (first.commandId !== event.commandId || first.stream !== event.stream))
        flush();
      pending.push(event);
    }
  flush();
  database.exec("COMMIT");
  database.pragma("wal_checkpoint(TRUNCATE)");
  database.close();
  await store.close();
};
