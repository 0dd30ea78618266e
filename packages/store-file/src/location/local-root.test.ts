import fs from "node:fs";
import path from "node:path";
import { emptyHead } from "@mission-ledger/core";
import { put } from "@mission-ledger/testkit";
import { describe, expect, test } from "vitest";
import type { FilePort } from "../files/file-port.ts";
import { nodeFiles } from "../files/node-files.ts";
import { openFileStore } from "../index.ts";
import { errnoError } from "../testing/faulty-files.ts";
import { scratchDirectory } from "../testing/scratch.ts";
import { checkFileSystem } from "./local-root.ts";

const on = (type: number): FilePort => ({ ...nodeFiles, fileSystemType: () => type });

const shared: readonly (readonly [string, number])[] = [
  ["NFS", 0x6969],
  ["SMB (cifs)", 0xff534d42],
  ["SMB 2", 0xfe534d42],
  ["9p (a Windows drive in WSL)", 0x01021997],
  ["FUSE", 0x65735546],
];

describe("a file system that other machines share", () => {
  test.each(shared)("such as %s is refused before anything is made, unless allowed", async (name, type) => {
    const directory = path.join(scratchDirectory(), "ledger");
    // As statfs answers it on some systems: the same 32 bits, signed.
    for (const said of [type, type | 0])
      await expect(openFileStore({ directory, files: on(said) })).rejects.toMatchObject({
        code: "STORE_UNAVAILABLE",
        outcome: "not_written",
        retryable: false,
        details: { fileSystem: name },
      });
    expect(fs.existsSync(directory)).toBe(false);
    const store = await openFileStore({ directory, files: on(type), allowUnsafeFileSystem: true });
    await put(store, emptyHead, "first");
    await store.close();
  });

  test("is found above folders that are not there yet", async () => {
    const root = scratchDirectory();
    const directory = path.join(root, "a", "b", "c");
    const asked: string[] = [];
    const files: FilePort = {
      ...nodeFiles,
      fileSystemType: (name) => {
        asked.push(name);
        if (name !== root) throw errnoError("ENOENT");
        return 0x6969;
      },
    };
    await expect(openFileStore({ directory, files })).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      details: { path: directory, fileSystem: "NFS" },
    });
    expect(asked).toEqual([directory, path.dirname(directory), path.join(root, "a"), root]);
  });
});

describe("a file system of this machine", () => {
  test.each([
    ["ext4", 0xef53],
    ["tmpfs", 0x01021994],
    ["overlayfs", 0x794c7630],
    ["xfs", 0x58465342],
    ["btrfs", 0x9123683e],
    ["zfs", 0x2fc12fc1],
  ])("such as %s is used", (_name, type) => {
    for (const said of [type, type | 0]) checkFileSystem(on(said), "/");
  });
});

test("a file system that does not say what it is makes the open fail with a fault", async () => {
  const files: FilePort = {
    ...nodeFiles,
    fileSystemType: () => {
      throw errnoError("EIO");
    },
  };
  await expect(openFileStore({ directory: scratchDirectory(), files })).rejects.toMatchObject({
    code: "STORAGE_ERROR",
    outcome: "not_written",
  });
});

describe("a ledger's directory", () => {
  test("that somebody makes between two looks is there", async () => {
    const directory = path.join(scratchDirectory(), "ledger");
    let looks = 0;
    const files: FilePort = {
      ...nodeFiles,
      realpath: (name) => {
        looks += 1;
        if (looks > 1) return nodeFiles.realpath(name);
        fs.mkdirSync(directory);
        throw errnoError("ENOENT");
      },
    };
    const store = await openFileStore({ directory, files });
    await put(store, emptyHead, "first");
    await store.close();
  });

  test("that is a link which leads nowhere is refused", async () => {
    const directory = path.join(scratchDirectory(), "ledger");
    fs.symlinkSync(`${directory}.gone`, directory);
    await expect(openFileStore({ directory })).rejects.toMatchObject({ code: "STORE_MISSING" });
  });
});
