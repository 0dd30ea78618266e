import fs from "node:fs";
import { type EventStore, emptyHead } from "@mission-ledger/core";
import { allEvents, put, noteStream as stream, tryPut } from "@mission-ledger/testkit";
import { describe, expect, test } from "vitest";
import type { FilePort } from "../files/file-port.ts";
import { inspectStream, openFileStore, repairStream } from "../index.ts";
import { layoutOf } from "../layout.ts";
import { lyingDisk } from "../testing/lying-disk.ts";
import { openBelow } from "../testing/open-files.ts";
import { scratchDirectory } from "../testing/scratch.ts";

const refused = { code: "DURABILITY_UNKNOWN", outcome: "unknown" };
const failures = 1_000;

const refusedElsewhere = async (directory: string, files: FilePort): Promise<void> => {
  const other = await openFileStore({ directory, files });
  const head = await other.head(stream);
  for (const command of ["lost", "next"])
    await expect(tryPut(other, head, command)).rejects.toMatchObject({ code: refused.code });
  await expect(other.confirm(stream, head)).rejects.toMatchObject({ code: refused.code });
  await other.close();
};

describe("a flush that fails once and then lies", () => {
  test(`is answered unknown each of ${failures} times, and no retry succeeds from the cache`, {
    timeout: 300_000,
  }, async () => {
    const seen = { proven: 0, disproven: 0 };
    const disk = lyingDisk();
    const { files } = disk;
    for (let round = 0; round < failures; round += 1) {
      const directory = scratchDirectory();
      const paths = layoutOf(directory).of(stream);
      const before = round % 3;
      const store = await openFileStore({ directory, files });
      // A new ledger flushes its kind of lock first; it is the log's flush that has to fail.
      await put(store, emptyHead, "elsewhere", { stream: "mission-elsewhere" });
      let head = emptyHead;
      for (let index = 0; index < before; index += 1) head = (await put(store, head, `c${index}`)).head;
      disk.failNextFlush();
      await expect(tryPut(store, head, "lost"), `round ${round}`).rejects.toMatchObject(refused);
      // The bytes are in the cache, the next flush would say yes: neither the store nor another one believes it.
      expect(fs.readFileSync(paths.log, "utf8")).toContain('"lost"');
      await expect(tryPut(store, head, "lost")).rejects.toMatchObject(refused);
      await expect(put(store, await store.head(stream), "next")).rejects.toMatchObject({
        code: refused.code,
      });
      if (round % 10 === 0) await refusedElsewhere(directory, files);
      const isRecovered = round % 2 === 0;
      if (isRecovered)
        expect(await repairStream({ directory, stream, files })).toMatchObject({
          outcome: "repaired",
          suspect: true,
          found: [],
          writable: true,
        });
      await store.close();
      disk.remount(directory);
      // The mark was not flushed either: a power cut may have taken it.
      if (round % 4 === 1) fs.unlinkSync(paths.suspect);
      const stood = fs.readFileSync(paths.log, "utf8").includes('"lost"');
      expect(stood, `round ${round}`).toBe(isRecovered);
      if (!isRecovered && fs.existsSync(paths.suspect)) await repairStream({ directory, stream, files });
      const again = await openFileStore({ directory, files });
      const retried = await tryPut(again, head, "lost");
      expect(retried, `round ${round}`).toMatchObject({ _tag: "Appended", repeated: stood });
      if (retried._tag === "Appended") await again.readBack(retried);
      expect((await allEvents(again.read(stream))).map(({ commandId }) => commandId)).toEqual([
        ...["c0", "c1"].slice(0, before),
        "lost",
      ]);
      await again.close();
      seen[stood ? "proven" : "disproven"] += 1;
      fs.rmSync(directory, { recursive: true });
    }
    expect(seen).toEqual({ proven: failures / 2, disproven: failures / 2 });
  });
});

describe("a store that is open while another process recovers the log", () => {
  const suspectLog = async (): Promise<{
    readonly directory: string;
    readonly store: EventStore;
    readonly disk: ReturnType<typeof lyingDisk>;
  }> => {
    const directory = scratchDirectory();
    const disk = lyingDisk();
    const store = await openFileStore({ directory, files: disk.files });
    const { head } = await put(store, emptyHead, "c0");
    disk.failNextFlush();
    await expect(tryPut(store, head, "c1")).rejects.toMatchObject(refused);
    return { directory, store, disk };
  };

  test("goes on afterwards: the mark is gone, and the log is another file than the one whose flush failed", async () => {
    const { directory, store } = await suspectLog();
    const head = await store.head(stream);
    await expect(tryPut(store, head, "c1")).rejects.toMatchObject(refused);
    await repairStream({ directory, stream });
    expect(await tryPut(store, head, "c1")).toMatchObject({ _tag: "Appended", repeated: true });
    await put(store, await store.head(stream), "c2");
    await store.close();
    expect(inspectStream({ directory, stream })).toMatchObject({ records: 3, suspect: false, findings: [] });
  });

  test("does not go on when only the mark was taken away, and marks the log again", async () => {
    const { directory, store } = await suspectLog();
    const paths = layoutOf(directory).of(stream);
    fs.unlinkSync(paths.suspect);
    await expect(put(store, await store.head(stream), "c2")).rejects.toMatchObject({ code: refused.code });
    expect(fs.existsSync(paths.suspect)).toBe(true);
    await store.close();
  });

  test("does not go on when only the log was replaced", async () => {
    const { directory, store } = await suspectLog();
    const paths = layoutOf(directory).of(stream);
    fs.copyFileSync(paths.log, `${paths.log}.copy`);
    fs.renameSync(`${paths.log}.copy`, paths.log);
    await expect(put(store, await store.head(stream), "c2")).rejects.toMatchObject({ code: refused.code });
    await store.close();
  });

  test("and frees the descriptor of the old file, at the latest when it is closed", async () => {
    const before = openBelow();
    for (const isRecovered of [true, false]) {
      const { directory, store } = await suspectLog();
      if (isRecovered) {
        await repairStream({ directory, stream });
        await put(store, await store.head(stream), "c2");
      }
      await store.close();
    }
    expect(openBelow()).toEqual(before);
  });
});

test("a head is not confirmed when a flush failed elsewhere while it was being flushed", async () => {
  const directory = scratchDirectory();
  const paths = layoutOf(directory).of(stream);
  let isArmed = false;
  const failpoint = (name: string): void => {
    if (isArmed && name === "confirm:flush") fs.writeFileSync(paths.suspect, "");
  };
  const store = await openFileStore({ directory, failpoint });
  const { head } = await put(store, emptyHead, "c0");
  await store.confirm(stream, head);
  isArmed = true;
  await expect(store.confirm(stream, head)).rejects.toMatchObject({ code: refused.code });
  await store.close();
});
