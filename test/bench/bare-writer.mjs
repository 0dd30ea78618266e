/**
 * A writer with the driver alone, beside others: a transaction begun at once, one row, committed with a flush, read again over a
 * second connection. It waits for the lock as the store does, by the same random pauses.
 */
import { Driver } from "../stores/sqlite-file.mjs";

/** As the store waits, in milliseconds. Source: `packages/store-sqlite/src/connection/lock-retry.ts`. */
const pause = () => new Promise((resolve) => setTimeout(resolve, 0.2 + Math.random() * 9.8));

export const makeBare = (file) => {
  const database = new Driver(file, { timeout: 0 });
  database.pragma("journal_mode = WAL");
  database.exec("CREATE TABLE bare (position INTEGER PRIMARY KEY, line TEXT NOT NULL) STRICT");
  database.close();
};

/** @param {{ bare: string, line: string }} options the database, and what to write */
export const openBareWriter = ({ bare, line }) => {
  // While all of a crowd open at once, the first of them keeps the others out for a moment.
  const writer = new Driver(bare, { timeout: 5_000 });
  writer.pragma("synchronous = FULL");
  const reader = new Driver(bare, { readonly: true, timeout: 5_000 });
  const begin = writer.prepare("BEGIN IMMEDIATE");
  const last = writer.prepare("SELECT max(position) FROM bare").pluck();
  const insert = writer.prepare("INSERT INTO bare VALUES (?, ?)");
  const commit = writer.prepare("COMMIT");
  const read = reader.prepare("SELECT line FROM bare WHERE position = ?").pluck();
  writer.pragma("busy_timeout = 0");
  /** As cheaply as the store asks. Source: `packages/store-sqlite/src/connection/begin-at-once.ts`. */
  const tryBegin = () => {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    try {
      begin.run();
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
  };
  const untilFree = async () => {
    for (;;)
      try {
        return tryBegin();
      } catch (error) {
        if (!error.code.startsWith("SQLITE_BUSY")) throw error;
        await pause();
      }
  };
  return {
    write: async () => {
      await untilFree();
      const position = (last.get() ?? 0) + 1;
      insert.run(position, line);
      commit.run();
      if (read.get(position) !== line) throw new Error("the floor did not read back what it wrote");
    },
    close: () => {
      reader.close();
      writer.close();
    },
  };
};
