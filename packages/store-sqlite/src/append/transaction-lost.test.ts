import path from "node:path";
import { type AppendRequest, type EventStore, emptyHead, type StreamHead } from "@mission-ledger/core";
import { allEvents, commitOn, put, putMany, noteStream as stream, tryPut } from "@mission-ledger/testkit";
import Database from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { inspectDatabase, openSqliteStore } from "../index.ts";
import { scratchDirectory } from "../testing/scratch.ts";
import { type ScriptedDriver, scriptedDriver, sqliteError } from "../testing/scripted-driver.ts";
import { changeEvent } from "../testing/tamper.ts";

interface World {
  readonly store: EventStore;
  readonly driver: ScriptedDriver;
  readonly file: string;
}

const opened = async (): Promise<World> => {
  const file = path.join(scratchDirectory(), "ledger.db");
  const driver = scriptedDriver();
  const store = await openSqliteStore({ path: file, loadDriver: driver.loadDriver, lockTimeoutMs: 100 });
  await putMany(store, 3);
  return { store, driver, file };
};

/** An append that was sealed on the first event, and is decided again. */
const behind = (
  first: StreamHead,
  decideAgain: NonNullable<AppendRequest["decideAgain"]>,
): AppendRequest => ({
  commit: commitOn(first, "late"),
  expected: first.revision,
  known: first,
  decideAgain,
});

const firstHead = async (store: EventStore): Promise<StreamHead> => {
  const [event] = await allEvents(store.read(stream));
  if (event === undefined) throw new Error("no event");
  return { revision: event.revision, digest: event.digest };
};

/** What SQLite does with a disk error, also of a read: the transaction is undone. */
const losingTransaction = (driver: ScriptedDriver): void => {
  driver.before = (sql) => {
    const writer = driver.opened.find((db) => db.open && db.inTransaction);
    if (writer === undefined || !sql.includes("e.revision > ?")) return;
    writer.exec("ROLLBACK");
    throw sqliteError("SQLITE_IOERR_READ");
  };
};

