import fs from "node:fs";
import path from "node:path";
import { type Appended, type EventStore, emptyHead } from "@mission-ledger/core";
import { allEvents, put, noteStream as stream, tryPut } from "@mission-ledger/testkit";
import { describe, expect, test } from "vitest";
import type { Connection } from "../connection/connection.ts";
import { openSqliteStore } from "../index.ts";
import { commandColumns, eventColumns } from "../schema/rows.ts";
import { scratchDirectory } from "../testing/scratch.ts";
import { type ScriptedDriver, scriptedDriver, sqliteError } from "../testing/scripted-driver.ts";
import { behindTriggers } from "../testing/tamper.ts";
import { GroupRead } from "./group-read.ts";

interface World {
  readonly store: EventStore;
  readonly driver: ScriptedDriver;
  readonly file: string;
}

const opened = async ({ lockTimeoutMs = 10_000 } = {}): Promise<World> => {
  const file = path.join(scratchDirectory(), "ledger.db");
  const driver = scriptedDriver();
  const store = await openSqliteStore({ path: file, loadDriver: driver.loadDriver, lockTimeoutMs });
  await put(store, emptyHead, "c0");
  return { store, driver, file };
};

const nameOf = (index: number): string => `mission-g${index}`;

/** Commits on streams of their own, in one transaction; the first stands at position 2. */
const writeGroup = async (
  { store, driver }: World,
  { commits = 5, events = 2 } = {},
): Promise<readonly Appended[]> => {
  const committed = countOf(driver, (sql) => sql === "COMMIT");
  const answers = await Promise.all(
    Array.from({ length: commits }, (_, index) =>
      tryPut(store, emptyHead, "c1", { stream: nameOf(index), events }),
    ),
  );
  expect(committed()).toBe(1);
  driver.before = () => {};
  return answers.map((answer) => {
    if (answer._tag === "Conflict") throw new Error("a conflict");
    return answer;
  });
};

/** How many statements of a kind have run since. */
const countOf = (driver: ScriptedDriver, isMeant: (sql: string) => boolean): (() => number) => {
  let count = 0;
  driver.before = (sql) => {
    if (isMeant(sql)) count += 1;
  };
  return () => count;
};

const isReadBack = (sql: string): boolean => sql.startsWith("SELECT e.position") && sql.includes("< ?");

/** Reads all back at once: what came of each, `proven` or the fault's code and outcome. */
const judge = async (store: EventStore, group: readonly Appended[]): Promise<readonly string[]> => {
  const settled = await Promise.allSettled(group.map((appended) => store.readBack(appended)));
  return settled.map((one) =>
    one.status === "fulfilled" ? "proven" : `${one.reason.code} ${one.reason.outcome}`,
  );
};

const times = (count: number, what: string): string[] => Array.from({ length: count }, () => what);
const condemned = "READBACK_FAILED unknown";

describe("the readback of a group", () => {
  test("is one statement for all, and gives each what a reader reads", async () => {
    const world = await opened();
    const group = await writeGroup(world, { commits: 32, events: 2 });
    const count = countOf(world.driver, isReadBack);
    const read = await Promise.all(group.map((appended) => world.store.readBack(appended)));
    expect(count()).toBe(1);
    for (const [index, events] of read.entries())
      expect(events).toEqual(await allEvents(world.store.read(nameOf(index))));
    await world.store.close();
  });

  test.each([
    [1, 2, 1],
    [65, 1, 2],
    [4, 20, 2],
    [3, 64, 3],
  ])(
    "of %i commits with %i events each takes %i statements, 64 rows in each",
    async (commits, events, statements) => {
      const world = await opened();
      const group = await writeGroup(world, { commits, events });
      const count = countOf(world.driver, isReadBack);
      expect(await judge(world.store, group)).toEqual(times(commits, "proven"));
      expect(count()).toBe(statements);
      await world.store.close();
    },
  );

  test("leaves repeats and conflicts beside the others", async () => {
    const world = await opened();
    const { store } = world;
    const answers = await Promise.all([
      tryPut(store, emptyHead, "c1", { stream: "mission-a" }),
      tryPut(store, emptyHead, "c0"),
      tryPut(store, emptyHead, "other"),
      tryPut(store, emptyHead, "c1", { stream: "mission-a" }),
      tryPut(store, emptyHead, "c1", { stream: "mission-b" }),
    ]);
    const appended = answers.filter((answer) => answer._tag === "Appended");
    expect(appended.map(({ repeated }) => repeated)).toEqual([false, true, true, false]);
    expect(await judge(store, appended)).toEqual(times(4, "proven"));
    await store.close();
  });

  test("is made anew for whoever reads back a second time, or after the event loop has turned", async () => {
    const world = await opened();
    const { store, driver } = world;
    const [first, second, third] = await writeGroup(world, { commits: 3 });
    if (first === undefined || second === undefined || third === undefined) throw new Error("no group");
    const count = countOf(driver, isReadBack);
    expect(await judge(store, [first, second])).toEqual(["proven", "proven"]);
    expect(count()).toBe(1);
    expect(await judge(store, [first])).toEqual(["proven"]);
    expect(count()).toBe(2);
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    behindTriggers(world.file, (db) => db.exec("UPDATE events SET data = '{}' WHERE stream = 'mission-g2'"));
    expect(await judge(store, [third])).toEqual([condemned]);
    await store.close();
  });
});

