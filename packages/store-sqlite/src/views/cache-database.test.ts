import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { SqlDatabase, SqlDriver } from "../driver/driver.ts";
import { sqliteSnapshots, sqliteViews } from "../index.ts";
import { scratchDirectory } from "../testing/scratch.ts";

const Driver = createRequire(import.meta.url)("better-sqlite3") as SqlDriver;

const key = { stream: "mission-m1", name: "mission", version: 2 };
const snapshot = { head: { revision: 3, digest: "ab" }, state: { lane: "done" }, unknownEvents: 0 };
const projected = { view: { lane: "done" }, position: "3", events: 4, last: null };

const open = () => {
  const ledger = path.join(scratchDirectory(), "ledger.db");
  const [snapshots, views] = [sqliteSnapshots({ path: ledger }), sqliteViews({ path: ledger })];
  onTestFinished(() => {
    snapshots.close();
    views.close();
  });
  return { ledger, file: `${ledger}-cache`, snapshots, views };
};

/** The cache as another program sees it. */
const raw = (file: string): SqlDatabase => {
  const db = new Driver(file, { fileMustExist: true, timeout: 0 });
  onTestFinished(() => {
    db.close();
  });
  return db;
};

const countOf = (db: SqlDatabase, table: string): number =>
  (db.prepare(`SELECT count(*) FROM ${table}`).raw().get() as [number])[0];

describe("the cache beside a database", () => {
  test("is made by the first save, readable by its owner alone, and makes no ledger", async () => {
    const { ledger, file, snapshots, views } = open();
    expect(await snapshots.load(key)).toBeUndefined();
    expect(await views.load("board", 1)).toBeUndefined();
    await views.drop?.("board", 1);
    expect(fs.existsSync(file)).toBe(false);
    await snapshots.save(key, snapshot);
    expect(fs.statSync(file).mode & 0o777).toBe(0o600);
    expect(fs.existsSync(ledger)).toBe(false);
  });

  test("may be deleted under an open handle at any time", async () => {
    const { file, snapshots, views } = open();
    await snapshots.save(key, snapshot);
    await views.save("board", 1, projected);
    for (const name of [file, `${file}-wal`, `${file}-shm`]) fs.rmSync(name, { force: true });
    expect(await snapshots.load(key)).toBeUndefined();
    expect(await views.load("board", 1)).toBeUndefined();
    await snapshots.save(key, snapshot);
    expect(await snapshots.load(key)).toEqual(snapshot);
  });

  test("costs what was in it and nothing else, wherever it is damaged or cut", async () => {
    const { file, snapshots, views } = open();
    const fill = async () => {
      for (let index = 0; index < 40; index += 1)
        await snapshots.save({ ...key, stream: `mission-${index}` }, { ...snapshot, state: "x".repeat(900) });
      await views.save("board", 1, projected);
    };
    await fill();
    snapshots.close();
    views.close();
    const sound = fs.readFileSync(file);
    const pages = sound.length / 4_096;
    const disturbed = [
      ...Array.from({ length: pages }, (_, page) => {
        const bytes = Buffer.from(sound);
        bytes.fill(0xa5, page * 4_096 + (page % 7) * 500, page * 4_096 + (page % 7) * 500 + 90);
        return bytes;
      }),
      sound.subarray(0, 100),
      sound.subarray(0, Math.floor(pages / 2) * 4_096),
      Buffer.from("no database at all, but long enough to be taken for one".repeat(20)),
    ];
    for (const [index, bytes] of disturbed.entries()) {
      for (const name of [`${file}-wal`, `${file}-shm`]) fs.rmSync(name, { force: true });
      fs.writeFileSync(file, bytes);
      for (let stream = 0; stream < 40; stream += 1) {
        const loaded = await snapshots.load({ ...key, stream: `mission-${stream}` });
        if (loaded !== undefined) expect(loaded.state, `case ${index}`).toBe("x".repeat(900));
      }
      const view = await views.load("board", 1);
      if (view !== undefined) expect(view, `case ${index}`).toEqual(projected);
      await fill();
      await views.save("board", 1, projected);
      expect(await views.load("board", 1), `case ${index}, saved again`).toEqual(projected);
      snapshots.close();
      views.close();
    }
  });

  test("gives no row for another one, when its index leads astray", async () => {
    const { file, snapshots } = open();
    const names = Array.from({ length: 20 }, (_, index) => `mission-a${String(index).padStart(2, "0")}`);
    for (const stream of names) await snapshots.save({ ...key, stream }, snapshot);
    snapshots.close();
    const bytes = fs.readFileSync(file);
    // An entry of the index ends in the row's number, which is let point to the row before.
    const entry = Buffer.from("mission-a15mission\u0002\u0010", "latin1");
    const at = bytes.indexOf(entry);
    expect(at).toBeGreaterThan(0);
    bytes[at + entry.length - 1] = 15;
    fs.writeFileSync(file, bytes);
    const db = raw(file);
    const found =
      "SELECT stream FROM cache_snapshots WHERE set_id = 1 AND stream = ? AND name = 'mission' AND version = 2";
    expect(db.prepare(found.replace("stream FROM", "id, revision FROM")).raw().all("mission-a15")).toEqual([
      [15, 3],
    ]);
    expect(await snapshots.load({ ...key, stream: "mission-a14" })).toEqual(snapshot);
    expect(await snapshots.load({ ...key, stream: "mission-a15" })).toBeUndefined();
  });

  test("that lost its live set is made anew by the next save", async () => {
    const { file, snapshots } = open();
    await snapshots.save(key, snapshot);
    const db = raw(file);
    db.exec("DELETE FROM cache_sets");
    db.close();
    expect(await snapshots.load(key)).toBeUndefined();
    await snapshots.save(key, snapshot);
    expect(await snapshots.load(key)).toEqual(snapshot);
  });

  test("of a newer version, or of somebody else, is left alone", async () => {
    for (const sql of ["PRAGMA user_version = 2", "PRAGMA application_id = 7"]) {
      const { file, snapshots, views } = open();
      await views.save("board", 1, projected);
      await snapshots.save(key, snapshot);
      snapshots.close();
      views.close();
      const db = raw(file);
      db.exec(sql);
      expect(await snapshots.load(key)).toBeUndefined();
      expect(await views.load("board", 1)).toBeUndefined();
      await snapshots.save(key, { ...snapshot, unknownEvents: 9 });
      await expect(views.save("board", 1, projected)).rejects.toMatchObject({ code: "UNSUPPORTED_FORMAT" });
      await expect(snapshots.beginSet({ plan: "a" })).rejects.toMatchObject({ code: "UNSUPPORTED_FORMAT" });
      expect(db.prepare("SELECT unknown_events FROM cache_snapshots").raw().all()).toEqual([[0]]);
    }
  });

  test("is not followed through a link", async () => {
    const { file, snapshots } = open();
    const other = open();
    await other.snapshots.save(key, snapshot);
    other.snapshots.close();
    fs.symlinkSync(other.file, file);
    expect(await snapshots.load(key)).toBeUndefined();
    await snapshots.save(key, { ...snapshot, unknownEvents: 9 });
    expect(await other.snapshots.load(key)).toEqual(snapshot);
  });

  test("gives a save up while another writer has it, and is read all the same", async () => {
    const { file, snapshots, views } = open();
    await snapshots.save(key, snapshot);
    const db = raw(file);
    db.exec("BEGIN IMMEDIATE");
    await snapshots.save(key, { ...snapshot, unknownEvents: 9 });
    expect(await snapshots.load(key)).toEqual(snapshot);
    const impatient = sqliteViews({ path: file.replace(/-cache$/, ""), lockTimeoutMs: 5 });
    await expect(impatient.save("board", 1, projected)).rejects.toMatchObject({ code: "LOCK_TIMEOUT" });
    db.exec("ROLLBACK");
    impatient.close();
    await views.save("board", 1, projected);
    await snapshots.save(key, { ...snapshot, unknownEvents: 9 });
    expect((await snapshots.load(key))?.unknownEvents).toBe(9);
  });
});