describe("a transaction that SQLite undid while an append was decided again", () => {
  const deciders: readonly (readonly [string, NonNullable<AppendRequest["decideAgain"]>])[] = [
    [
      "lets the error pass",
      (missed) => {
        missed();
        return undefined;
      },
    ],
    [
      "goes on regardless",
      (missed, head) => {
        try {
          missed();
        } catch {
          // As a caller may who believes that nothing depends on it.
        }
        return commitOn(head, "late", { events: 2 });
      },
    ],
  ];
  test.each(deciders)("takes nothing half, where the decider %s", async (_, decideAgain) => {
    const { store, driver, file } = await opened();
    const first = await firstHead(store);
    losingTransaction(driver);
    const settled = await Promise.allSettled([
      tryPut(store, emptyHead, "c1", { stream: "mission-x", events: 2 }),
      store.append(behind(first, decideAgain)),
      tryPut(store, emptyHead, "c1", { stream: "mission-z", events: 2 }),
    ]);
    expect(settled.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(settled[1]).toMatchObject({ reason: { code: "STORAGE_ERROR", outcome: "not_written" } });
    driver.before = () => {};
    expect(await inspectDatabase({ path: file })).toMatchObject({ findings: [], commands: 5, events: 7 });
    await store.close();
  });
});

test("damage that was met while an append was decided again stops all writing", async () => {
  const { store, file } = await opened();
  const first = await firstHead(store);
  changeEvent(file, stream, 1, () => ({ note: "changed" }), { keepChecksum: true });
  const late = store.append(
    behind(first, (missed) => {
      missed();
      return undefined;
    }),
  );
  await expect(late).rejects.toMatchObject({ code: "LOG_CORRUPT", outcome: "not_written" });
  await expect(tryPut(store, emptyHead, "c1", { stream: "mission-x" })).rejects.toMatchObject({
    code: "LOG_CORRUPT",
  });
  await store.close();
});

describe("an append whose revision the tables say is taken", () => {
  const taken = new Database.SqliteError(
    "UNIQUE constraint failed: events.stream, events.revision",
    "SQLITE_CONSTRAINT_UNIQUE",
  );

  test("is a conflict although its transaction cannot be rolled back, and the next one is written", async () => {
    const { store, driver } = await opened();
    const head = await store.head(stream);
    driver.before = (sql) => {
      if (sql.startsWith("INSERT INTO events")) throw taken;
      if (sql !== "ROLLBACK") return;
      driver.before = () => {};
      throw sqliteError("SQLITE_IOERR_WRITE");
    };
    expect(await tryPut(store, head, "n1")).toMatchObject({ _tag: "Conflict", actual: { revision: 2 } });
    await put(store, head, "n2");
    await store.close();
  });

  test("is refused for certain where the head cannot be read, and the next one is written", async () => {
    const { store, driver } = await opened();
    const head = await store.head(stream);
    let isUndone = false;
    driver.before = (sql) => {
      if (sql.startsWith("INSERT INTO events")) throw taken;
      if (sql === "ROLLBACK") isUndone = true;
      else if (isUndone && sql.startsWith("SELECT")) throw sqliteError("SQLITE_IOERR_READ");
    };
    await expect(tryPut(store, head, "n1")).rejects.toMatchObject({
      code: "STORAGE_ERROR",
      outcome: "not_written",
    });
    driver.before = () => {};
    await put(store, head, "n2");
    await store.close();
  });
});

describe("a confirmation", () => {
  test("waits for a database that is busy while it is opened", async () => {
    const { store, driver, file } = await opened();
    const head = await store.head(stream);
    await store.close();
    const other = await openSqliteStore({ path: file, loadDriver: driver.loadDriver });
    let left = 2;
    driver.before = (sql) => {
      if (!sql.startsWith("open ") || left === 0) return;
      left -= 1;
      throw sqliteError("SQLITE_BUSY");
    };
    await other.confirm(stream, head);
    await other.close();
  });

  test("that is overtaken by the end of its store leaves no connection open", async () => {
    const { store, driver } = await opened();
    const head = await store.head(stream);
    let left = 40;
    driver.before = (sql) => {
      if (!sql.includes("FROM events WHERE stream = ? AND revision = ?") || left === 0) return;
      left -= 1;
      throw sqliteError("SQLITE_BUSY");
    };
    const confirmed = expect(store.confirm(stream, head)).rejects.toMatchObject({ code: "STORE_CLOSED" });
    await store.close();
    await confirmed;
    expect(driver.opened.filter((db) => db.open)).toHaveLength(0);
  });
});

describe("a database that a newer program has made its own meanwhile", () => {
  const raise = (file: string): void => {
    const db = new Database(file);
    db.pragma("user_version = 2");
    db.close();
  };
  const versionOf = (file: string): unknown => {
    const db = new Database(file, { readonly: true });
    const version = db.pragma("user_version", { simple: true });
    db.close();
    return version;
  };

  test("is not written to", async () => {
    const { store, file } = await opened();
    const head = await store.head(stream);
    raise(file);
    for (const id of ["n1", "n2"])
      await expect(tryPut(store, head, id)).rejects.toMatchObject({
        code: "UNSUPPORTED_FORMAT",
        outcome: "not_written",
      });
    await store.close();
  });

  test("is not sent back to the older version by a confirmation", async () => {
    const { store, file } = await opened();
    const head = await store.head(stream);
    await store.close();
    const other = await openSqliteStore({ path: file });
    // It has the database open to read and to write, and has committed nothing.
    await other.head(stream);
    expect(await tryPut(other, emptyHead, "n1")).toMatchObject({ _tag: "Conflict" });
    raise(file);
    await expect(other.confirm(stream, head)).rejects.toMatchObject({ code: "UNSUPPORTED_FORMAT" });
    expect(versionOf(file)).toBe(2);
    await other.close();
  });
});