test("what one connection has read is nothing that another one has", () => {
  const [one, other] = [{} as Connection, {} as Connection];
  const group = new GroupRead(2, 5);
  const read = (first: number, end: number) => Array.from({ length: end - first }, (_, at) => [first + at]);
  expect(group.take(one, 2, 3, read)).toEqual([[2]]);
  expect(group.take(other, 3, 4, read)).toBeUndefined();
  expect(group.take(one, 3, 5, read)).toEqual([[3], [4]]);
});

/** Sets a column of the third commit, or of its second event, to something else. */
const changeOf = (table: "commands" | "events", column: string): string => {
  const isNumber = /position|revision|command$|version|events$|seq|crc/.test(column);
  const value = isNumber ? `coalesce(${column}, 0) + 1000` : `coalesce(${column}, '') || 'x'`;
  const second = table === "events" ? " AND revision = 1" : "";
  return `UPDATE ${table} SET ${column} = ${value} WHERE stream = '${nameOf(2)}'${second}`;
};

describe("a row of a group that was changed between commit and readback", () => {
  test.each([
    ...commandColumns.split(", ").map((column) => ["commands", column] as const),
    ...eventColumns.split(", ").map((column) => ["events", column] as const),
  ])("in %s, column %s, condemns its commit alone", async (table, column) => {
    const world = await opened();
    const group = await writeGroup(world);
    behindTriggers(world.file, (db) => db.exec(changeOf(table, column)));
    expect(await judge(world.store, group)).toEqual(["proven", "proven", condemned, "proven", "proven"]);
    await world.store.close();
  });

  test.each([
    ["an event", "DELETE FROM events WHERE stream = 'mission-g2' AND revision = 0"],
    ["all its events", "DELETE FROM events WHERE stream = 'mission-g2'"],
    ["its command", "DELETE FROM commands WHERE stream = 'mission-g2'"],
  ])("to lack %s condemns its commit alone", async (_, sql) => {
    const world = await opened();
    const group = await writeGroup(world);
    behindTriggers(world.file, (db) => db.exec(sql));
    expect(await judge(world.store, group)).toEqual(["proven", "proven", condemned, "proven", "proven"]);
    await world.store.close();
  });

  test("or torn off with all behind it condemns each of these, and those before stand", async () => {
    const world = await opened();
    const group = await writeGroup(world);
    // The second event of the third commit and all that follows.
    behindTriggers(world.file, (db) => db.exec("DELETE FROM events WHERE position >= 7"));
    expect(await judge(world.store, group)).toEqual(["proven", "proven", ...times(3, condemned)]);
    await world.store.close();
  });

  test("or exchanged with another's condemns both", async () => {
    const world = await opened();
    const group = await writeGroup(world);
    behindTriggers(world.file, (db) =>
      db.exec(
        "UPDATE events SET data = (SELECT o.digest FROM events o WHERE o.position = 5 - events.position) WHERE position IN (2, 3)",
      ),
    );
    expect(await judge(world.store, group)).toEqual([condemned, ...times(4, "proven")]);
    await world.store.close();
  });
});

/** What each error of SQLite comes to at a readback. */
const errors: readonly (readonly [string, string])[] = [
  ["SQLITE_IOERR_READ", "STORAGE_ERROR"],
  ["SQLITE_IOERR_SHORT_READ", "LOG_CORRUPT"],
  ["SQLITE_IOERR", "STORAGE_ERROR"],
  ["SQLITE_CORRUPT", "LOG_CORRUPT"],
  ["SQLITE_CORRUPT_VTAB", "LOG_CORRUPT"],
  ["SQLITE_NOTADB", "LOG_CORRUPT"],
  ["SQLITE_BUSY", "LOCK_TIMEOUT"],
  ["SQLITE_BUSY_RECOVERY", "LOCK_TIMEOUT"],
  ["SQLITE_BUSY_SNAPSHOT", "INTERNAL"],
  ["SQLITE_LOCKED", "LOCK_TIMEOUT"],
  ["SQLITE_PROTOCOL", "LOCK_TIMEOUT"],
  ["SQLITE_FULL", "STORAGE_FULL"],
  ["SQLITE_READONLY_DBMOVED", "STORE_MISSING"],
  ["SQLITE_CANTOPEN", "STORE_MISSING"],
  ["SQLITE_PERM", "PERMISSION_DENIED"],
  ["SQLITE_NOMEM", "RESOURCES_EXHAUSTED"],
  ["SQLITE_INTERRUPT", "TIMEOUT"],
  ["SQLITE_TOOBIG", "LIMIT_EXCEEDED"],
  ["SQLITE_ERROR", "INTERNAL"],
];

