import fs from "node:fs";
import path from "node:path";
import { emptyHead, type Failpoint } from "@mission-ledger/core";
import { allEvents, put, putMany, noteStream as stream, tryPut } from "@mission-ledger/testkit";
import { afterEach, describe, expect, test, vi } from "vitest";
import { openSqliteStore } from "../index.ts";
import { scratchDirectory } from "../testing/scratch.ts";
import { changeEvent } from "../testing/tamper.ts";

/** A closed database of another ledger, as long as ten commits make it. */
const anotherLedger = async (): Promise<string> => {
  const file = path.join(scratchDirectory(), "other.db");
  const store = await openSqliteStore({ path: file });
  await putMany(store, 10);
  await store.close();
  return file;
};

const replacements: readonly (readonly [string, (file: string) => Promise<void>])[] = [
  ["unlinked", async (file) => fs.rmSync(file)],
  ["renamed", async (file) => fs.renameSync(file, `${file}.away`)],
  ["exchanged for another ledger's", async (file) => fs.renameSync(await anotherLedger(), file)],
  [
    "exchanged for a link",
    async (file) => {
      fs.renameSync(file, `${file}.away`);
      fs.symlinkSync(`${file}.away`, file);
    },
  ],
  [
    "left without its directory",
    async (file) => fs.renameSync(path.dirname(file), `${path.dirname(file)}.away`),
  ],
  ["left without its -wal", async (file) => fs.rmSync(`${file}-wal`)],
  ["left without its -shm", async (file) => fs.rmSync(`${file}-shm`)],
  [
    "given another -wal",
    async (file) => {
      fs.rmSync(`${file}-wal`);
      fs.writeFileSync(`${file}-wal`, "");
    },
  ],
];

afterEach(() => {
  vi.useRealTimers();
});

/** As if the directory had changed long ago, so that its times are believed. */
const asIfSettled = (): void => {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 60_000 });
};

describe("a database that is replaced between commit and readback", () => {
  test.each([
    ...replacements.map(([how, replace]) => [how, replace, () => {}] as const),
    ...replacements.map(([how, replace]) => [`${how} in a settled directory`, replace, asIfSettled] as const),
  ])("is noticed when it is %s", async (_, replace, settle) => {
    settle();
    const file = path.join(scratchDirectory(), "in", "ledger.db");
    fs.mkdirSync(path.dirname(file));
    const store = await openSqliteStore({ path: file });
    const { head } = await put(store, emptyHead, "c0");
    const appended = await tryPut(store, head, "c1");
    if (appended._tag === "Conflict") throw new Error("a conflict");
    await replace(file);
    await expect(store.readBack(appended)).rejects.toMatchObject({
      code: "LOG_REPLACED",
      outcome: "unknown",
      retryable: true,
      details: { stream, commandId: "c1" },
    });
    await store.close();
  });

  test("is noticed when another ledger's content is laid over it", async () => {
    const file = path.join(scratchDirectory(), "ledger.db");
    const first = await openSqliteStore({ path: file });
    const { head } = await put(first, emptyHead, "c0");
    await first.close();
    const other = await anotherLedger();
    const store = await openSqliteStore({ path: file });
    const before = await put(store, head, "c1");
    const appended = await tryPut(store, before.head, "c2");
    if (appended._tag === "Conflict") throw new Error("a conflict");
    fs.copyFileSync(other, file);
    await expect(store.readBack(appended)).rejects.toMatchObject({ outcome: "unknown" });
    await store.close();
  });

  test("is noticed when it is cut short", async () => {
    const file = path.join(scratchDirectory(), "ledger.db");
    const first = await openSqliteStore({ path: file });
    const { head } = await put(first, emptyHead, "c0");
    await first.close();
    const store = await openSqliteStore({ path: file });
    const before = await put(store, head, "c1");
    const appended = await tryPut(store, before.head, "c2");
    if (appended._tag === "Conflict") throw new Error("a conflict");
    fs.truncateSync(file, 4_096);
    await expect(store.readBack(appended)).rejects.toMatchObject({ outcome: "unknown" });
    await store.close();
  });

  test("is noticed although the names are right again", async () => {
    const file = path.join(scratchDirectory(), "ledger.db");
    const store = await openSqliteStore({ path: file });
    const { head } = await put(store, emptyHead, "c0");
    const appended = await tryPut(store, head, "c1");
    if (appended._tag === "Conflict") throw new Error("a conflict");
    await store.close();
    fs.renameSync(file, `${file}.away`);
    fs.copyFileSync(`${file}.away`, file);
    const again = await openSqliteStore({ path: file });
    await expect(again.readBack(appended)).rejects.toMatchObject({
      code: "LOG_REPLACED",
      outcome: "unknown",
    });
    await again.close();
  });
});

