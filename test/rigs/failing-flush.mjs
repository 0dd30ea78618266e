/**
 * F07: a flush that fails once and then lies, from a real kernel: an image on a tmpfs that has no room for it. The file store
 * refuses until a repair. SQLite's store keeps the log from being checkpointed until the disk takes fresh bytes, then has all
 * pages written anew and goes on: a new mount has to find them.
 */
import { mkdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import path from "node:path";
import { openFileStore } from "@mission-ledger/store-file";
import { crashStream, judgeStore } from "@mission-ledger/testkit";
import { stores } from "../stores/index.mjs";
import { problemsOf } from "../stores/sqlite-file.mjs";
import { newHistory } from "./disk/operations.mjs";
import { missingFor, run, sparseFile } from "./power/file-systems.mjs";

const alive = () => true;
const mebibyte = 2 ** 20;
/** Of the records that have to find a place on the disk under the image. */
const recordBytes = 3_000;
const mostRecords = 200;

const unmount = (mounted) => {
  try {
    run("umount", "-l", mounted);
  } catch {
    // It was not mounted.
  }
};

/** Takes the last free page of a file system. */
const fillUp = (folder) => {
  const { bavail, bsize } = statfsSync(folder);
  writeFileSync(path.join(folder, "filler"), Buffer.alloc(bavail * bsize));
};

/** Runs a test on an image whose blocks come from a file system of 24 MiB. */
const onThinDisk = async (scratch, test) => {
  const below = path.join(scratch, "below");
  const mounted = path.join(scratch, "mounted");
  const image = path.join(below, "image");
  for (const folder of [below, mounted]) mkdirSync(folder, { recursive: true });
  run("mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", below);
  try {
    sparseFile(image, 64 * mebibyte);
    // Its own tables are written out, so that only data finds no room.
    run(
      "mkfs.ext4",
      "-q",
      "-F",
      "-O",
      "^has_journal",
      "-E",
      "lazy_itable_init=0,nodiscard",
      "-N",
      "64",
      image,
    );
    const mount = () => run("mount", "-o", "loop", image, mounted);
    mount();
    await test({ below, mounted, mount });
  } finally {
    unmount(mounted);
    unmount(below);
  }
};

/** Appends until a flush fails; answers how many were acknowledged. */
const appendUntilFailure = async ({ store, history, below, mounted, wrong, figures, name }) => {
  if (!(await history.run(store, { commandId: "c0" }, alive))) wrong("the first append was refused");
  run("sync", "-f", mounted);
  fillUp(below);
  let step = 1;
  while (
    step < mostRecords &&
    (await history.run(store, { commandId: `c${step}`, bytes: recordBytes }, alive, 1))
  )
    step += 1;
  const first = history.view().faults[0];
  const seen = `${name}: ${first?.code} ${first?.outcome}`;
  figures[seen] = (figures[seen] ?? 0) + 1;
  const isUnknown = first?.code === "DURABILITY_UNKNOWN" && first.outcome === "unknown";
  if (!isUnknown) wrong(`a failed flush was answered with ${seen}`);
  // Once more without room.
  if (await history.run(store, { commandId: `c${step}`, bytes: recordBytes }, alive, 1))
    wrong("acknowledged without room");
  // There is room again, and a flush would say yes.
  rmSync(path.join(below, "filler"));
  return { step, isUnknown };
};

const tryFile = ({ scratch, figures, wrong }) =>
  onThinDisk(scratch, async ({ below, mounted }) => {
    const directory = path.join(mounted, "ledger");
    const store = await openFileStore({ directory });
    const history = newHistory();
    const world = { store, history, below, mounted, wrong, figures, name: "file" };
    const { step, isUnknown } = await appendUntilFailure(world);
    if (!isUnknown) return store.close();
    const other = await openFileStore({ directory });
    for (const writer of [store, other]) {
      const before = history.view().faults.length;
      const isDone = await history.run(writer, { commandId: `c${step}`, bytes: recordBytes }, alive, 1);
      const fault = history.view().faults[before];
      if (isDone) wrong("a retry succeeded from the cache");
      else if (fault?.code !== "DURABILITY_UNKNOWN" || fault.outcome !== "unknown")
        wrong(`a retry was answered with ${JSON.stringify(fault)}`);
    }
    const { length } = await (async () => {
      const events = [];
      for await (const batch of other.read(crashStream)) events.push(...batch);
      return events;
    })();
    if (length < step) wrong(`${length} of ${step} acknowledged events can be read`);
    for (const text of history.untyped) wrong(text);
    await store.close();
    await other.close();
  });

const trySqlite = ({ scratch, figures, wrong }) =>
  onThinDisk(scratch, async ({ below, mounted, mount }) => {
    const place = path.join(mounted, "ledger.db");
    const store = await stores.sqlite.open(place);
    const history = newHistory();
    const world = { store, history, below, mounted, wrong, figures, name: "sqlite" };
    const { step } = await appendUntilFailure(world);
    if (!(await history.run(store, { commandId: `c${step}`, bytes: recordBytes }, alive, 5)))
      wrong("refused with room again");
    for (const text of history.untyped) wrong(text);
    await store.close();
    // What only the cache had is gone now.
    run("umount", mounted);
    mount();
    const again = await stores.sqlite.open(place);
    const { breaches } = await judgeStore(again, history.view(), () => false);
    await again.close();
    for (const { check, what } of breaches) wrong(`after a new mount: ${check}: ${what}`);
    for (const text of problemsOf(place)) wrong(text);
  });

const tests = [
  ["file", tryFile],
  ["sqlite", trySqlite],
];

/** @type {import("./rig.d.mts").Rig} */
export const rig = {
  id: "F07",
  name: "failing-flush",
  title: "a flush that fails once, then lies",
  unit: "failed flushes",
  perPush: 4,
  longRun: 100,
  skip: () => missingFor("sync"),
  run: async ({ goal, deadline, scratch }) => {
    const figures = {};
    const failures = [];
    let done = 0;
    while (done < goal && failures.length < 5 && performance.now() < deadline) {
      const folder = path.join(scratch, String(done));
      mkdirSync(folder);
      const [name, test] = tests[done % tests.length];
      const wrong = (text) => failures.push(`round ${done}, ${name}: ${text}`);
      await test({ scratch: folder, figures, wrong });
      done += 1;
    }
    return { done, failures, figures };
  },
};
