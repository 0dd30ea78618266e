/**
 * What a process does on a disk, for rigs that let it die or fail at every call. Each has what must be there before, the
 * operation, and a check of the disk afterwards that answers sentences about what is wrong.
 */
import { isStoreFault } from "@mission-ledger/core";
import { ledgerOver } from "@mission-ledger/core/mission";
import { fileSnapshots } from "@mission-ledger/store-file";
import { crashStream, History, judgeStore } from "@mission-ledger/testkit";
import { directory, openOn } from "./ledger.mjs";

const alive = () => true;
const first = { commandId: "c1" };
const second = { commandId: "c2", events: 2 };

const withStore = async (files, use) => {
  const store = await openOn(files);
  try {
    return await use(store);
  } finally {
    await store.close();
  }
};

const write =
  (...commands) =>
  (files, history, isAlive = alive, tries = 1) =>
    withStore(files, async (store) => {
      for (const command of commands) if (!(await history.run(store, command, isAlive, tries))) return;
    });

/** Reads everything, tries what is pending again, and ends with each command exactly once. */
const judge = (mayRefuse) => (files, history) =>
  withStore(files, async (store) => {
    const { breaches } = await judgeStore(store, history.view(), mayRefuse);
    return breaches.map(({ check, what }) => `${check}: ${what}`);
  });

const readAll = (files) =>
  withStore(files, async (store) => {
    let events = 0;
    for await (const batch of store.read(crashStream)) events += batch.length;
    for await (const batch of store.readAll()) events += batch.length;
    await store.streams("torture");
    await store.head(crashStream);
    await store.findCommand(crashStream, first.commandId);
    return events;
  });

const confirm = (files, history) =>
  withStore(files, async (store) => {
    await store.confirm(crashStream, history.head);
  });

const createMission = {
  type: "CreateMission",
  slug: "m",
  title: "M",
  missionId: "m",
  dependencyMetAt: "approved",
};

const plan = (files) =>
  withStore(files, async (store) => {
    const ledger = ledgerOver({ store, snapshots: fileSnapshots({ directory, files }), actor: "torturer" });
    return ledger.mission("m").execute(createMission, { commandId: "plan" });
  });

const missionIsThere = async (files) => {
  const { eventIds, readback, state } = await plan(files);
  const found = [];
  await withStore(files, async (store) => {
    for await (const batch of store.read("mission-m")) found.push(...batch.map(({ id }) => id));
  });
  const isWhole = readback === "verified" && state._tag === "Open" && found.join() === eventIds.join();
  return isWhole ? [] : [`the mission is ${state._tag}, with ${found.length} of ${eventIds.length} events`];
};

const key = { stream: crashStream, name: "sum", version: 1 };
const snapshot = { head: { revision: 0, digest: "0".repeat(64) }, state: { sum: 1 }, unknownEvents: 0 };

const keepSnapshot = (files) => fileSnapshots({ directory, files }).save(key, snapshot);

const snapshotIsSound = async (files) => {
  const snapshots = fileSnapshots({ directory, files });
  const found = await snapshots.load(key);
  if (found !== undefined && found.state.sum !== 1) return ["a snapshot came back as another one"];
  await snapshots.save(key, snapshot);
  return (await snapshots.load(key)) === undefined ? ["no snapshot can be kept any more"] : [];
};

const nothing = async () => {};

/** @param {{ mayRefuse?: (code: string) => boolean }} options */
export const operations = ({ mayRefuse = () => false } = {}) => [
  { name: "append to a new log", before: nothing, act: write(first), check: judge(mayRefuse) },
  { name: "append", before: write(first), act: write(second), check: judge(mayRefuse) },
  { name: "repeat", before: write(first), act: write(first), check: judge(mayRefuse) },
  { name: "read", before: write(first, second), act: readAll, check: judge(mayRefuse) },
  { name: "confirm", before: write(first), act: confirm, check: judge(mayRefuse) },
  { name: "create a mission", before: nothing, act: plan, check: missionIsThere },
  { name: "save a snapshot", before: write(first), act: keepSnapshot, check: snapshotIsSound },
  {
    name: "rebuild a snapshot",
    before: async (files, history) => {
      await write(first)(files, history);
      await keepSnapshot(files);
    },
    act: keepSnapshot,
    check: snapshotIsSound,
  },
];

export const newHistory = (view) => new History(view);
export const isFault = isStoreFault;
