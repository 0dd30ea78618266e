import fs from "node:fs";
import path from "node:path";
import {
  type Appended,
  type AppendRequest,
  type Commit,
  type Conflict,
  type EventStore,
  emptyHead,
  type RecordedEvent,
  type StoreFault,
  type StreamHead,
} from "@mission-ledger/core";
import {
  allEvents,
  commitOn,
  expectedAfter,
  put,
  putMany,
  noteStream as stream,
} from "@mission-ledger/testkit";
import { describe, expect, test } from "vitest";
import type { FilePort } from "../files/file-port.ts";
import { nodeFiles } from "../files/node-files.ts";
import { inspectStream, openFileStore } from "../index.ts";
import { layoutOf } from "../layout.ts";
import { type FaultyFiles, faultyFiles } from "../testing/faulty-files.ts";
import { scratchDirectory } from "../testing/scratch.ts";

interface GroupOptions {
  readonly name?: string;
  readonly note?: string;
}

/** Requests for one stream, each sealed on the one before it, as the kernel makes them. */
const chain = (
  head: StreamHead,
  commandIds: readonly string[],
  { name = stream, note = "" }: GroupOptions = {},
): readonly AppendRequest[] => {
  let on = head;
  return commandIds.map((commandId) => {
    const data = { note: `${commandId}${note}` };
    const seal = (end: StreamHead): Commit => commitOn(end, commandId, { stream: name, data });
    const commit = seal(on);
    const expected = expectedAfter(on);
    const last = commit.events.at(-1) ?? emptyHead;
    on = { revision: last.revision, digest: last.digest };
    return { commit, expected, known: head, decideAgain: (_missed, end) => seal(end) };
  });
};

type Settled = readonly PromiseSettledResult<Appended | Conflict>[];

const appendAll = (store: EventStore, requests: readonly AppendRequest[]): Promise<Settled> =>
  Promise.allSettled(requests.map((request) => store.append(request)));

/** `ok` for what was read back, the fault's code and outcome for what failed. */
const told = async (store: EventStore, settled: Settled): Promise<readonly string[]> => {
  const words: string[] = [];
  for (const answer of settled) {
    if (answer.status === "rejected") {
      const { code, outcome, name } = answer.reason as StoreFault;
      words.push(code === undefined ? name : `${code} ${outcome}`);
    } else if (answer.value._tag === "Conflict") words.push("conflict");
    else {
      const read = await store.readBack(answer.value);
      words.push(Array.isArray(read) ? (answer.value.repeated ? "repeat" : "ok") : "void");
    }
  }
  return words;
};

const commandIds = (events: readonly RecordedEvent[]): readonly string[] =>
  events.map(({ commandId }) => commandId);

const countedFiles = (): { readonly files: FilePort; readonly counts: Record<string, number> } => {
  const counts: Record<string, number> = {};
  const files = { ...nodeFiles };
  for (const call of ["open", "fdatasync", "tryLock"] as const) {
    const real = files[call] as (...parameters: unknown[]) => unknown;
    (files as Record<string, unknown>)[call] = (...parameters: unknown[]) => {
      counts[call] = (counts[call] ?? 0) + 1;
      return real(...parameters);
    };
  }
  files.write = (fd, buffer, offset, length, position) => {
    if (position === null) counts.append = (counts.append ?? 0) + 1;
    return nodeFiles.write(fd, buffer, offset, length, position);
  };
  return { files, counts };
};

