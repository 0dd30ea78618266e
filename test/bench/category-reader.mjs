/** A process that reads a ledger on a server in one way, and says what it found and how much memory it took. */
import { createHash } from "node:crypto";
import { rebuildViews } from "@mission-ledger/rebuild";
import { openEventStoreDb } from "@mission-ledger/store-eventstoredb";
import { fileSnapshots } from "@mission-ledger/store-file";
import { allViews } from "./rebuild-views.mjs";

const category = "mission";

/** Everything, once; every so many events the place is noted, and what comes behind it. */
const readWhole = async (store, { noteEvery }) => {
  const hash = createHash("sha256");
  const notes = [];
  let events = 0;
  let last;
  for await (const batch of store.readAll({ category }))
    for (const { id, position } of batch) {
      if (events > 0 && events % noteEvery === 0) notes.push({ index: events, position: last, next: id });
      hash.update(id);
      last = position;
      events += 1;
    }
  return { events, hash: hash.digest("hex"), notes, last };
};

/** From each place that was noted: what comes next; from the places at `toTheEnd`, all of the rest. */
const resume = async (store, { notes, last, toTheEnd, events }) => {
  for (const [place, { index, position, next }] of notes.entries()) {
    let found;
    let seen = 0;
    for await (const batch of store.readAll({ category, after: position })) {
      found ??= batch[0].id;
      seen += batch.length;
      if (!toTheEnd.includes(place)) break;
    }
    if (found !== next) throw new Error(`behind ${position} comes ${found} instead of ${next}`);
    if (toTheEnd.includes(place) && seen !== events - index)
      throw new Error(`behind ${position} are ${seen} events instead of ${events - index}`);
  }
  for await (const batch of store.readAll({ category, after: last }))
    throw new Error(`${batch.length} events come behind the last`);
  return { places: notes.length + 1 };
};

const rebuild = async (store, { directory }) => {
  const { events, streams, problems, switched } = await rebuildViews({
    store,
    snapshots: fileSnapshots({ directory }),
    folds: allViews,
    scope: { category },
  });
  return { events, streams, problems, switched };
};

const { url, task, ...options } = JSON.parse(process.argv[2]);
const store = await openEventStoreDb({ url });
await store.head("mission-nobody");
const before = process.resourceUsage().maxRSS / 1_024;
const begun = performance.now();
const found = await { readWhole, resume, rebuild }[task](store, options);
const seconds = (performance.now() - begun) / 1_000;
await store.close();
const { user, system } = process.cpuUsage();
const figures = { before, peak: process.resourceUsage().maxRSS / 1_024, seconds, cpu: (user + system) / 1e6 };
process.stdout.write(`${JSON.stringify({ ...found, ...figures })}\n`);
