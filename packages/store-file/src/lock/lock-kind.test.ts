import fs from "node:fs";
import path from "node:path";
import { type EventStore, emptyHead } from "@mission-ledger/core";
import { allEvents, commitOn, expectedAfter, put, noteStream as stream } from "@mission-ledger/testkit";
import { describe, expect, test } from "vitest";
import { nodeFilesWith } from "../files/node-files.ts";
import { inspectStream, openFileStore, switchLocks } from "../index.ts";
import { scratchDirectory } from "../testing/scratch.ts";

/** A system without a binary of the kernel lock. */
const bare = nodeFilesWith({
  loadLockBinding: () => {
    throw new Error("no prebuilt binary for this system");
  },
});

const kindIn = (directory: string): string => fs.readFileSync(path.join(directory, "lock/kind"), "utf8");
const usesGenerations = (directory: string): boolean =>
  fs.existsSync(path.join(directory, "lock/generation"));

/** Appends on whatever the head is by then. */
const write = async (store: EventStore, commandId: string): Promise<void> => {
  const head = await store.head(stream);
  const appended = await store.append({
    commit: commitOn(head, commandId),
    expected: expectedAfter(head),
    decideAgain: (_missed, actual) => commitOn(actual, commandId),
  });
  if (appended._tag === "Conflict") throw new Error("conflict although it may decide again");
  await store.readBack(appended);
};

