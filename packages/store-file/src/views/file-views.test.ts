import fs from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { nodeFiles } from "../files/node-files.ts";
import { fileViews, findLeftovers } from "../index.ts";
import { layoutOf } from "../layout.ts";
import { sealLine } from "../log/sealed-line.ts";
import { errnoError } from "../testing/faulty-files.ts";
import { scratchDirectory } from "../testing/scratch.ts";

const projected = {
  view: { WP02: 1, WP01: { lane: "done", text: "é" } },
  position: "0000000000000003:mission-m1:000",
  events: 4,
  last: { stream: "mission-m1", revision: 3, digest: "ab" },
  category: "mission",
};

const folderOf = (directory: string): string => layoutOf(directory).views;
const fileOf = (directory: string): string => {
  const [name] = fs.readdirSync(folderOf(directory));
  return path.join(folderOf(directory), name as string);
};

describe("a view in a file", () => {
  test("comes back with the order of its members", async () => {
    const views = fileViews({ directory: scratchDirectory() });
    await views.save("board", 2, projected);
    const loaded = await views.load("board", 2);
    expect(loaded).toEqual(projected);
    expect(JSON.stringify(loaded?.view)).toBe(JSON.stringify(projected.view));
  });

  test("that is cut or damaged anywhere counts as missing", async () => {
    const directory = scratchDirectory();
    const views = fileViews({ directory });
    await views.save("board", 2, projected);
    const file = fileOf(directory);
    const bytes = fs.readFileSync(file);
    for (let at = 0; at < bytes.length; at += 1) {
      const flipped = Buffer.from(bytes);
      flipped[at] = (flipped[at] as number) ^ 4;
      fs.writeFileSync(file, flipped);
      expect(await views.load("board", 2), `byte ${at}`).toBeUndefined();
      fs.writeFileSync(file, bytes.subarray(0, at));
      expect(await views.load("board", 2), `cut at ${at}`).toBeUndefined();
    }
  });

  test("of another name or version, of a newer format or without its parts counts as missing", async () => {
    const directory = scratchDirectory();
    const views = fileViews({ directory });
    await views.save("board", 2, projected);
    const file = fileOf(directory);
    const sound = { v: 1, name: "board", version: 2, ...projected };
    const put = (value: object) => fs.writeFileSync(file, sealLine(JSON.stringify(value)));
    put(sound);
    expect(await views.load("board", 2)).toEqual(projected);
    for (const wrong of [
      { v: 2 },
      { name: "ready" },
      { version: 1 },
      { events: "4" },
      { position: 3 },
      { category: 1 },
      { last: "mission-m1" },
      { last: { stream: "mission-m1", revision: 3 } },
      { view: undefined },
    ]) {
      put({ ...sound, ...wrong });
      expect(await views.load("board", 2), JSON.stringify(wrong)).toBeUndefined();
    }
  });

  test("is flushed before it takes the former one's place, and the folder after", async () => {
    const calls: string[] = [];
    const directory = scratchDirectory();
    const files = {
      ...nodeFiles,
      fdatasync: (fd: number) => {
        calls.push("flush the file");
        nodeFiles.fdatasync(fd);
      },
      rename: (from: string, to: string) => {
        calls.push("rename");
        nodeFiles.rename(from, to);
      },
      fsync: (fd: number) => {
        calls.push("flush the folder");
        nodeFiles.fsync(fd);
      },
    };
    await fileViews({ directory, files }).save("board", 2, projected);
    expect(calls).toEqual(["flush the file", "rename", "flush the folder"]);
  });

  test.each([
    ["write", "ENOSPC", "STORAGE_FULL", "not_written"],
    ["fdatasync", "EIO", "STORAGE_ERROR", "not_written"],
    ["rename", "EACCES", "PERMISSION_DENIED", "not_written"],
    ["fsync", "EIO", "DURABILITY_UNKNOWN", "unknown"],
  ] as const)(
    "whose %s fails is a fault, and leaves a whole view and no draft",
    async (call, errno, code, outcome) => {
      const directory = scratchDirectory();
      await fileViews({ directory }).save("board", 2, projected);
      const failing = () => {
        throw errnoError(errno);
      };
      const views = fileViews({ directory, files: { ...nodeFiles, [call]: failing } });
      const next = { ...projected, events: 5 };
      await expect(views.save("board", 2, next)).rejects.toMatchObject({ code, outcome });
      expect(await fileViews({ directory }).load("board", 2)).toEqual(call === "fsync" ? next : projected);
      expect(findLeftovers({ directory }).temporary).toEqual([]);
    },
  );

  test("that is too large is refused, and the former one stays", async () => {
    const directory = scratchDirectory();
    await fileViews({ directory }).save("board", 2, projected);
    const small = fileViews({ directory, maxBytes: 300 });
    const large = { ...projected, view: "x".repeat(300) };
    await expect(small.save("board", 2, large)).rejects.toMatchObject({ code: "LIMIT_EXCEEDED" });
    expect(await fileViews({ directory }).load("board", 2)).toEqual(projected);
  });

  test("that nobody finished is listed by doctor, and read by nobody", async () => {
    const directory = scratchDirectory();
    await fileViews({ directory }).save("board", 2, projected);
    const draft = path.join(folderOf(directory), ".d2.tmp");
    fs.writeFileSync(draft, "half");
    expect(findLeftovers({ directory }).temporary).toEqual([draft]);
  });

  test("is not read through a link", async () => {
    const directory = scratchDirectory();
    const views = fileViews({ directory });
    await views.save("board", 2, projected);
    const file = fileOf(directory);
    fs.renameSync(file, `${file}.moved`);
    fs.symlinkSync(`${file}.moved`, file);
    expect(await views.load("board", 2)).toBeUndefined();
  });
});
