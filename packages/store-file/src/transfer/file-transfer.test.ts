import fs from "node:fs";
import {
  type CopyOptions,
  copyLedger,
  emptyHead,
  openMemoryStore,
  type StoreFault,
  storeTransfer,
  type TransferTarget,
} from "@mission-ledger/core";
import { allEvents, commitOn, put, putMany, noteStream as stream } from "@mission-ledger/testkit";
import { expect, test } from "vitest";
import type { FilePort } from "../files/file-port.ts";
import { nodeFiles } from "../files/node-files.ts";
import { openFileStore } from "../index.ts";
import { layoutOf } from "../layout.ts";
import { encodeRecord } from "../log/record.ts";
import { errnoError } from "../testing/faulty-files.ts";
import { logsIn } from "../testing/random-logs.ts";
import { scratchDirectory } from "../testing/scratch.ts";
import { fileTransfer } from "./file-transfer.ts";

const other = "mission-m2";

const ledgerOf = async (commands: number): Promise<string> => {
  const directory = scratchDirectory();
  const store = await openFileStore({ directory });
  await putMany(store, commands);
  await putMany(store, commands, { stream: other, data: { text: "Größe" } });
  await store.close();
  return directory;
};

const copy = (
  from: string,
  to: string,
  { files = nodeFiles, ...more }: Partial<CopyOptions> & { readonly files?: FilePort } = {},
) =>
  copyLedger({
    from: fileTransfer({ directory: from }),
    to: fileTransfer({ directory: to, files }),
    ...more,
  });

const faultOf = (copying: Promise<unknown>): Promise<StoreFault> =>
  copying.then(
    () => {
      throw new Error("the copy was not refused");
    },
    (error: StoreFault) => error,
  );

const logOf = (directory: string, name = stream): string => layoutOf(directory).of(name).log;

test("a copy says what both sides hold, and the copied ledger goes on under an id of its own", async () => {
  const [from, to] = [await ledgerOf(3), scratchDirectory()];
  const report = await copy(from, to);
  expect(report).toMatchObject({
    records: 6,
    events: 6,
    asides: 0,
    kept: "lines",
    equal: true,
    copied: { streams: 2, records: 6, events: 6 },
    streams: [
      { stream, records: 3, events: 3, copied: 3 },
      { stream: other, records: 3, events: 3, copied: 3 },
    ],
  });
  const store = await openFileStore({ directory: to });
  const { head } = await put(store, await store.head(stream), "here");
  expect(head.revision).toBe(3);
  const events = await allEvents(store.readAll());
  expect(events.at(-1)).toMatchObject({ stream, revision: 3, commandId: "here" });
  await store.close();
  const origins = fs
    .readFileSync(logOf(to), "utf8")
    .trim()
    .split("\n")
    .map((line) => (JSON.parse(line) as { origin: string }).origin);
  expect(new Set(origins).size).toBe(2);
});

test("a copy that is run again later brings what was written since", async () => {
  const [from, to] = [await ledgerOf(2), scratchDirectory()];
  await copy(from, to);
  const store = await openFileStore({ directory: from });
  await put(store, await store.head(stream), "later");
  await store.close();
  expect(await copy(from, to)).toMatchObject({ events: 5, copied: { streams: 1, records: 1, events: 1 } });
  expect(logsIn(to)).toEqual(logsIn(from));
});

test("a dry run says what would be copied and makes nothing", async () => {
  const [from, to] = [await ledgerOf(2), scratchDirectory()];
  fs.rmdirSync(to);
  expect(await copy(from, to, { dryRun: true })).toMatchObject({ equal: false, copied: { events: 4 } });
  expect(fs.existsSync(to)).toBe(false);
});

test("a ledger without a mission is copied into one that was only just made", async () => {
  const [from, to] = [scratchDirectory(), scratchDirectory()];
  for (const directory of [from, to]) fs.mkdirSync(layoutOf(directory).logs);
  expect(await copy(from, to)).toMatchObject({ equal: true, streams: [], events: 0 });
});