describe("the kind of lock of a ledger", () => {
  test("is the kernel's where there is a binary, and is written down by the first writer", async () => {
    const directory = scratchDirectory();
    const store = await openFileStore({ directory });
    expect(fs.existsSync(path.join(directory, "lock"))).toBe(false);
    await put(store, emptyHead, "first");
    await store.close();
    expect(kindIn(directory)).toBe("kernel\n");
    expect(usesGenerations(directory)).toBe(false);
    expect(fs.readdirSync(path.join(directory, "lock")).filter((name) => name.includes("draft"))).toEqual([]);
  });

  test("is never one that there is none of: a wrong choice is refused before anything is written", async () => {
    const directory = scratchDirectory();
    for (const lock of ["flock", "", "Kernel", null, 1])
      await expect(openFileStore({ directory, lock: lock as never })).rejects.toThrow(TypeError);
    expect(fs.readdirSync(directory)).toEqual([]);
  });

  test("that nobody here knows keeps writers out with a fault that names the file", async () => {
    const directory = scratchDirectory();
    const kind = path.join(directory, "lock/kind");
    fs.mkdirSync(path.dirname(kind));
    for (const text of ["", "flock\n", "kernel", "kernel\nmore"]) {
      fs.writeFileSync(kind, text);
      const store = await openFileStore({ directory });
      await expect(put(store, emptyHead, "first")).rejects.toMatchObject({
        code: "UNSUPPORTED_FORMAT",
        outcome: "not_written",
        details: { path: kind },
      });
      await store.close();
      expect(fs.readFileSync(kind, "utf8")).toBe(text);
    }
  });

  test("is that of plain files where there is none", async () => {
    const directory = scratchDirectory();
    const store = await openFileStore({ directory, files: bare });
    const { head } = await put(store, emptyHead, "first");
    await put(store, head, "second");
    await store.close();
    expect(kindIn(directory)).toBe("generation\n");
    expect(usesGenerations(directory)).toBe(true);
    expect(inspectStream({ directory, stream })).toMatchObject({ records: 2, findings: [] });
  });

  test("is followed by processes that could do otherwise: writers with and without the binary lose nothing", async () => {
    const directory = scratchDirectory();
    const first = await openFileStore({ directory, files: bare });
    const second = await openFileStore({ directory });
    const third = await openFileStore({ directory, lock: "generation" });
    await write(first, "start");
    await Promise.all(
      [first, second, third].map(async (store, index) => {
        for (let turn = 0; turn < 10; turn += 1) await write(store, `w${index}-${turn}`);
      }),
    );
    expect(await allEvents(second.readAll())).toHaveLength(31);
    expect(inspectStream({ directory, stream })).toMatchObject({ records: 31, voidRecords: 0, findings: [] });
    for (const store of [first, second, third]) await store.close();
  });

  test("keeps those from writing who cannot follow it; they read all the same", async () => {
    const directory = scratchDirectory();
    const able = await openFileStore({ directory });
    const { head } = await put(able, emptyHead, "first");
    await able.close();
    const refused = { code: "STORE_UNAVAILABLE", outcome: "not_written", retryable: false };
    const unable = await openFileStore({ directory, files: bare });
    await expect(put(unable, head, "second")).rejects.toMatchObject(refused);
    expect(await allEvents(unable.read(stream))).toHaveLength(1);
    await unable.close();
    const other = await openFileStore({ directory, lock: "generation" });
    await expect(put(other, head, "second")).rejects.toMatchObject(refused);
    await other.close();
    expect(inspectStream({ directory, stream }).records).toBe(1);
    expect(usesGenerations(directory)).toBe(false);
  });

  test("is the kernel's in a ledger from before there was a choice", async () => {
    const directory = scratchDirectory();
    const before = await openFileStore({ directory });
    const { head } = await put(before, emptyHead, "first");
    await before.close();
    fs.rmSync(path.join(directory, "lock/kind"));
    const unable = await openFileStore({ directory, files: bare });
    await expect(put(unable, head, "second")).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    await unable.close();
    const able = await openFileStore({ directory });
    await put(able, head, "second");
    await able.close();
    expect(kindIn(directory)).toBe("kernel\n");
  });

  test("is decided once, also by two who begin at the same moment", async () => {
    for (const [first, second] of [
      [undefined, bare],
      [bare, undefined],
    ]) {
      const directory = scratchDirectory();
      fs.mkdirSync(path.join(directory, "lock"), { recursive: true });
      /** Lets the other one decide right before this one does. */
      let rival: (() => void) | undefined = () => {
        rival = undefined;
        fs.writeFileSync(path.join(directory, "lock/kind"), second === bare ? "generation\n" : "kernel\n");
      };
      const port = first ?? nodeFilesWith();
      const files = {
        ...port,
        link: (existing: string, name: string) => {
          rival?.();
          port.link(existing, name);
        },
      };
      const store = await openFileStore({ directory, files });
      const answer = put(store, emptyHead, "first");
      if (first === bare) await expect(answer).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
      else await answer;
      expect(kindIn(directory)).toBe(second === bare ? "generation\n" : "kernel\n");
      expect(usesGenerations(directory)).toBe(second === bare);
      await store.close();
    }
  });

  test("may be switched under a store that is open: it follows with its next write", async () => {
    const directory = scratchDirectory();
    const store = await openFileStore({ directory });
    let { head } = await put(store, emptyHead, "first");
    expect(switchLocks({ directory, to: "generation" })).toBe(true);
    ({ head } = await put(store, head, "second"));
    expect(usesGenerations(directory)).toBe(true);
    expect(switchLocks({ directory, to: "kernel" })).toBe(true);
    const lock = path.join(directory, "lock", `${stream}.lock`);
    fs.truncateSync(lock);
    await put(store, head, "third");
    // Only a kernel lock is signed there.
    expect(fs.readFileSync(lock, "utf8")).toContain(`held ${process.pid} `);
    await store.close();
    expect(inspectStream({ directory, stream }).records).toBe(3);
  });

  test("may be settled before anybody has written", async () => {
    const directory = scratchDirectory();
    expect(switchLocks({ directory, to: "generation" })).toBe(true);
    const store = await openFileStore({ directory });
    await put(store, emptyHead, "first");
    expect(usesGenerations(directory)).toBe(true);
    await store.close();
  });

  test("is not mistaken when the binary could not be loaded for want of descriptors", async () => {
    const directory = scratchDirectory();
    let short = true;
    const files = nodeFilesWith({
      loadLockBinding: () => {
        if (short)
          throw Object.assign(new Error("x.node: Too many open files"), { code: "ERR_DLOPEN_FAILED" });
        throw new Error("no prebuilt binary for this system");
      },
    });
    const store = await openFileStore({ directory, files });
    await expect(put(store, emptyHead, "first")).rejects.toMatchObject({
      code: "RESOURCES_EXHAUSTED",
      outcome: "not_written",
    });
    expect(fs.existsSync(path.join(directory, "lock/kind"))).toBe(false);
    short = false;
    await put(store, emptyHead, "first");
    expect(kindIn(directory)).toBe("generation\n");
    await store.close();
  });

  test("that this version does not know keeps it from writing", async () => {
    const directory = scratchDirectory();
    const store = await openFileStore({ directory });
    const { head } = await put(store, emptyHead, "first");
    fs.writeFileSync(path.join(directory, "lock/kind"), "quantum\n");
    const other = await openFileStore({ directory });
    await expect(put(other, head, "second")).rejects.toMatchObject({
      code: "UNSUPPORTED_FORMAT",
      outcome: "not_written",
    });
    await store.close();
    await other.close();
  });
});
