import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { emptyHead, type StreamHead } from "@mission-ledger/core";
import { allEvents, put } from "@mission-ledger/testkit";
import { describe, expect, test } from "vitest";
import type { FilePort } from "../files/file-port.ts";
import { nodeFiles } from "../files/node-files.ts";
import { openFileStore } from "../index.ts";
import { layoutOf } from "../layout.ts";
import { errnoError, faultyFiles } from "../testing/faulty-files.ts";
import { openBelow } from "../testing/open-files.ts";
import { scratchDirectory } from "../testing/scratch.ts";

const streams = ["mission-a", "mission-ab", "mission-a-b", "mission-B", "run-1"];

const sizeOf = (folder: string, name: string): number => fs.statSync(path.join(folder, name)).size;

const mixed = async (directory: string, count: number): Promise<string[]> => {
  const store = await openFileStore({ directory });
  const heads = new Map<string, StreamHead>();
  const ids: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const stream = streams[(index * 7 + (index >> 2)) % streams.length] as string;
    const { head } = await put(store, heads.get(stream) ?? emptyHead, `c${index}`, {
      stream,
      events: 1 + (index % 3),
    });
    heads.set(stream, head);
    for (let event = 0; event <= index % 3; event += 1) ids.push(`c${index}`);
  }
  await store.close();
  return ids;
};

describe("reading all streams", () => {
  test("gives every event in the order of writing, and resumes after each position", async () => {
    const directory = scratchDirectory();
    const ids = await mixed(directory, 60);
    const store = await openFileStore({ directory });
    const events = await allEvents(store.readAll());
    expect(events.map(({ commandId }) => commandId)).toEqual(ids);
    const positions = events.map(({ position }) => position);
    expect([...positions].sort()).toEqual(positions);
    for (let index = 0; index < events.length; index += 1)
      expect(await allEvents(store.readAll({ after: positions[index] as string }))).toHaveLength(
        events.length - index - 1,
      );
    await store.close();
  });

  test("resumes in the middle of long logs", async () => {
    const directory = scratchDirectory();
    const ids = await mixed(directory, 1_500);
    const store = await openFileStore({ directory });
    const events = await allEvents(store.readAll());
    expect(events.map(({ commandId }) => commandId)).toEqual(ids);
    for (const from of [0, 1, 700, 1_499, 2_000, events.length - 1]) {
      const rest = await allEvents(store.readAll({ after: events[from]?.position as string }));
      expect(rest.map(({ id }) => id)).toEqual(events.slice(from + 1).map(({ id }) => id));
    }
    await store.close();
    // One look at the end of each log that has not grown since, however long it is.
    const watched = faultyFiles();
    const reader = await openFileStore({ directory, files: watched.files });
    expect(await allEvents(reader.readAll({ after: events.at(-1)?.position as string }))).toEqual([]);
    const sizes = fs
      .readdirSync(layoutOf(directory).logs)
      .map((name) => sizeOf(layoutOf(directory).logs, name));
    expect(Math.min(...sizes)).toBeGreaterThan(65_536);
    expect(watched.bytesRead).toBeLessThan(streams.length * 8_192 + 65_536 + 16_384);
    await reader.close();
  });

  test("resumes behind whatever the last lines of a log are", async () => {
    const directory = scratchDirectory();
    await mixed(directory, 60);
    const { logs } = layoutOf(directory);
    for (const ending of ["torn", "torn #torn\n", "\n\n", "<<<<<<< ours\n", '{"v":1}\n']) {
      const copy = scratchDirectory();
      fs.cpSync(directory, copy, { recursive: true });
      for (const name of fs.readdirSync(logs))
        fs.appendFileSync(path.join(layoutOf(copy).logs, name), ending);
      const store = await openFileStore({ directory: copy });
      const events = await allEvents(store.readAll());
      for (const from of [0, 20, 90, events.length - 1]) {
        const rest = await allEvents(store.readAll({ after: events[from]?.position as string }));
        expect(rest.map(({ id }) => id)).toEqual(events.slice(from + 1).map(({ id }) => id));
      }
      await store.close();
    }
  });

  test("needs no counter, and a lost one is found again", async () => {
    const directory = scratchDirectory();
    const ids = await mixed(directory, 20);
    const { order } = layoutOf(directory);
    const kept = fs.readFileSync(order, "latin1");
    const otherBoot = `${kept.slice(0, 17)}00000000-0000-0000-0000-000000000000${kept.slice(53)}`;
    for (const text of [undefined, "", "garbage", otherBoot, `${kept.slice(0, 60)}xxxx`]) {
      if (text === undefined) fs.rmSync(order);
      else fs.writeFileSync(order, text);
      const store = await openFileStore({ directory });
      expect((await allEvents(store.readAll())).map(({ commandId }) => commandId)).toEqual(ids);
      const stream = "mission-a";
      const head = await store.head(stream);
      const id = `after ${String(text)}`;
      await put(store, head, id, { stream });
      ids.push(id);
      expect((await allEvents(store.readAll())).map(({ commandId }) => commandId)).toEqual(ids);
      await store.close();
    }
  });

  test("does not hand out a record before its number is counted, and does after the next write or repeat", async () => {
    const directory = scratchDirectory();
    let dead = false;
    const failpoint = (name: string): void => {
      if (dead && name === "order:write") throw new Error("died here");
    };
    const store = await openFileStore({ directory, failpoint });
    const { head } = await put(store, emptyHead, "c0");
    dead = true;
    await expect(put(store, head, "c1")).rejects.toMatchObject({ code: "INTERNAL", outcome: "unknown" });
    dead = false;
    expect(await allEvents(store.readAll())).toHaveLength(1);
    expect((await put(store, head, "c1")).repeated).toBe(true);
    expect(await allEvents(store.readAll())).toHaveLength(2);
    await store.close();
  });

  test("serves thousands of streams with few descriptors", async () => {
    const directory = scratchDirectory();
    const store = await openFileStore({ directory });
    for (let index = 0; index < 300; index += 1)
      await put(store, emptyHead, "c", { stream: `mission-${index}` });
    expect(openBelow(directory).length).toBeGreaterThan(0);
    expect(openBelow(directory).length).toBeLessThan(300);
    expect(await allEvents(store.readAll())).toHaveLength(300);
    await store.close();
  });
});