describe("appends that wait for one stream", () => {
  test("are one write and one flush, and one open reads them all back", async () => {
    const { files, counts } = countedFiles();
    const store = await openFileStore({ directory: scratchDirectory(), files });
    const { head } = await put(store, emptyHead, "first");
    const ids = Array.from({ length: 20 }, (_, index) => `c${index}`);
    for (const call of Object.keys(counts)) counts[call] = 0;
    const settled = await appendAll(store, chain(head, ids));
    // The stream's lock, that of the ledger's order, and that of the stream's flushes.
    expect(counts).toMatchObject({ append: 1, fdatasync: 1, tryLock: 3 });
    const opened = counts.open ?? 0;
    const proofs = await Promise.all(
      settled.map((answer) => store.readBack((answer as PromiseFulfilledResult<Appended>).value)),
    );
    expect((counts.open ?? 0) - opened).toBe(1);
    const log = await allEvents(store.read(stream, { after: head }));
    expect(commandIds(log)).toEqual(ids);
    expect((proofs.flat() as RecordedEvent[]).map(({ position, digest }) => ({ position, digest }))).toEqual(
      log.map(({ position, digest }) => ({ position, digest })),
    );
    await store.close();
  });

  test("have consecutive places in the order of the ledger", async () => {
    const store = await openFileStore({ directory: scratchDirectory() });
    await appendAll(store, chain(emptyHead, ["a", "b", "c"]));
    const positions = (await allEvents(store.readAll())).map(({ position }) => Number(position.slice(0, 16)));
    expect(positions).toEqual([1, 2, 3]);
    await store.close();
  });

  test("that are more than one write may carry go in several", async () => {
    const { files, counts } = countedFiles();
    const store = await openFileStore({ directory: scratchDirectory(), files });
    const ids = Array.from({ length: 40 }, (_, index) => `c${index}`);
    const settled = await appendAll(store, chain(emptyHead, ids, { note: "x".repeat(60_000) }));
    expect(await told(store, settled)).toEqual(ids.map(() => "ok"));
    expect(counts.append).toBe(3);
    expect(commandIds(await allEvents(store.read(stream)))).toEqual(ids);
    await store.close();
  });

  test("do not hurt each other: one that is too large is refused, the others are written", async () => {
    const store = await openFileStore({ directory: scratchDirectory(), maxRecordBytes: 2_000 });
    const { head } = await put(store, emptyHead, "first");
    const [one, , three, four] = chain(head, ["one", "two", "three", "four"]);
    const [, large] = chain(head, ["one", "two"], { note: "x".repeat(3_000) });
    const settled = await appendAll(store, [one, large, three, four] as AppendRequest[]);
    expect(await told(store, settled)).toEqual(["ok", "LIMIT_EXCEEDED not_written", "ok", "ok"]);
    expect(commandIds(await allEvents(store.read(stream)))).toEqual(["first", "one", "three", "four"]);
    await store.close();
  });

  test("give the second of two with one command id the record of the first", async () => {
    const store = await openFileStore({ directory: scratchDirectory() });
    const [one, two] = chain(emptyHead, ["one", "two"]);
    const other = {
      ...(one as AppendRequest),
      commit: { ...(one as AppendRequest).commit, commandDigest: "f00" },
    };
    const settled = await appendAll(store, [one, one, other, two] as AppendRequest[]);
    expect(await told(store, settled)).toEqual(["ok", "repeat", "COMMAND_ID_REUSED not_written", "ok"]);
    expect(commandIds(await allEvents(store.read(stream)))).toEqual(["one", "two"]);
    await store.close();
  });

  test("leave out the one that is aborted before the write, at once while another process has the lock", async () => {
    const directory = scratchDirectory();
    const store = await openFileStore({ directory });
    const { head } = await put(store, emptyHead, "first");
    const fd = fs.openSync(layoutOf(fs.realpathSync(directory)).of(stream).lock, "r+");
    expect(nodeFiles.tryLock(fd)).toBe(true);
    const controller = new AbortController();
    const [one, two, three] = chain(head, ["one", "two", "three"]) as [
      AppendRequest,
      AppendRequest,
      AppendRequest,
    ];
    const running = [
      store.append(one),
      store.append({ ...two, signal: controller.signal }),
      store.append(three),
    ];
    await new Promise((resolve) => setImmediate(resolve));
    controller.abort(new RangeError("enough"));
    await expect(running[1]).rejects.toThrow("enough");
    nodeFiles.unlock(fd);
    fs.closeSync(fd);
    expect(await told(store, await Promise.allSettled(running))).toEqual(["ok", "RangeError", "ok"]);
    expect(commandIds(await allEvents(store.read(stream)))).toEqual(["first", "one", "three"]);
    await store.close();
  });

  test("give up the lock's queue when all of them are aborted", async () => {
    const directory = scratchDirectory();
    const store = await openFileStore({ directory });
    const { head } = await put(store, emptyHead, "first");
    const fd = fs.openSync(layoutOf(fs.realpathSync(directory)).of(stream).lock, "r+");
    expect(nodeFiles.tryLock(fd)).toBe(true);
    const controller = new AbortController();
    const running = chain(head, ["one", "two"]).map((request) =>
      store.append({ ...request, signal: controller.signal }),
    );
    await new Promise((resolve) => setImmediate(resolve));
    controller.abort(new RangeError("enough"));
    expect(await told(store, await Promise.allSettled(running))).toEqual(["RangeError", "RangeError"]);
    nodeFiles.unlock(fd);
    fs.closeSync(fd);
    await put(store, head, "after");
    await store.close();
  });
});

