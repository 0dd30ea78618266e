/**
 * What a process does with a database, for rigs that let it die or fail at every call. Each begins with files that stand there
 * already, and with what was acknowledged of them.
 */
import fs from "node:fs";
import { crashStream, History } from "@mission-ledger/testkit";
import { stores } from "../../stores/index.mjs";

const alive = () => true;
const first = { commandId: "c1" };
const second = { commandId: "c2", events: 2, bytes: 6_000 };
const third = { commandId: "c3" };

const write = async (store, history, ...commands) => {
  for (const command of commands) if (!(await history.run(store, command, alive, 1))) return;
};

const readAll = async (store) => {
  for await (const batch of store.read(crashStream))
    if (batch.length === 0) throw new Error("an empty batch");
  for await (const batch of store.readAll()) if (batch.length === 0) throw new Error("an empty batch");
  await store.streams("torture");
  await store.findCommand(crashStream, first.commandId);
};

/** `armed` says from when on calls count: from the opening of the store, or from when it has been used once. */
export const operations = [
  {
    name: "append to a new database",
    before: "nothing",
    armed: "opening",
    run: (s, h) => write(s, h, first),
  },
  { name: "open and append", before: "closed", armed: "opening", run: (s, h) => write(s, h, second) },
  {
    name: "open after a death and append",
    before: "died",
    armed: "opening",
    run: (s, h) => write(s, h, third),
  },
  { name: "append", before: "closed", armed: "acting", run: (s, h) => write(s, h, second, third) },
  { name: "repeat", before: "died", armed: "acting", run: (s, h) => write(s, h, first) },
  { name: "read", before: "died", armed: "acting", run: (s) => readAll(s) },
  { name: "confirm", before: "died", armed: "acting", run: (s, h) => s.confirm(crashStream, h.head) },
  { name: "close", before: "died", armed: "closing", run: async () => {} },
];

const ends = ["", "-wal", "-shm"];

export const copyDatabase = (from, to) => {
  for (const end of ends) {
    fs.rmSync(to + end, { force: true });
    // Like the next process, the copy has no -shm: it is made anew.
    if (end !== "-shm" && fs.existsSync(from + end)) fs.copyFileSync(from + end, to + end);
  }
};

export const removeDatabase = (place) => {
  for (const end of ends) fs.rmSync(place + end, { force: true });
};

/** The files that operations begin with, and what is known of each. */
export const makeBeginnings = async (folder) => {
  const closed = `${folder}/closed.db`;
  const history = new History();
  const store = await stores.sqlite.open(closed);
  await write(store, history, first);
  await store.close();
  const closedView = history.view();
  // While it is open its -wal is full: as after a death.
  const dying = await stores.sqlite.open(closed);
  const died = `${folder}/died.db`;
  const longer = new History(closedView);
  await write(dying, longer, second);
  copyDatabase(closed, died);
  await dying.close();
  fs.rmSync(closed);
  const sound = await stores.sqlite.open(closed);
  await write(sound, new History(), first);
  await sound.close();
  if (history.untyped.length + longer.untyped.length > 0)
    throw new Error(`no beginnings: ${[...history.untyped, ...longer.untyped]}`);
  return {
    nothing: { place: `${folder}/nothing.db`, view: new History().view() },
    closed: { place: closed, view: closedView },
    died: { place: died, view: longer.view() },
  };
};

/** Opens, acts, closes; `arm` is called when calls begin to count, `judgeFault` with what was thrown outside of a command. */
export const act = async ({ operation, place, history, arm, thrown }) => {
  if (operation.armed === "opening") arm();
  let store;
  try {
    // Short, since a lock that fails for good would be waited for.
    store = await stores.sqlite.open(place, { lockTimeoutMs: 20 });
    if (operation.armed === "acting") {
      await store.head(crashStream);
      arm();
    }
    await operation.run(store, history);
    if (operation.armed === "closing") {
      await store.head(crashStream);
      arm();
    }
  } catch (error) {
    thrown(error);
  }
  try {
    await store?.close();
  } catch (error) {
    thrown(error);
  }
};