describe("reading", () => {
  test("changes no byte, no name and no time", async () => {
    const directory = scratchDirectory();
    await mixed(directory, 30);
    const before = fingerprint(directory);
    const store = await openFileStore({ directory });
    await allEvents(store.readAll());
    for (const stream of streams) {
      await allEvents(store.read(stream));
      await store.head(stream);
      await store.findCommand(stream, "c3");
    }
    await store.streams("mission");
    await store.close();
    expect(fingerprint(directory)).toEqual(before);
  });

  test("of a ledger that does not exist makes none", async () => {
    const directory = path.join(scratchDirectory(), "not", "there");
    const store = await openFileStore({ directory });
    expect(await allEvents(store.readAll())).toEqual([]);
    expect(await allEvents(store.read("mission-a"))).toEqual([]);
    expect(await store.head("mission-a")).toEqual(emptyHead);
    expect(await store.findCommand("mission-a", "c")).toBeUndefined();
    expect(await store.streams("mission")).toEqual([]);
    await store.close();
    expect(fs.existsSync(path.dirname(directory))).toBe(false);
  });
});

const fingerprint = (directory: string): string[] =>
  fs
    .readdirSync(directory, { recursive: true, encoding: "utf8" })
    .sort()
    .map((name) => {
      const file = path.join(directory, name);
      const status = fs.lstatSync(file);
      const hash = status.isFile() ? createHash("sha256").update(fs.readFileSync(file)).digest("hex") : "";
      return `${name} ${status.mtimeMs} ${status.ctimeMs} ${status.mode} ${hash}`;
    });

describe("an order that is disturbed", () => {
  test("by a counter that cannot be written hides nothing that has a receipt", async () => {
    const directory = scratchDirectory();
    let failing = false;
    const files: FilePort = {
      ...nodeFiles,
      write: (fd, buffer, offset, length, position) => {
        if (failing && position === 0 && length > 1) throw errnoError("EIO");
        return nodeFiles.write(fd, buffer, offset, length, position);
      },
    };
    const store = await openFileStore({ directory, files });
    const { head } = await put(store, emptyHead, "c0");
    failing = true;
    await put(store, head, "c1");
    expect((await allEvents(store.readAll())).map(({ commandId }) => commandId)).toEqual(["c0", "c1"]);
    await store.close();
  });

  test("by a log put in place of its equal delivers nothing twice to who follows", async () => {
    const directory = scratchDirectory();
    const store = await openFileStore({ directory });
    let head = emptyHead;
    for (const id of ["c0", "c1", "c2"]) head = (await put(store, head, id)).head;
    const seen: string[] = [];
    for await (const batch of store.subscribe()) {
      for (const { commandId } of batch) seen.push(commandId);
      if (seen.length === 3) {
        const { log } = layoutOf(directory).of("mission-m1");
        fs.copyFileSync(log, `${log}.new`);
        fs.renameSync(`${log}.new`, log);
        head = (await put(store, await store.head("mission-m1"), "c3")).head;
      }
      if (seen.includes("c3")) break;
    }
    expect(seen).toEqual(["c0", "c1", "c2", "c3"]);
    await store.close();
  });
});