describe("a group whose write falls short", () => {
  /** Flushing costs time here and proves nothing: the faults are in the write. */
  const withoutFlush = (): FaultyFiles => {
    const faulty = faultyFiles();
    Object.assign(faulty.files, { fdatasync: () => {}, fsync: () => {} });
    return faulty;
  };

  test.each([0, 7])(
    "at any byte has written exactly the records whose LF got in (behind a torn line of %i bytes)",
    async (torn) => {
      const faulty = withoutFlush();
      const directory = scratchDirectory();
      const store = await openFileStore({ directory, files: faulty.files });
      const ids = torn > 0 ? ["one", "two"] : ["one", "two", "three"];
      const sizeOf = (name: string): number =>
        fs.statSync(layoutOf(fs.realpathSync(directory)).of(name).log).size;
      let length = Number.POSITIVE_INFINITY;
      for (let cut = 0; cut <= length; cut += 1) {
        // All names are equally long, so that all lines are.
        const name = `mission-${String(10_000 + cut)}`;
        const { head } = await put(store, emptyHead, "first", { stream: name });
        const { log } = layoutOf(fs.realpathSync(directory)).of(name);
        if (torn > 0) fs.appendFileSync(log, '{"v":1,'.slice(0, torn));
        const size = sizeOf(name);
        if (cut < length) faulty.shortenNextWrite(cut);
        const settled = await appendAll(store, chain(head, ids, { name }));
        const words = await told(store, settled);
        const text = fs.readFileSync(log, "utf8").slice(size);
        if (!Number.isFinite(length)) {
          // What the whole group takes is learned from one that is not cut.
          const sample = `mission-${String(99_999)}`;
          const begun = (await put(store, emptyHead, "first", { stream: sample })).head;
          const logOfSample = layoutOf(fs.realpathSync(directory)).of(sample).log;
          if (torn > 0) fs.appendFileSync(logOfSample, '{"v":1,'.slice(0, torn));
          const before = sizeOf(sample);
          await appendAll(store, chain(begun, ids, { name: sample }));
          length = sizeOf(sample) - before;
        }
        const whole = text
          .split("\n")
          .slice(0, -1)
          .filter((line) => line.includes('"commandId"')).length;
        expect(words, `cut at ${cut}`).toEqual(
          ids.map((_, index) => (index < whole ? "ok" : "STORAGE_FULL not_written")),
        );
        // The next writer finds what it needs, and what was not written never turns up.
        const now = await store.head(name);
        await put(store, now, "next", { stream: name });
        expect(commandIds(await allEvents(store.read(name)))).toEqual([
          "first",
          ...ids.slice(0, whole),
          "next",
        ]);
        expect(inspectStream({ directory, stream: name })).toMatchObject({ findings: [], brokenLinks: [] });
      }
      await store.close();
    },
    120_000,
  );

  test("tells nobody of a conflict with a record that did not get in", async () => {
    const faulty = withoutFlush();
    const store = await openFileStore({ directory: scratchDirectory(), files: faulty.files });
    const { head } = await put(store, emptyHead, "first");
    const [one] = chain(head, ["one"]);
    const rival: AppendRequest = { commit: commitOn(head, "rival"), expected: head.revision };
    faulty.shortenNextWrite(10);
    const settled = await appendAll(store, [one as AppendRequest, rival]);
    expect(await told(store, settled)).toEqual(["STORAGE_FULL not_written", "ok"]);
    await store.close();
  });
});

