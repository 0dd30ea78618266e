/** Something that is no log under the name of one hurts the stream of that name and no other. */
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { emptyHead } from "@mission-ledger/core";
import { allEvents, put, noteStream as stream } from "@mission-ledger/testkit";
import { describe, expect, test } from "vitest";
import { nodeFiles } from "../files/node-files.ts";
import { openFileStore } from "../index.ts";
import { layoutOf } from "../layout.ts";
import { errnoError } from "../testing/faulty-files.ts";
import { scratchDirectory } from "../testing/scratch.ts";

const bad = "mission-bad";

const plant = (log: string, kind: string): void => {
  if (kind === "directory") fs.mkdirSync(log);
  if (kind === "fifo") execFileSync("mkfifo", [log]);
  if (kind === "link") fs.symlinkSync("/dev/zero", log);
  if (kind === "dangling link") fs.symlinkSync("/nowhere", log);
};

describe.each(["directory", "fifo", "link", "dangling link"])("a %s under the name of a log", (kind) => {
  test("stops neither the writers nor the readers of other streams", async () => {
    const directory = scratchDirectory();
    const layout = layoutOf(directory);
    const store = await openFileStore({ directory });
    await put(store, emptyHead, "first");
    plant(layout.of(bad).log, kind);
    // As after a power cut: the counter is not believed, and the logs are asked.
    fs.writeFileSync(layout.order, "?");
    await put(store, await store.head(stream), "second");
    fs.writeFileSync(layout.order, "?");
    expect(await allEvents(store.readAll())).toHaveLength(2);
    expect(await store.streams("mission")).toEqual([bad, stream].sort());
    await expect(store.head(bad)).rejects.toMatchObject({ code: "UNSAFE_FILE" });
    await expect(allEvents(store.read(bad))).rejects.toMatchObject({ code: "UNSAFE_FILE" });
    await store.close();
  });
});

test("a log with a second name keeps its number: nobody writes a lower one", async () => {
  const directory = scratchDirectory();
  const layout = layoutOf(directory);
  const store = await openFileStore({ directory });
  await put(store, emptyHead, "first");
  await put(store, await store.head(stream), "second");
  await store.close();
  fs.linkSync(layout.of(stream).log, `${layout.of(stream).log}.other`);
  fs.writeFileSync(layout.order, "?");
  const again = await openFileStore({ directory });
  await put(again, emptyHead, "third", { stream: "mission-other" });
  const { position } = (await allEvents(again.read("mission-other")))[0] ?? {};
  expect(Number(position?.split(":")[0])).toBe(3);
  await again.close();
});

test("a log that the disk does not read keeps writers from guessing a number", async () => {
  const directory = scratchDirectory();
  const layout = layoutOf(directory);
  const store = await openFileStore({ directory });
  await put(store, emptyHead, "first");
  await put(store, emptyHead, "other", { stream: bad });
  await store.close();
  fs.writeFileSync(layout.order, "?");
  const files = {
    ...nodeFiles,
    open: (name: string, flags: number, mode?: number): number => {
      if (name === layout.of(bad).log) throw errnoError("EIO");
      return nodeFiles.open(name, flags, mode as number);
    },
  };
  const halved = await openFileStore({ directory, files });
  await expect(put(halved, await halved.head(stream), "second")).rejects.toMatchObject({
    code: "STORAGE_ERROR",
    outcome: "not_written",
  });
  expect(await halved.streams("mission")).toEqual([bad, stream].sort());
  await halved.close();
});