describe("a set of snapshots beside a database", () => {
  const entries = (stream: string) => [{ key: { ...key, stream }, snapshot }];

  test("leaves no row of a former one behind", async () => {
    const { file, snapshots } = open();
    for (const plan of ["a", "b", "c"]) {
      const set = await snapshots.beginSet({ plan });
      for (let index = 0; index < 700; index += 1)
        await set.add(`mission-${index}`, entries(`mission-${index}`));
      if (plan === "b") await set.discard();
      else await set.activate();
      await set.close();
    }
    const db = raw(file);
    expect(countOf(db, "cache_snapshots")).toBe(700);
    expect(countOf(db, "cache_sets")).toBe(1);
  });

  test("that another rebuild dropped says so, and activates nothing", async () => {
    const { snapshots } = open();
    await snapshots.save(key, snapshot);
    const first = await snapshots.beginSet({ plan: "a" });
    await first.add("mission-m2", entries("mission-m2"));
    const second = await snapshots.beginSet({ plan: "b" });
    for (const act of [() => first.flush(), () => first.activate()])
      await expect(act()).rejects.toMatchObject({ code: "STORE_UNAVAILABLE", outcome: "not_written" });
    await first.discard();
    await second.add("mission-m3", entries("mission-m3"));
    await second.activate();
    expect(await snapshots.load({ ...key, stream: "mission-m3" })).toEqual(snapshot);
    await first.close();
    await second.close();
  });

  test("that lost its cache on the way says so", async () => {
    const { file, snapshots } = open();
    const set = await snapshots.beginSet({ plan: "a" });
    await set.add("mission-m1", entries("mission-m1"));
    await set.flush();
    for (const name of [file, `${file}-wal`, `${file}-shm`]) fs.rmSync(name, { force: true });
    await set.add("mission-m2", entries("mission-m2"));
    await expect(set.activate()).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    await set.close();
  });

  test("keeps out nobody who saves in between", async () => {
    const { snapshots, ledger } = open();
    const other = sqliteSnapshots({ path: ledger });
    onTestFinished(() => other.close());
    const set = await snapshots.beginSet({ plan: "a" });
    for (let index = 0; index < 300; index += 1) {
      await set.add(`mission-${index}`, [
        { key: { ...key, stream: `mission-${index}` }, snapshot: { ...snapshot, state: "x".repeat(9_000) } },
      ]);
      await other.save(key, { ...snapshot, unknownEvents: index });
      expect((await other.load(key))?.unknownEvents).toBe(index);
    }
    await set.close();
  });
});