test("a line that was cut off in the middle is completed, not sealed", async () => {
  const [from, to] = [await ledgerOf(3), scratchDirectory()];
  let budget = 700;
  const files: FilePort = {
    ...nodeFiles,
    write: (fd, buffer, offset, length, position) => {
      if (position !== null) return nodeFiles.write(fd, buffer, offset, length, position);
      const part = Math.min(budget, length);
      budget -= part;
      if (part === 0) throw errnoError("ENOSPC");
      return nodeFiles.write(fd, buffer, offset, part, position);
    },
  };
  const fault = await faultOf(copy(from, to, { files }));
  expect(fault).toMatchObject({ code: "STORAGE_FULL", outcome: "unknown" });
  expect(fault.hint).toContain("goes on");
  expect(fs.readFileSync(logOf(to)).length).toBe(700);
  await copy(from, to);
  expect(logsIn(to)).toEqual(logsIn(from));
});

test("a target that holds another mission, or another history, is left as it is", async () => {
  const [from, stray, changed] = [await ledgerOf(2), await ledgerOf(2), scratchDirectory()];
  const store = await openFileStore({ directory: stray });
  await put(store, emptyHead, "c0", { stream: "mission-stray" });
  await store.close();
  await copy(from, changed);
  const writer = await openFileStore({ directory: changed });
  await put(writer, await writer.head(other), "foreign", { stream: other });
  await writer.close();
  for (const [target, named] of [
    [stray, "mission-stray"],
    [changed, other],
  ] as const) {
    const before = logsIn(target);
    expect(await faultOf(copy(from, target))).toMatchObject({
      code: "COPY_DIVERGED",
      outcome: "not_written",
      details: { stream: named },
    });
    expect(logsIn(target)).toEqual(before);
  }
});

test("a writer that comes between two batches is met, and nothing is written behind its event", async () => {
  const [from, to] = [await ledgerOf(2), scratchDirectory()];
  const target = fileTransfer({ directory: to });
  const meddling: TransferTarget = {
    ...target,
    take: async (batch, signal) => {
      const store = await openFileStore({ directory: to });
      await put(store, emptyHead, "first", { stream: other });
      await store.close();
      return target.take(batch, signal);
    },
  };
  const fault = await faultOf(copyLedger({ from: fileTransfer({ directory: from }), to: meddling }));
  expect(fault).toMatchObject({ code: "COPY_DIVERGED", details: { stream: other } });
  const store = await openFileStore({ directory: to });
  expect((await allEvents(store.read(other))).map(({ commandId }) => commandId)).toEqual(["first"]);
  await store.close();
});

test("a writer that comes after the last batch is met by the comparison", async () => {
  const [from, to] = [await ledgerOf(2), scratchDirectory()];
  const target = fileTransfer({ directory: to });
  const meddling: TransferTarget = {
    ...target,
    finish: async () => {
      await target.finish();
      const store = await openFileStore({ directory: to });
      await put(store, await store.head(stream), "after");
      await store.close();
    },
  };
  expect(await faultOf(copyLedger({ from: fileTransfer({ directory: from }), to: meddling }))).toMatchObject({
    code: "COPY_DIVERGED",
    details: { stream },
  });
});

test("a target whose bytes change behind the copy's back is not called equal", async () => {
  const [from, to] = [await ledgerOf(2), scratchDirectory()];
  const target = fileTransfer({ directory: to });
  const tampering: TransferTarget = {
    ...target,
    finish: async () => {
      await target.finish();
      const lines = fs.readFileSync(logOf(to), "utf8").split("\n");
      fs.writeFileSync(logOf(to), `${lines[0]}\n`);
    },
  };
  expect(await faultOf(copyLedger({ from: fileTransfer({ directory: from }), to: tampering }))).toMatchObject(
    {
      code: "READBACK_FAILED",
      outcome: "unknown",
      details: { stream, wanted: { entries: 2 }, found: { entries: 1 } },
    },
  );
});

test("an event whose digest is another than its content's is met, even where the checksum is right", async () => {
  const [from, to] = [await ledgerOf(1), scratchDirectory()];
  const { events, ...rest } = commitOn(emptyHead, "forged");
  const forged = { ...rest, events: events.map((event) => ({ ...event, data: { note: "another" } })) };
  fs.writeFileSync(logOf(from), encodeRecord(forged, { origin: "ledger", seq: 1 }, 65_536));
  expect(await faultOf(copy(from, to))).toMatchObject({ code: "LOG_CORRUPT", details: { stream } });
  expect(logsIn(to)).toEqual({});
});

