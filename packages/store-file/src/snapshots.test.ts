import fs from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { nodeFiles } from "./files/node-files.ts";
import { fileSnapshots } from "./index.ts";
import { layoutOf } from "./layout.ts";
import { errnoError } from "./testing/faulty-files.ts";
import { scratchDirectory } from "./testing/scratch.ts";

const key = { stream: "mission-m1", name: "mission", version: 2 };
const snapshot = {
  head: { revision: 3, digest: "ab", mark: "1:2:3:00000000" },
  state: { lanes: { WP01: "done" }, text: "é" },
  unknownEvents: 2,
};

describe("a snapshot", () => {
  test("comes back, and only under its own key", async () => {
    const snapshots = fileSnapshots({ directory: scratchDirectory() });
    await snapshots.save(key, snapshot);
    expect(await snapshots.load(key)).toEqual(snapshot);
    for (const other of [
      { ...key, stream: "mission-m2" },
      { ...key, name: "board" },
      { ...key, version: 3 },
    ])
      expect(await snapshots.load(other)).toBeUndefined();
  });

  test("keeps the order of members, for lists are made from them", async () => {
    const snapshots = fileSnapshots({ directory: scratchDirectory() });
    const state = { packages: { WP02: 1, b: { z: 1, a: 2 }, WP01: 2, a: 3 } };
    await snapshots.save(key, { ...snapshot, state });
    expect(JSON.stringify((await snapshots.load(key))?.state)).toBe(JSON.stringify(state));
  });

  test("that is damaged anywhere counts as missing", async () => {
    const directory = scratchDirectory();
    const snapshots = fileSnapshots({ directory });
    await snapshots.save(key, snapshot);
    const folder = layoutOf(directory).snapshots;
    const file = path.join(folder, fs.readdirSync(folder)[0] as string);
    const bytes = fs.readFileSync(file);
    for (let at = 0; at < bytes.length; at += 1) {
      const flipped = Buffer.from(bytes);
      flipped[at] = (flipped[at] as number) ^ 4;
      fs.writeFileSync(file, flipped);
      expect(await snapshots.load(key), `byte ${at}`).toBeUndefined();
      fs.writeFileSync(file, bytes.subarray(0, at));
      expect(await snapshots.load(key), `cut at ${at}`).toBeUndefined();
    }
    expect(fs.readdirSync(folder)).toHaveLength(1);
  });

  test("of another key under this key's name counts as missing", async () => {
    const directory = scratchDirectory();
    const snapshots = fileSnapshots({ directory });
    await snapshots.save({ ...key, version: 1 }, snapshot);
    const folder = layoutOf(directory).snapshots;
    fs.renameSync(
      path.join(folder, "mission-m1.mission.1.json"),
      path.join(folder, "mission-m1.mission.2.json"),
    );
    expect(await snapshots.load(key)).toBeUndefined();
  });

  test("that cannot be written is no error, and leaves nothing behind", async () => {
    const directory = scratchDirectory();
    const files = {
      ...nodeFiles,
      write: () => {
        throw errnoError("ENOSPC");
      },
    };
    const snapshots = fileSnapshots({ directory, files });
    await snapshots.save(key, snapshot);
    expect(await snapshots.load(key)).toBeUndefined();
    expect(fs.readdirSync(layoutOf(directory).snapshots)).toEqual([]);
    await fileSnapshots({ directory: "/proc/nowhere" }).save(key, snapshot);
  });
});
