import { formatPath, projector } from "@mission-ledger/core";
import { missionCodec } from "@mission-ledger/core/mission";
import { fileViews, openFileStore } from "@mission-ledger/store-file";

/** Answers "how many work packages stand in each lane, over all missions?". */
const lanes = {
  name: "acme-lanes", // part of the stored key; never renamed
  version: 1, // raised when the meaning changes: stored views are then made again
  initial: {},
  when: {
    WorkPackageMoved: (view, { from, to }) => {
      if (from !== "genesis") view[from] -= 1;
      view[to] = (view[to] ?? 0) + 1;
      return view;
    },
  },
};

const [directory] = process.argv.slice(2);
const store = await openFileStore({ directory });
const live = projector({
  store,
  codec: missionCodec,
  projection: lanes,
  views: fileViews({ directory }), // sqliteViews({ path }) beside a database, memoryViews() for one process
  category: "mission",
});

const onProgress = ({ share, leftMs }) => console.error(`${Math.floor(share * 100)} %, ${leftMs} ms left`);
await live.catchUp({ onProgress }); // what is new; from the first event where nothing fits, going on where it was interrupted

const stop = new AbortController();
for await (const { view, events } of live.follow({ signal: stop.signal })) {
  console.log(`${JSON.stringify(view)} after ${events} events`); // the present view first, then one after each change
  stop.abort();
}

const verified = await live.verify(); // compares with what the log makes of it, and writes nothing
console.log(verified._tag);
for (const { path, before, after, madeBy } of verified.differences ?? [])
  console.log(`${formatPath(path)} is ${before}, but ${after} by ${madeBy?.type} of ${madeBy?.stream}`);
await store.close();