test("of a source with a forked, a damaged and a suspect mission nothing is copied, and all three are named", async () => {
  const [from, to] = [await ledgerOf(2), scratchDirectory()];
  const store = await openFileStore({ directory: from });
  for (const name of ["mission-sound", "mission-suspect"]) await putMany(store, 2, { stream: name });
  await store.close();
  const rival = commitOn(emptyHead, "rival");
  fs.appendFileSync(logOf(from), encodeRecord(rival, { origin: "elsewhere", seq: 90 }, 65_536));
  fs.appendFileSync(logOf(from, other), "damaged\n");
  fs.writeFileSync(layoutOf(from).of("mission-suspect").suspect, "");
  const fault = await faultOf(copy(from, to));
  expect(fault).toMatchObject({ code: "FORK_DETECTED", outcome: "not_written" });
  expect(fault.details.problems).toMatchObject([
    { code: "FORK_DETECTED", stream, hint: expect.stringContaining("mled reconcile") },
    { code: "LOG_CORRUPT", stream: other, hint: expect.stringContaining("mled repair") },
    { code: "DURABILITY_UNKNOWN", stream: "mission-suspect", hint: expect.stringContaining("mled repair") },
  ]);
  expect(logsIn(to)).toEqual({});
});

test("a flush that fails leaves the mark that keeps every writer out, and the copy too", async () => {
  const [from, to] = [await ledgerOf(2), scratchDirectory()];
  const files: FilePort = {
    ...nodeFiles,
    fdatasync: (fd) => {
      if (nodeFiles.fstat(fd).ino === nodeFiles.lstat(logOf(to))?.ino) throw errnoError("EIO");
      nodeFiles.fdatasync(fd);
    },
  };
  expect(await faultOf(copy(from, to, { files }))).toMatchObject({
    code: "DURABILITY_UNKNOWN",
    outcome: "unknown",
  });
  expect(fs.existsSync(layoutOf(to).of(stream).suspect)).toBe(true);
  expect(await faultOf(copy(from, to))).toMatchObject({ code: "DURABILITY_UNKNOWN", details: { stream } });
});

test("what a process that died had not flushed is flushed before it is called equal", async () => {
  const [from, to] = [await ledgerOf(2), scratchDirectory()];
  await copy(from, to);
  const flushed: number[] = [];
  const files: FilePort = {
    ...nodeFiles,
    fdatasync: (fd) => {
      flushed.push(nodeFiles.fstat(fd).ino);
      nodeFiles.fdatasync(fd);
    },
  };
  await copy(from, to, { files });
  for (const name of [stream, other]) expect(flushed).toContain(fs.statSync(logOf(to, name)).ino);
});

test("a store that only appends gets the commits with their ids and digests, and gives them back", async () => {
  const [from, to] = [await ledgerOf(3), openMemoryStore()];
  const target = storeTransfer(to, ["mission"]);
  const report = await copyLedger({ from: fileTransfer({ directory: from }), to: target });
  expect(report).toMatchObject({ kept: "commits", events: 6, equal: true });
  const source = await openFileStore({ directory: from });
  const bare = (events: readonly { position: string; mark?: string }[]) =>
    events.map(({ position: _, mark: _mark, ...event }) => event);
  expect(bare(await allEvents(to.readAll()))).toEqual(bare(await allEvents(source.readAll())));
  expect(await to.findCommand(stream, "c1")).toEqual(await source.findCommand(stream, "c1"));
  await source.close();
  expect(await copyLedger({ from: fileTransfer({ directory: from }), to: target })).toMatchObject({
    copied: { events: 0 },
  });
});

test("a copy that is aborted says so and leaves a beginning that the next one goes on with", async () => {
  const [from, to] = [await ledgerOf(2), scratchDirectory()];
  const abort = new AbortController();
  const target = fileTransfer({ directory: to });
  const stopping: TransferTarget = {
    ...target,
    take: (batch) => {
      abort.abort();
      return target.take(batch, abort.signal);
    },
  };
  const source = fileTransfer({ directory: from });
  await expect(copyLedger({ from: source, to: stopping, signal: abort.signal })).rejects.toThrow(/abort/i);
  await copy(from, to);
  expect(logsIn(to)).toEqual(logsIn(from));
});

test("a copy leaves signals and timers their turn, so that it can be aborted from outside", async () => {
  const [from, to] = [scratchDirectory(), scratchDirectory()];
  const store = await openFileStore({ directory: from });
  await putMany(store, 1_500, { data: { text: "x".repeat(2_000) } });
  await store.close();
  const abort = new AbortController();
  setImmediate(() => setImmediate(() => abort.abort()));
  await expect(copy(from, to, { signal: abort.signal })).rejects.toThrow(/abort/i);
  await copy(from, to);
  expect(logsIn(to)).toEqual(logsIn(from));
});