describe("a group whose flush fails", () => {
  test("leaves every outcome unknown, tells nobody of a conflict, and makes the log suspect", async () => {
    const faulty = faultyFiles();
    const directory = scratchDirectory();
    const store = await openFileStore({ directory, files: faulty.files });
    const { head } = await put(store, emptyHead, "first");
    const [one, two] = chain(head, ["one", "two"]);
    const rival: AppendRequest = { commit: commitOn(head, "rival"), expected: head.revision };
    faulty.failOnce("fdatasync", "EIO");
    const settled = await appendAll(store, [one, one, two, rival] as AppendRequest[]);
    expect(await told(store, settled)).toEqual([
      "DURABILITY_UNKNOWN unknown",
      "DURABILITY_UNKNOWN unknown",
      "DURABILITY_UNKNOWN unknown",
      "DURABILITY_UNKNOWN not_written",
    ]);
    expect(inspectStream({ directory, stream }).suspect).toBe(true);
    await store.close();
  });

  test("takes a repeat in it along: what it found may not have been flushed either", async () => {
    const faulty = faultyFiles();
    const store = await openFileStore({ directory: scratchDirectory(), files: faulty.files });
    const first = commitOn(emptyHead, "first");
    const { head } = (await store.append({ commit: first, expected: "no_stream" })) as Appended;
    faulty.failOnce("fdatasync", "EIO");
    const settled = await appendAll(store, [
      ...chain(head, ["one"]),
      { commit: first, expected: "no_stream" },
    ]);
    expect(await told(store, settled)).toEqual(["DURABILITY_UNKNOWN unknown", "DURABILITY_UNKNOWN unknown"]);
    await store.close();
  });
});

describe("the readback of a group", () => {
  test("notices a changed byte in one record, and clears those before it", async () => {
    const directory = scratchDirectory();
    const store = await openFileStore({ directory });
    const { head } = await put(store, emptyHead, "first");
    const settled = await appendAll(store, chain(head, ["one", "two", "three"]));
    const { log } = layoutOf(fs.realpathSync(directory)).of(stream);
    const bytes = fs.readFileSync(log);
    bytes[bytes.indexOf('"note":"two"') + 8] = 0x54;
    fs.writeFileSync(log, bytes);
    const reads = await Promise.allSettled(
      settled.map((answer) => store.readBack((answer as PromiseFulfilledResult<Appended>).value)),
    );
    expect(reads.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected"]);
    for (const read of reads.slice(1))
      expect((read as PromiseRejectedResult).reason).toMatchObject({
        code: "READBACK_FAILED",
        outcome: "unknown",
      });
    await store.close();
  });

  test("reads again for whoever comes in a later turn of the event loop", async () => {
    const directory = scratchDirectory();
    const store = await openFileStore({ directory });
    const head = await putMany(store, 2);
    const [one, two] = (await appendAll(store, chain(head, ["one", "two"]))) as [
      PromiseFulfilledResult<Appended>,
      PromiseFulfilledResult<Appended>,
    ];
    expect(await store.readBack(one.value)).toHaveLength(1);
    await new Promise((resolve) => setImmediate(resolve));
    const { log } = layoutOf(fs.realpathSync(directory)).of(stream);
    fs.renameSync(log, path.join(directory, "elsewhere"));
    await expect(store.readBack(two.value)).rejects.toMatchObject({ code: "LOG_REPLACED" });
    await store.close();
  });
});
