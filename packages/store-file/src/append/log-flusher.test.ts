import fs from "node:fs";
import { type Appended, type EventStore, emptyHead, type StreamHead } from "@mission-ledger/core";
import { allEvents, commitOn, expectedAfter, put, noteStream as stream } from "@mission-ledger/testkit";
import { describe, expect, test } from "vitest";
import type { FilePort } from "../files/file-port.ts";
import { nodeFiles } from "../files/node-files.ts";
import { openFileStore } from "../index.ts";
import { layoutOf } from "../layout.ts";
import { faultyFiles } from "../testing/faulty-files.ts";
import { scratchDirectory } from "../testing/scratch.ts";

const pathsIn = (directory: string) => layoutOf(fs.realpathSync(directory)).of(stream);

/** Somebody else who is flushing, or writing, for as long as it takes. */
const holding = (path: string): (() => void) => {
  const fd = fs.openSync(path, "r+");
  expect(nodeFiles.tryLock(fd)).toBe(true);
  return () => fs.closeSync(fd);
};

const counting = (): { readonly files: FilePort; flushes: number } => {
  const counted = {
    flushes: 0,
    files: {
      ...nodeFiles,
      fdatasync: (fd: number) => {
        counted.flushes += 1;
        nodeFiles.fdatasync(fd);
      },
    },
  };
  return counted;
};

/** Appends whatever others have appended before. */
const append = (store: EventStore, commandId: string, head: StreamHead = emptyHead) =>
  store.append({
    commit: commitOn(head, commandId),
    expected: expectedAfter(head),
    decideAgain: (_missed, end) => commitOn(end, commandId),
  }) as Promise<Appended>;

const turns = async (count = 20): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

/** Waits until so many records stand in the log, flushed or not. */
const records = async (log: string, count: number): Promise<void> => {
  while (fs.readFileSync(log, "utf8").split("\n").length - 1 < count) await turns(1);
};