/** Fails the readback statements whose number, from 1 on, is meant. */
const failing = (driver: ScriptedDriver, code: string, isMeant: (number: number) => boolean): void => {
  let number = 0;
  driver.before = (sql) => {
    if (!isReadBack(sql)) return;
    number += 1;
    if (isMeant(number)) throw sqliteError(code);
  };
};

/** Lays a copy in the place of a file. */
const replace = (file: string): void => {
  fs.copyFileSync(file, `${file}.other`);
  fs.renameSync(`${file}.other`, file);
};

describe("a readback of a group that fails", () => {
  test.each(errors)(
    "with %s each time says %s of each commit, and of none that it was not written",
    async (code, expected) => {
      const world = await opened({ lockTimeoutMs: 20 });
      const { store, driver } = world;
      const group = await writeGroup(world, { commits: 3 });
      failing(driver, code, () => true);
      expect(await judge(store, group)).toEqual(times(3, `${expected} unknown`));
      driver.before = () => {};
      const repeat = tryPut(store, emptyHead, "c1", { stream: nameOf(1), events: 2 });
      if (expected === "LOG_CORRUPT") await expect(repeat).rejects.toMatchObject({ code: "LOG_CORRUPT" });
      else expect(await repeat).toMatchObject({ repeated: true });
      await store.close();
    },
  );

  test.each(errors)(
    "with %s once lets each commit be read for itself; %s is met where it stays",
    async (code, expected) => {
      const world = await opened();
      const { store, driver } = world;
      const group = await writeGroup(world, { commits: 4 });
      // The second try after the one for all; a busy database is asked again and then answers.
      const isBusy = expected === "LOCK_TIMEOUT";
      failing(driver, code, (number) => number === 1 || number === 3);
      const second = isBusy ? "proven" : `${expected} unknown`;
      expect(await judge(store, group)).toEqual(["proven", second, "proven", "proven"]);
      await store.close();
    },
  );

  test("on a damaged page stops all writing, although every commit is there", async () => {
    const world = await opened();
    const { store, driver } = world;
    const group = await writeGroup(world);
    failing(driver, "SQLITE_CORRUPT", (number) => number === 1);
    expect(await judge(store, group)).toEqual(times(5, "proven"));
    await expect(tryPut(store, emptyHead, "c1", { stream: "mission-later" })).rejects.toMatchObject({
      code: "LOG_CORRUPT",
      outcome: "not_written",
    });
    await store.close();
  });

  test.each([
    ["the database is another one", (file: string) => replace(file)],
    ["the database is gone", (file: string) => fs.rmSync(file)],
  ])("because %s by now is of unknown outcome for each", async (_, change) => {
    const world = await opened();
    const group = await writeGroup(world);
    change(world.file);
    expect(await judge(world.store, group)).toEqual(times(5, "LOG_REPLACED unknown"));
    await world.store.close();
  });

  // Whoever notices lets go of all; closing lays into the database what the -wal held, and those behind may find it there.
  test.each([
    ["-wal is another one", (file: string) => replace(`${file}-wal`)],
    ["-shm is another one", (file: string) => replace(`${file}-shm`)],
    ["-wal is gone", (file: string) => fs.rmSync(`${file}-wal`)],
  ])(
    "because its %s by now condemns whoever notices, and proves only what others can read",
    async (_, change) => {
      const world = await opened();
      const group = await writeGroup(world);
      change(world.file);
      const [first, ...others] = await judge(world.store, group);
      await world.store.close();
      expect(first).toBe("LOG_REPLACED unknown");
      const reader = await openSqliteStore({ path: world.file });
      for (const [index, verdict] of others.entries())
        if (verdict === "proven") expect(await allEvents(reader.read(nameOf(index + 1)))).toHaveLength(2);
        else expect(verdict).toMatch(/ unknown$/);
      await reader.close();
    },
  );

  test("because the database is marked as suspect waits until it was written anew, and proves each", async () => {
    const world = await opened();
    const group = await writeGroup(world);
    fs.writeFileSync(`${world.file}-suspect`, "");
    const checkpoints = countOf(world.driver, (sql) => sql.includes("wal_checkpoint(TRUNCATE)"));
    expect(await judge(world.store, group)).toEqual(times(5, "proven"));
    expect(checkpoints()).toBe(1);
    expect(fs.existsSync(`${world.file}-suspect`)).toBe(false);
    await world.store.close();
  });
});

test("whether the files stand at the path is looked up once for a group, behind its rows", async () => {
  const steps: string[] = [];
  const file = path.join(scratchDirectory(), "ledger.db");
  const store = await openSqliteStore({ path: file, failpoint: (step) => void steps.push(step) });
  await put(store, emptyHead, "c0");
  const group = await Promise.all(
    [0, 1, 2].map((index) => tryPut(store, emptyHead, "c1", { stream: nameOf(index) })),
  );
  steps.length = 0;
  await judge(store, group as Appended[]);
  expect(steps).toEqual([
    "append:read-back",
    "append:read-back-files",
    "append:read-back",
    "append:read-back",
  ]);
  expect((await allEvents(store.read(stream))).length).toBe(1);
  await store.close();
});
