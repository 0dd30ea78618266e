import fs from "node:fs";
import { emptyHead } from "@mission-ledger/core";
import { allEvents, commitOn, put, noteStream as stream } from "@mission-ledger/testkit";
import { describe, expect, test } from "vitest";
import { nodeFiles } from "../files/node-files.ts";
import { openFileStore } from "../index.ts";
import { layoutOf } from "../layout.ts";
import { faultyFiles } from "../testing/faulty-files.ts";
import { scratchDirectory } from "../testing/scratch.ts";
import { systemFacts } from "./process-facts.ts";

/** A ledger whose stream somebody else has locked. */
const held = async (): Promise<{ readonly directory: string; readonly release: () => void }> => {
  const directory = scratchDirectory();
  const first = await openFileStore({ directory });
  await put(first, emptyHead, "first");
  await first.close();
  const fd = nodeFiles.open(layoutOf(directory).of(stream).lock, fs.constants.O_RDWR);
  nodeFiles.tryLock(fd);
  return { directory, release: () => nodeFiles.close(fd) };
};

describe("a lock that another holds", () => {
  test("is waited for until the deadline, then named with its last holder; nothing is written", async () => {
    const { directory, release } = await held();
    const store = await openFileStore({ directory, lockTimeoutMs: 50 });
    const head = await store.head(stream);
    await expect(put(store, head, "second")).rejects.toMatchObject({
      code: "LOCK_TIMEOUT",
      outcome: "not_written",
      retryable: true,
      details: { holder: { pid: process.pid } },
    });
    release();
    expect((await put(store, head, "second")).head.revision).toBe(1);
    const other = await openFileStore({ directory, lockTimeoutMs: 1_000 });
    await put(other, await other.head(stream), "third"); // the late lock of the first try was given back
    expect(await allEvents(other.read(stream))).toHaveLength(3);
    await store.close();
    await other.close();
  });

  test("is got when it becomes free, also by many who wait", async () => {
    const { directory, release } = await held();
    const stores = await Promise.all(Array.from({ length: 5 }, () => openFileStore({ directory })));
    const writes = stores.map(async (store, index) => {
      for (;;) {
        const head = await store.head(stream);
        try {
          return await put(store, head, `w${index}`);
        } catch (error) {
          if (!(error as Error).message.startsWith("conflict")) throw error;
        }
      }
    });
    release();
    await Promise.all(writes);
    expect(await allEvents((stores[0] as (typeof stores)[0]).read(stream))).toHaveLength(6);
    for (const store of stores) await store.close();
  });

  test("is no longer waited for once the signal aborts", async () => {
    const { directory, release } = await held();
    const store = await openFileStore({ directory });
    const abort = new AbortController();
    const reason = new Error("enough");
    const head = await store.head(stream);
    const waiting = store.append({ commit: commitOn(head, "second"), expected: 0, signal: abort.signal });
    abort.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    release();
    await store.close();
  });
});

describe("a fault about a lock", () => {
  test("names a holder that cannot be proven as the last one known", async () => {
    const { directory, release } = await held();
    const processes = { ...systemFacts, kernelHolder: () => undefined };
    const store = await openFileStore({ directory, lockTimeoutMs: 30, processes });
    await expect(put(store, await store.head(stream), "second")).rejects.toMatchObject({
      code: "LOCK_TIMEOUT",
      details: { kind: "kernel", holder: { pid: process.pid, proven: false } },
    });
    release();
    await store.close();
  });

  test("has the time at which its holder took it this time, not the first time", async () => {
    const directory = scratchDirectory();
    let now = Date.parse("2026-01-01T00:00:00.000Z");
    const store = await openFileStore({ directory, clock: { now: () => now } });
    const { head } = await put(store, emptyHead, "first");
    now += 60_000;
    await put(store, head, "second");
    await store.close();
    expect(fs.readFileSync(layoutOf(directory).of(stream).lock, "utf8")).toContain(
      "2026-01-01T00:01:00.000Z",
    );
  });
});

describe("a kernel lock", () => {
  test("whose check fails with an error of the disk is not kept by nobody", async () => {
    const directory = scratchDirectory();
    const faulty = faultyFiles();
    const store = await openFileStore({ directory, files: faulty.files });
    const { head } = await put(store, emptyHead, "first");
    faulty.failOnce("lstat", "EIO");
    await expect(put(store, head, "second")).rejects.toMatchObject({ outcome: "not_written" });
    const other = await openFileStore({ directory, lockTimeoutMs: 100 });
    await put(other, head, "third");
    await store.close();
    await other.close();
  });
});