const report = (number: number, { dev, ino }: fs.Stats, size: number): string => {
  const text = [number, dev, ino, size].map((part) => String(part).padStart(15)).join(" ");
  return `${text}${nodeCrc(text)}\n`;
};
const nodeCrc = (text: string): string => {
  let crc = ~0;
  for (const byte of Buffer.from(text)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (~crc >>> 0).toString(16).padStart(8, "0");
};

describe("while a log is being flushed", () => {
  test("others write to it", async () => {
    const directory = scratchDirectory();
    const store = await openFileStore({ directory });
    const { head } = await put(store, emptyHead, "first");
    const { flush, lock } = pathsIn(directory);
    const release = holding(flush);
    const waiting = append(store, "second", head);
    await records(pathsIn(directory).log, 2);
    expect((await allEvents(store.read(stream))).map(({ commandId }) => commandId)).toEqual([
      "first",
      "second",
    ]);
    holding(lock)();
    release();
    expect(await store.readBack(await waiting)).toHaveLength(1);
    await store.close();
  });

  test("one flush serves all who wrote before it began", async () => {
    const directory = scratchDirectory();
    const [one, two] = [counting(), counting()];
    const stores = await Promise.all([one, two].map(({ files }) => openFileStore({ directory, files })));
    const [a, b] = stores as [EventStore, EventStore];
    await put(a, emptyHead, "first");
    const { flush, log } = pathsIn(directory);
    let flushes = 0;
    // From the second time on they know that they are not alone, and tell each other how far they flushed.
    for (const round of [1, 2, 3]) {
      const release = holding(flush);
      const waiting = [append(a, `a${round}`), append(b, `b${round}`)];
      await records(log, 1 + 2 * round);
      await turns();
      flushes = one.flushes + two.flushes;
      release();
      const appended = await Promise.all(waiting);
      await Promise.all(appended.map((answer, index) => stores[index]?.readBack(answer)));
      flushes = one.flushes + two.flushes - flushes;
      if (round > 1) expect(flushes, `round ${round}`).toBe(1);
    }
    await Promise.all(stores.map((store) => store.close()));
  });

  test("and that flush fails, nobody behind it is told of success", async () => {
    const directory = scratchDirectory();
    const faulty = faultyFiles();
    let goOn = (): void => {};
    const gate = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    let isHeldBack = false;
    // Who waits in no thread asks again by itself, and could be first once the lock is free.
    const late: FilePort = {
      ...nodeFiles,
      tryLock: (fd) => !isHeldBack && nodeFiles.tryLock(fd),
      waitForLock: async (fd) => gate.then(() => nodeFiles.waitForLock(fd)),
    };
    const failing = await openFileStore({ directory, files: faulty.files });
    const behind = await openFileStore({ directory, files: late });
    const reader = await openFileStore({ directory, files: late });
    const { head } = await put(failing, emptyHead, "first");
    const release = holding(pathsIn(directory).flush);
    faulty.failOnce("fdatasync", "EIO");
    const fails = append(failing, "fails", head).catch((error: unknown) => error);
    await records(pathsIn(directory).log, 2);
    const follows = append(behind, "follows", head).catch((error: unknown) => error);
    await records(pathsIn(directory).log, 3);
    const confirmed = reader.confirm(stream, head).catch((error: unknown) => error);
    await turns();
    isHeldBack = true;
    release();
    expect(await fails).toMatchObject({ code: "DURABILITY_UNKNOWN", outcome: "unknown" });
    isHeldBack = false;
    goOn();
    expect(await follows).toMatchObject({ code: "DURABILITY_UNKNOWN", outcome: "unknown" });
    expect(await confirmed).toMatchObject({ code: "DURABILITY_UNKNOWN", outcome: "not_written" });
    await Promise.all([failing, behind, reader].map((store) => store.close()));
  });

  test("for longer than an append waits, its outcome is unknown", async () => {
    const directory = scratchDirectory();
    const store = await openFileStore({ directory, lockTimeoutMs: 30 });
    const { head } = await put(store, emptyHead, "first");
    const release = holding(pathsIn(directory).flush);
    await expect(append(store, "second", head)).rejects.toMatchObject({
      code: "LOCK_TIMEOUT",
      outcome: "unknown",
      retryable: true,
    });
    release();
    const again = await append(store, "second", head);
    expect(again.repeated).toBe(true);
    expect(await store.readBack(again)).toHaveLength(1);
    await store.close();
  });
});

describe("what is said of a flush", () => {
  const crowdedStore = async () => {
    const directory = scratchDirectory();
    const counted = counting();
    const store = await openFileStore({ directory, files: counted.files });
    const { head } = await put(store, emptyHead, "first");
    const paths = pathsIn(directory);
    // Makes it look out for others.
    const release = holding(paths.flush);
    const waiting = append(store, "crowded", head);
    await records(paths.log, 2);
    release();
    const { head: next } = await waiting;
    counted.flushes = 0;
    return { store, paths, counted, head: next };
  };

  test("is not believed if it was said before the write", async () => {
    const { store, paths, counted, head } = await crowdedStore();
    fs.writeFileSync(paths.flush, report(7, fs.statSync(paths.log), 1_000_000));
    await append(store, "second", head);
    expect(counted.flushes).toBe(1);
    await store.close();
  });

  test.each([
    ["is believed of this file, if it reaches far enough", (log: fs.Stats) => report(7, log, 1_000_000), 0],
    [
      "is not believed of another file",
      (log: fs.Stats) => report(7, { ...log, ino: log.ino + 1 } as fs.Stats, 1_000_000),
      1,
    ],
    [
      "is not believed of a flush that did not reach far enough",
      (log: fs.Stats) => report(7, log, log.size),
      1,
    ],
    ["is not believed if it is damaged", (log: fs.Stats) => report(7, log, 1_000_000).replace("7", "8"), 1],
  ])("%s", async (_, text, flushes) => {
    const { store, paths, counted, head } = await crowdedStore();
    const said = text(fs.statSync(paths.log));
    const release = holding(paths.flush);
    const waiting = append(store, "second", head);
    await records(paths.log, 3);
    fs.writeFileSync(paths.flush, said);
    release();
    await waiting;
    expect(counted.flushes).toBe(flushes);
    await store.close();
  });
});