describe("a store whose database was replaced", () => {
  test("writes to the one that stands there, although the directory had settled", async () => {
    asIfSettled();
    const file = path.join(scratchDirectory(), "ledger.db");
    const store = await openSqliteStore({ path: file });
    await putMany(store, 3);
    for (const part of ["", "-wal", "-shm"]) fs.renameSync(file + part, `${file}.away${part}`);
    await put(store, emptyHead, "c0");
    expect(await allEvents(store.readAll())).toHaveLength(1);
    await store.close();
  });

  test("goes on with the one that stands there, on which nothing it remembers is built", async () => {
    const file = path.join(scratchDirectory(), "ledger.db");
    const store = await openSqliteStore({ path: file });
    const head = await putMany(store, 3);
    fs.renameSync(file, `${file}.away`);
    for (const part of ["-wal", "-shm"]) fs.renameSync(file + part, `${file}.away${part}`);
    expect(await allEvents(store.readAll())).toEqual([]);
    await expect(allEvents(store.read(stream, { after: head }))).rejects.toMatchObject({
      code: "LOG_REPLACED",
    });
    await expect(store.confirm(stream, head)).rejects.toMatchObject({
      code: "LOG_REPLACED",
      outcome: "not_written",
    });
    expect((await tryPut(store, head, "c3"))._tag).toBe("Conflict");
    await put(store, emptyHead, "c0");
    expect(await allEvents(store.readAll())).toHaveLength(1);
    await store.close();
  });

  test("finds the command again once its own database is back", async () => {
    const file = path.join(scratchDirectory(), "ledger.db");
    const store = await openSqliteStore({ path: file });
    const { head } = await put(store, emptyHead, "c0");
    const appended = await tryPut(store, head, "c1");
    if (appended._tag === "Conflict") throw new Error("a conflict");
    for (const part of ["", "-wal", "-shm"]) fs.renameSync(file + part, `${file}.away${part}`);
    await expect(store.readBack(appended)).rejects.toMatchObject({ code: "LOG_REPLACED" });
    for (const part of ["", "-wal", "-shm"])
      if (fs.existsSync(`${file}.away${part}`)) fs.renameSync(`${file}.away${part}`, file + part);
    const repeat = await put(store, head, "c1");
    expect(await allEvents(store.read(stream))).toHaveLength(2);
    expect(repeat.head).toEqual(appended.head);
    await store.close();
  });
});

describe("content that changes between commit and readback", () => {
  test.each([
    ["with its checksum", false],
    ["without its checksum", true],
  ])("is noticed when an event is changed %s", async (_, keepChecksum) => {
    const file = path.join(scratchDirectory(), "ledger.db");
    const store = await openSqliteStore({ path: file });
    const appended = await tryPut(store, emptyHead, "c0", { events: 3 });
    if (appended._tag === "Conflict") throw new Error("a conflict");
    changeEvent(file, stream, 1, () => ({ note: "changed" }), { keepChecksum });
    await expect(store.readBack(appended)).rejects.toMatchObject({
      code: "READBACK_FAILED",
      outcome: "unknown",
      details: { stream, commandId: "c0" },
    });
    await store.close();
  });

  test("is compared over the second connection, which knows nothing of what was written", async () => {
    const file = path.join(scratchDirectory(), "ledger.db");
    let change = (): void => {};
    const failpoint: Failpoint = (name) => {
      if (name === "append:read-back") change();
    };
    const store = await openSqliteStore({ path: file, failpoint });
    const { head } = await put(store, emptyHead, "c0");
    const appended = await tryPut(store, head, "c1");
    if (appended._tag === "Conflict") throw new Error("a conflict");
    change = () => changeEvent(file, stream, 1, () => ({ note: "changed" }));
    await expect(store.readBack(appended)).rejects.toMatchObject({ code: "READBACK_FAILED" });
    await store.close();
  });
});
