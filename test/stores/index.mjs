/** The SQLite store, or the broken one that the rig of broken stores has put in its place. */
const sqliteStore = () => {
  const broken = process.env.MISSION_LEDGER_BROKEN_SQLITE;
  return broken === undefined ? import("@mission-ledger/store-sqlite") : import(broken);
};

/** The stores by name, for rigs, races and benches that run on each of them: one rig, two stores. */
export const stores = {
  file: {
    name: "file",
    /** What `open` takes, in a folder of one's own. */
    placeIn: (folder) => folder,
    open: async (place, options = {}) => {
      const { openFileStore } = await import("@mission-ledger/store-file");
      return openFileStore({ directory: place, ...options });
    },
    snapshots: async (place) => {
      const { fileSnapshots } = await import("@mission-ledger/store-file");
      return fileSnapshots({ directory: place });
    },
    inspect: async (place, streams) => {
      const { inspectStream } = await import("@mission-ledger/store-file");
      const problems = [];
      const figures = { torn: 0, voids: 0 };
      for (const stream of streams) {
        const report = inspectStream({ directory: place, stream });
        const { findings, brokenLinks, suspect, tornBytes, sealedFragments, voidRecords } = report;
        figures.torn += sealedFragments;
        figures.voids += voidRecords;
        if (findings.length + brokenLinks.length > 0 || suspect || tornBytes > 0)
          problems.push(`${stream}: ${JSON.stringify({ findings, brokenLinks, suspect, tornBytes })}`);
      }
      return { problems, figures };
    },
  },
  sqlite: {
    name: "sqlite",
    placeIn: (folder) => `${folder}/ledger.db`,
    open: async (place, options = {}) => {
      const { openSqliteStore } = await sqliteStore();
      return openSqliteStore({ path: place, ...options });
    },
    snapshots: async (place) => {
      const { sqliteSnapshots } = await import("@mission-ledger/store-sqlite");
      return sqliteSnapshots?.({ path: place });
    },
    inspect: async (place) => {
      const { problemsOf } = await import("./sqlite-file.mjs");
      const { inspectDatabase } = await import("@mission-ledger/store-sqlite");
      const { findings } = await inspectDatabase({ path: place });
      const problems = [...problemsOf(place), ...findings.map(({ kind, why }) => `${kind}: ${why}`)];
      return { problems, figures: {} };
    },
  },
};

/** Stores on a server. Their place is an address with a namespace, which only who has a server can give. */
export const servers = {
  eventstoredb: {
    name: "eventstoredb",
    open: async (place, options = {}) => {
      const { openEventStoreDb } = await import("@mission-ledger/store-eventstoredb");
      return openEventStoreDb({ url: place, ...options });
    },
    snapshots: async () => {
      const { memorySnapshots } = await import("@mission-ledger/core");
      return memorySnapshots();
    },
    inspect: async (place, streams) => {
      const { chainProblems } = await import("./chain.mjs");
      return { problems: await chainProblems(await servers.eventstoredb.open(place), streams), figures: {} };
    },
  },
};

export const storeNamed = (name) => stores[name] ?? servers[name];
