import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { emptyHead } from "@mission-ledger/core";
import { allEvents, put, tryPut } from "@mission-ledger/testkit";
import { describe, expect, test } from "vitest";
import { openSqliteStore } from "../index.ts";
import { scratchDirectory } from "../testing/scratch.ts";

const withDatabase = async (): Promise<string> => {
  const file = path.join(scratchDirectory(), "ledger.db");
  const store = await openSqliteStore({ path: file });
  await put(store, emptyHead, "c0");
  await store.close();
  return file;
};

const plants: readonly (readonly [string, (at: string) => Promise<void>])[] = [
  ["a symbolic link to a ledger", async (at) => fs.symlinkSync(await withDatabase(), at)],
  ["a symbolic link that leads nowhere", async (at) => fs.symlinkSync(`${at}.gone`, at)],
  [
    "a file with a second name",
    async (at) => {
      const file = await withDatabase();
      fs.linkSync(file, `${file}.second`);
      fs.renameSync(file, at);
    },
  ],
  ["a directory", async (at) => fs.mkdirSync(at)],
  ["a FIFO", async (at) => void execFileSync("mkfifo", [at])],
];

describe("what stands where the database should be", () => {
  test.each(plants)("is refused if it is %s", async (_, plant) => {
    const file = path.join(scratchDirectory(), "ledger.db");
    await plant(file);
    const store = await openSqliteStore({ path: file });
    for (const refused of [tryPut(store, emptyHead, "c0"), allEvents(store.readAll())])
      await expect(refused).rejects.toMatchObject({ code: "UNSAFE_FILE", outcome: "not_written" });
    await store.close();
    expect(fs.existsSync(`${file}.gone`)).toBe(false);
  });
});

describe("the directory", () => {
  test("may be reached over a link, which is followed once", async () => {
    const directory = scratchDirectory();
    const link = path.join(scratchDirectory(), "link");
    fs.symlinkSync(directory, link);
    const store = await openSqliteStore({ path: path.join(link, "ledger.db") });
    const { head } = await put(store, emptyHead, "c0");
    fs.rmSync(link);
    fs.symlinkSync(scratchDirectory(), link);
    await put(store, head, "c1");
    await store.close();
    expect(fs.existsSync(path.join(directory, "ledger.db"))).toBe(true);
  });

  test("is refused if it is a link that leads nowhere", async () => {
    const link = path.join(scratchDirectory(), "link");
    fs.symlinkSync(`${link}.gone`, link);
    await expect(openSqliteStore({ path: path.join(link, "ledger.db") })).rejects.toMatchObject({
      code: "STORE_MISSING",
    });
  });

  test.each([
    [0x6969, "NFS"],
    [0xff534d42 | 0, "SMB (cifs)"],
    [0xfe534d42, "SMB 2"],
    [0x01021997, "9p (a Windows drive in WSL)"],
    [0x65735546, "FUSE"],
  ])("is refused on file system %i (%s), unless that is wanted", async (type, fileSystem) => {
    const file = path.join(scratchDirectory(), "deeper", "ledger.db");
    const asked: string[] = [];
    const fileSystemType = (directory: string): number => {
      asked.push(directory);
      return type;
    };
    await expect(openSqliteStore({ path: file, fileSystemType })).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      outcome: "not_written",
      details: { fileSystem },
    });
    // The directory that is there is asked, since the other is not yet.
    expect(asked).toEqual([path.dirname(path.dirname(file))]);
    await (await openSqliteStore({ path: file, fileSystemType, allowUnsafeFileSystem: true })).close();
  });

  test("and the name must be what the driver would open", async () => {
    const directory = scratchDirectory();
    for (const name of ["ledger.db ", "led\0ger.db"])
      await expect(openSqliteStore({ path: path.join(directory, name) })).rejects.toThrow(TypeError);
  });
});
