/** F05: the disk is full at every byte of a record; then there is room again. With root also on a tmpfs of a few pages. */
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { inspectStream, openFileStore } from "@mission-ledger/store-file";
import { crashStream, simulatedDisk } from "@mission-ledger/testkit";
import { directory, look, openOn } from "./disk/ledger.mjs";
import { newHistory } from "./disk/operations.mjs";

const logPath = `${directory}/log/${crashStream}.jsonl`;
const sizes = [40, 700, 5_000];
const alive = () => true;

/** A ledger with one record, its store and its disk. */
const begun = async (disk) => {
  const store = await openOn(disk.process().files);
  const history = newHistory();
  await history.run(store, { commandId: "c1" }, alive);
  return { store, history };
};

/** What a second record of this size takes. */
const lengthOf = async (bytes) => {
  const disk = simulatedDisk();
  const { store, history } = await begun(disk);
  const before = disk.bytesOf(logPath).length;
  await history.run(store, { commandId: "c2", bytes }, alive);
  return disk.bytesOf(logPath).length - before;
};

/** One full disk: room for `room` bytes of a record of `length`. */
const fill = async ({ bytes, length, room, figures, failures }) => {
  const disk = simulatedDisk();
  const { store, history } = await begun(disk);
  disk.room = room;
  const wrong = (text) => failures.push(`${length} bytes, room for ${room}: ${text}`);
  const fits = room >= length;
  const isDone = await history.run(store, { commandId: "c2", bytes }, alive, 1);
  if (isDone !== fits) wrong(isDone ? "acknowledged without room" : "refused with room");
  const readable = () => {
    const { head, problems } = look(disk.process().files, crashStream);
    if (head.revision !== history.head.revision || problems.length > 0)
      wrong(`the log reads up to ${head.revision}, ${problems}`);
  };
  readable();
  if (!fits) {
    // A second try, still without room, then with it.
    await history.run(store, { commandId: "c2", bytes }, alive, 1);
    readable();
    for (const { code, outcome } of history.view().faults)
      if (code !== "STORAGE_FULL" || outcome !== "not_written") wrong(`answered ${code}, ${outcome}`);
    disk.room = Number.POSITIVE_INFINITY;
    if (!(await history.run(store, { commandId: "c2", bytes }, alive, 1))) wrong("refused with room again");
    figures.full += 1;
  } else disk.room = Number.POSITIVE_INFINITY;
  if (!(await history.run(store, { commandId: "c3" }, alive, 1))) wrong("the next append was refused");
  readable();
  for (const text of history.untyped) wrong(text);
  await store.close();
};

/** A new ledger on a disk with room for so many bytes. */
const begin = async ({ room, failures, figures }) => {
  const disk = simulatedDisk({ capacity: room });
  const history = newHistory();
  const wrong = (text) => failures.push(`a new ledger, room for ${room}: ${text}`);
  const store = await openOn(disk.process().files);
  const isDone = await history.run(store, { commandId: "c1" }, alive, 1);
  for (const { code, outcome } of history.view().faults)
    if (code !== "STORAGE_FULL" || outcome !== "not_written") wrong(`answered ${code}, ${outcome}`);
  disk.room = Number.POSITIVE_INFINITY;
  if (!isDone) {
    figures.full += 1;
    if (!(await history.run(store, { commandId: "c1" }, alive, 1))) wrong("refused with room again");
  }
  const { head, problems } = look(disk.process().files, crashStream);
  if (head.revision !== 0 || problems.length > 0) wrong(`the log reads up to ${head.revision}, ${problems}`);
  for (const text of history.untyped) wrong(text);
  await store.close();
  return isDone;
};

const isRoot = process.getuid?.() === 0;

/** The real thing, page by page. */
const onTmpfs = async ({ scratch, failures, figures }) => {
  if (!isRoot) {
    figures.tmpfs = "SKIPPED: needs root to mount";
    return;
  }
  const mounted = path.join(scratch, "tmpfs");
  mkdirSync(mounted);
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=128k", "tmpfs", mounted]);
  try {
    let cases = 0;
    for (let pages = 0; pages < 8; pages += 1) {
      const ledger = path.join(mounted, `ledger-${pages}`);
      const store = await openFileStore({ directory: ledger });
      const history = newHistory();
      await history.run(store, { commandId: "c1" }, alive);
      const filler = path.join(mounted, "filler");
      try {
        writeFileSync(filler, Buffer.alloc((28 - pages) * 4_096));
      } catch (error) {
        if (error.code !== "ENOSPC") throw error;
      }
      let step = 2;
      while (step < 100 && (await history.run(store, { commandId: `c${step}`, bytes: 1_500 }, alive, 1)))
        step += 1;
      const fault = history.view().faults.at(-1);
      if (fault?.code !== "STORAGE_FULL" || fault.outcome !== "not_written")
        failures.push(`tmpfs, ${pages} pages: ${JSON.stringify(fault)}`);
      const report = inspectStream({ directory: ledger, stream: crashStream });
      if (report.head.revision !== history.head.revision)
        failures.push(`tmpfs, ${pages} pages: the log lacks something`);
      rmSync(filler);
      if (!(await history.run(store, { commandId: `c${step}`, bytes: 1_500 }, alive, 1)))
        failures.push(`tmpfs, ${pages} pages: refused with room again`);
      await store.close();
      rmSync(ledger, { recursive: true });
      cases += 1;
    }
    figures.tmpfs = cases;
  } finally {
    execFileSync("umount", ["-l", mounted]);
  }
};

/** @type {import("./rig.d.mts").Rig} */
export const rig = {
  id: "F05",
  name: "full-disk",
  title: "a disk full at every byte of a record",
  unit: "full disks",
  perPush: 7_000,
  longRun: 7_000,
  run: async ({ deadline, scratch }) => {
    const figures = { full: 0, records: "" };
    const failures = [];
    let done = 0;
    const goesOn = () => failures.length < 50 && performance.now() < deadline;
    for (const bytes of sizes) {
      const length = await lengthOf(bytes);
      figures.records += `${length} `;
      for (let room = 0; room <= length + 1 && goesOn(); room += 1) {
        await fill({ bytes, length, room, figures, failures });
        done += 1;
      }
    }
    for (let room = 0; goesOn(); room += 1) {
      done += 1;
      if (await begin({ room, failures, figures })) break;
    }
    await onTmpfs({ scratch, failures, figures });
    return { done, failures, figures };
  },
};
