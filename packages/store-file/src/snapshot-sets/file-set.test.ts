import fs from "node:fs";
import path from "node:path";
import type { Snapshot, SnapshotEntry, SnapshotSet } from "@mission-ledger/core";
import { describe, expect, test } from "vitest";
import { nodeFiles } from "../files/node-files.ts";
import { fileSnapshots } from "../index.ts";
import { layoutOf } from "../layout.ts";
import { dyingAt } from "../testing/dying-files.ts";
import { scratchDirectory } from "../testing/scratch.ts";

const streams = Array.from({ length: 30 }, (_, index) => `mission-m${index}`);
const snapshotOf = (state: string, revision: number): Snapshot => ({
  head: { revision, digest: `d${revision}` },
  state,
  unknownEvents: 0,
});
const entriesOf = (stream: string, state: string): readonly SnapshotEntry[] =>
  ["board", "claims"].map((name) => ({
    key: { stream, name, version: 1 },
    snapshot: snapshotOf(`${state} ${stream} ${name}`, 4),
  }));

const begun = async (
  directory: string,
  plan: string,
  state: string,
  files = nodeFiles,
): Promise<SnapshotSet> => {
  const set = await fileSnapshots({ directory, files }).beginSet?.({ plan });
  if (set === undefined) throw new TypeError("the store offers no sets");
  for (const stream of streams) await set.add(stream, entriesOf(stream, state));
  await set.flush();
  return set;
};

const folderOf = (directory: string): string => layoutOf(directory).snapshots;

/** Which set every single snapshot is of; `undefined` for one that is missing. */
const statesIn = async (directory: string): Promise<ReadonlySet<string | undefined>> => {
  const snapshots = fileSnapshots({ directory });
  const states = new Set<string | undefined>();
  for (const stream of streams)
    for (const { key } of entriesOf(stream, "")) {
      const state = (await snapshots.load(key))?.state as string | undefined;
      states.add(state?.split(" ")[0]);
    }
  return states;
};

describe("a set of snapshots in files", () => {
  test("that is killed at any call of its activation leaves the former set or itself, whole, and can be gone on with", async () => {
    const seen = new Set<string | undefined>();
    for (let last = 0; ; last += 1) {
      const directory = scratchDirectory();
      const former = await begun(directory, "former", "old");
      await former.activate();
      await former.close();
      await (await begun(directory, "plan", "new")).close();
      const dying = dyingAt(last);
      const set = await fileSnapshots({ directory, files: dying.files })
        .beginSet?.({ plan: "plan" })
        .catch(() => undefined);
      await set?.activate().catch(() => undefined);
      await set?.close();
      const states = await statesIn(directory);
      expect(states.size, `killed at call ${last}`).toBe(1);
      const [state] = states;
      seen.add(state);
      if (state === "old") {
        const again = await fileSnapshots({ directory }).beginSet?.({ plan: "plan" });
        expect((await again?.finished())?.size, `killed at call ${last}`).toBe(streams.length);
        await again?.activate();
        expect([...(await statesIn(directory))]).toEqual(["new"]);
      }
      if (!dying.died) break;
    }
    expect(seen).toEqual(new Set(["old", "new"]));
  });

  test("leaves no file of the former one, nor of its own making", async () => {
    const directory = scratchDirectory();
    await fileSnapshots({ directory }).save(
      { stream: "mission-alone", name: "board", version: 1 },
      snapshotOf("alone", 1),
    );
    await (await begun(directory, "former", "old")).activate();
    await (await begun(directory, "plan", "new")).activate();
    const names = fs.readdirSync(folderOf(directory)).map((name) => name.replace(/^[0-9a-f]{8}/, "id"));
    expect(names.sort()).toEqual(["current", "id~0.journal", "id~0.pack", "id~index"]);
  });

  test("that is damaged anywhere in its pack or its index costs snapshots and never gives a wrong one", async () => {
    const directory = scratchDirectory();
    await (await begun(directory, "plan", "new")).activate();
    const folder = folderOf(directory);
    for (const name of fs.readdirSync(folder)) {
      const file = path.join(folder, name);
      const bytes = fs.readFileSync(file);
      for (let at = 0; at < bytes.length; at += 1 + Math.floor(bytes.length / 30)) {
        const flipped = Buffer.from(bytes);
        flipped[at] = (flipped[at] as number) ^ 4;
        fs.writeFileSync(file, flipped);
        for (const state of await statesIn(directory)) expect(["new", undefined]).toContain(state);
        fs.writeFileSync(file, bytes.subarray(0, at));
        for (const state of await statesIn(directory)) expect(["new", undefined]).toContain(state);
      }
      fs.writeFileSync(file, bytes);
    }
    expect([...(await statesIn(directory))]).toEqual(["new"]);
  });

  test("goes on behind what a torn flush left", async () => {
    const directory = scratchDirectory();
    await (await begun(directory, "plan", "new")).close();
    const folder = folderOf(directory);
    const journal = fs.readdirSync(folder).find((name) => name.endsWith(".journal")) as string;
    const bytes = fs.readFileSync(path.join(folder, journal));
    fs.writeFileSync(path.join(folder, journal), bytes.subarray(0, bytes.length - 30));
    const set = (await fileSnapshots({ directory }).beginSet?.({ plan: "plan" })) as SnapshotSet;
    expect((await set.finished()).size).toBe(streams.length - 1);
    await set.add("mission-m29", entriesOf("mission-m29", "new"));
    await set.activate();
    expect([...(await statesIn(directory))]).toEqual(["new"]);
  });

  test("reads little of a large set for one snapshot", async () => {
    const directory = scratchDirectory();
    const set = (await fileSnapshots({ directory }).beginSet?.({ plan: "plan" })) as SnapshotSet;
    for (let index = 0; index < 5_000; index += 1)
      await set.add(`mission-n${index}`, entriesOf(`mission-n${index}`, "new"));
    await set.activate();
    let bytes = 0;
    let reads = 0;
    const files = {
      ...nodeFiles,
      read: (...given: Parameters<typeof nodeFiles.read>) => {
        const got = nodeFiles.read(...given);
        bytes += got;
        reads += 1;
        return got;
      },
    };
    const found = await fileSnapshots({ directory, files }).load({
      stream: "mission-n4321",
      name: "claims",
      version: 1,
    });
    expect(found?.state).toBe("new mission-n4321 claims");
    expect(bytes).toBeLessThan(16_384);
    expect(reads).toBeLessThan(16);
  });

  test("of one part has one writer at a time", async () => {
    const directory = scratchDirectory();
    const set = await begun(directory, "plan", "new");
    await expect(fileSnapshots({ directory }).beginSet?.({ plan: "plan" })).rejects.toMatchObject({
      code: "LOCK_TIMEOUT",
    });
    await set.close();
  });

  test("in whose place another was begun is not activated", async () => {
    const directory = scratchDirectory();
    const set = await begun(directory, "plan", "new");
    await begun(directory, "another plan", "newer");
    await expect(set.activate()).rejects.toMatchObject({ code: "LOCK_TIMEOUT" });
    await set.close();
    expect([...(await statesIn(directory))]).toEqual([undefined]);
  });

  test("that the disk does not take is a fault", async () => {
    const directory = scratchDirectory();
    const files = {
      ...nodeFiles,
      fdatasync: () => {
        throw Object.assign(new Error("ENOSPC: no space left"), { code: "ENOSPC" });
      },
    };
    await expect(begun(directory, "plan", "new", files)).rejects.toMatchObject({ code: "STORAGE_FULL" });
  });
});
