import fs from "node:fs";
import path from "node:path";
import { emptyHead } from "@mission-ledger/core";
import { put } from "@mission-ledger/testkit";
import Database from "better-sqlite3";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { inspectDatabase, openSqliteStore } from "../index.ts";
import { scratchDirectory } from "../testing/scratch.ts";
import { scriptedDriver } from "../testing/scripted-driver.ts";
import { behindTriggers, changeEvent } from "../testing/tamper.ts";

/** Two streams, five commands, nine events. */
const grown = async (): Promise<string> => {
  const file = path.join(scratchDirectory(), "ledger.db");
  const store = await openSqliteStore({ path: file });
  const one = await put(store, emptyHead, "c1", { stream: "mission-a", events: 3 });
  await put(store, emptyHead, "c2", { stream: "mission-b" });
  const two = await put(store, one.head, "c3", { stream: "mission-a" });
  const three = await put(store, two.head, "c4", { stream: "mission-a", events: 2 });
  await put(store, three.head, "c5", { stream: "mission-a", events: 2 });
  await store.close();
  return file;
};

describe("inspecting a database", () => {
  test("counts what there is and finds nothing wrong with it", async () => {
    const path = await grown();
    const report = await inspectDatabase({ path });
    expect(report).toMatchObject({ exists: true, commands: 5, events: 9, findings: [], findingsLeftOut: 0 });
    expect(report.streams.map(({ stream, commands, events }) => [stream, commands, events])).toEqual([
      ["mission-a", 4, 8],
      ["mission-b", 1, 1],
    ]);
    expect(report.ledgerId).toMatch(/^[0-9a-f-]{36}$/);
    const store = await openSqliteStore({ path });
    expect(report.streams[0]?.head).toEqual(await store.head("mission-a"));
    await store.close();
  });

  test("says of a file that is not there, or that holds no tables, that there is no ledger", async () => {
    const file = path.join(scratchDirectory(), "ledger.db");
    expect(await inspectDatabase({ path: file })).toMatchObject({ exists: false, events: 0 });
    fs.writeFileSync(file, "");
    expect(await inspectDatabase({ path: file })).toMatchObject({ exists: false, events: 0 });
    expect(fs.statSync(file).size).toBe(0);
  });

  test("looks beside an open store, and says how long the write-ahead log is", async () => {
    const file = await grown();
    const store = await openSqliteStore({ path: file });
    await put(store, emptyHead, "c6", { stream: "mission-c" });
    const report = await inspectDatabase({ path: file });
    expect(report).toMatchObject({ events: 10, findings: [] });
    expect(report.walBytes).toBeGreaterThan(0);
    await store.close();
  });

  test("sees one moment of a database that is written to meanwhile", async () => {
    const file = await grown();
    const store = await openSqliteStore({ path: file });
    const driver = scriptedDriver();
    driver.before = (sql) => {
      if (!sql.startsWith("SELECT position, stream, first_revision")) return;
      // Between the events and the commands, by somebody who waits for nobody.
      const other = new Database(file);
      other.exec(
        "INSERT INTO commands SELECT 10, 'mission-x', 0, 'c9', command_digest, NULL, recorded_at, actor, NULL, NULL, 1, origin, 10, 0 FROM commands WHERE position = 1",
      );
      other.close();
    };
    expect((await inspectDatabase({ path: file, loadDriver: driver.loadDriver })).findings).toEqual([]);
    expect((await inspectDatabase({ path: file })).findings).not.toEqual([]);
    await store.close();
  });

  test("finds a row whose checksum is wrong", async () => {
    const path = await grown();
    changeEvent(path, "mission-a", 3, () => ({ note: "changed" }), { keepChecksum: true });
    expect((await inspectDatabase({ path, digests: false })).findings).toEqual([
      expect.objectContaining({ kind: "row", position: 5, stream: "mission-a", revision: 3 }),
    ]);
  });

  test("finds by its digest what was changed together with its checksum, if digests are asked for", async () => {
    const path = await grown();
    changeEvent(path, "mission-a", 3, () => ({ note: "changed" }));
    expect((await inspectDatabase({ path, digests: false })).findings).toEqual([]);
    expect((await inspectDatabase({ path })).findings).toEqual([
      { kind: "link", why: "DigestDiffers", position: 5, stream: "mission-a", revision: 3 },
    ]);
  });

  test.each([
    ["an event in the middle", "DELETE FROM events WHERE position = 5"],
    ["the last event", "DELETE FROM events WHERE position = 9"],
    ["the first event", "DELETE FROM events WHERE position = 1"],
  ])("finds that %s is missing", async (_, sql) => {
    const path = await grown();
    behindTriggers(path, (db) => db.exec(sql));
    expect((await inspectDatabase({ path, digests: false })).findings).toContainEqual(
      expect.objectContaining({ kind: "gap" }),
    );
  });

  test("finds a command that is missing, and one that was changed", async () => {
    const path = await grown();
    behindTriggers(path, (db) => db.exec("UPDATE commands SET actor = 'nobody' WHERE position = 1"));
    expect((await inspectDatabase({ path })).findings).toContainEqual(
      expect.objectContaining({ kind: "row", why: "commands: its checksum is wrong" }),
    );
    behindTriggers(path, (db) => db.exec("DELETE FROM commands WHERE position = 4"));
    expect((await inspectDatabase({ path })).findings).toContainEqual(
      expect.objectContaining({ kind: "row", position: 4, why: "events: its command is missing" }),
    );
  });

  test("finds tables and triggers that are changed, missing or nobody's, and passes over caches", async () => {
    const path = await grown();
    behindTriggers(path, (db) => db.exec("CREATE TABLE cache_views (a TEXT) STRICT"));
    expect((await inspectDatabase({ path })).findings).toEqual([]);
    behindTriggers(path, (db) => db.exec("CREATE TABLE stray (a); CREATE INDEX mine ON events (type)"));
    expect((await inspectDatabase({ path })).findings.map(({ why }) => why).sort()).toEqual([
      "index mine is none of the ledger's",
      "table stray is none of the ledger's",
    ]);
  });

  test("finds a trigger that is gone", async () => {
    const file = await grown();
    behindTriggers(file, () => {}, ["events_no_delete"]);
    expect((await inspectDatabase({ path: file })).findings).toEqual([
      { kind: "schema", why: "trigger events_no_delete is missing" },
    ]);
  });

  test("reports broken pages and keeps what was found before them", async () => {
    const file = await grown();
    const bytes = fs.readFileSync(file);
    // Nobody has it open: every page but the first is overwritten.
    bytes.fill(0x5a, 4_096);
    fs.writeFileSync(file, bytes);
    expect((await inspectDatabase({ path: file })).findings).toContainEqual(
      expect.objectContaining({ kind: "integrity" }),
    );
  });

  test("hears a signal while it looks, reads no further, and lets the database go", async () => {
    const file = await grown();
    const driver = scriptedDriver();
    const statements: string[] = [];
    const stopping = new AbortController();
    driver.before = (sql) => {
      statements.push(sql);
      // As an interrupt does: heard when the event loop turns, and not before.
      if (sql.startsWith("SELECT e.position")) setImmediate(() => stopping.abort());
    };
    // Each look at the time finds it late, so that the event loop turns wherever it may.
    let now = 0;
    vi.spyOn(performance, "now").mockImplementation(() => (now += 1_000));
    onTestFinished(() => {
      vi.restoreAllMocks();
    });
    const { loadDriver } = driver;
    await expect(inspectDatabase({ path: file, loadDriver, signal: stopping.signal })).rejects.toMatchObject({
      name: "AbortError",
    });
    expect(statements.at(-1)).toMatch(/^SELECT e\.position/);
    expect(driver.opened.map(({ open }) => open)).toEqual([false]);
    await expect(inspectDatabase({ path: file, signal: stopping.signal })).rejects.toMatchObject({
      name: "AbortError",
    });
  });
});
