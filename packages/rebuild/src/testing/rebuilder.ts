/** A process that rebuilds the counters of a directory, and says when it begins to fold and when it is done. */
import fs from "node:fs";
import process from "node:process";
import { fileSnapshots, openFileStore } from "@mission-ledger/store-file";
import { rebuildViews } from "../rebuild-views.ts";
import { counterFolds } from "./counters.ts";

const [directory = "", threadFile = ""] = process.argv.slice(2);
const store = await openFileStore({ directory });
const report = await rebuildViews({
  store,
  snapshots: fileSnapshots({ directory }),
  folds: counterFolds,
  scope: { category: "counter" },
  flushEveryMs: 0,
  progressEveryMs: 0,
  onProgress: ({ phase, streams: { done } }) => {
    if (phase === "folding") fs.writeSync(1, `${done}\n`);
  },
  ...(threadFile === "" ? {} : { workers: { count: 2, file: threadFile, data: { directory } } }),
});
await store.close();
fs.writeSync(1, `done ${report.resumed}\n`);
