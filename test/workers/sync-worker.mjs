/**
 * Brings a ledger to a server: `sync-worker.mjs <directory> <url>`. Writes one line for each report of progress, with the
 * events sent so far, and the report as its last line.
 */
import { writeSync } from "node:fs";
import { replicate } from "@mission-ledger/core";
import { openEventStoreDb } from "@mission-ledger/store-eventstoredb";
import { fileViews, openFileStore } from "@mission-ledger/store-file";

const [directory = "", url = ""] = process.argv.slice(2);
const say = (line) => writeSync(1, `${JSON.stringify(line)}\n`);

const from = await openFileStore({ directory });
// Shorter than people would have it: what the server loses is found out sooner.
const to = await openEventStoreDb({ url, deadlineMs: 1_000 });
const report = await replicate(from, to, {
  categories: ["mission"],
  memory: { views: fileViews({ directory }), target: url },
  maxFailures: 20,
  onProgress: ({ events }) => say({ sent: events }),
});
await Promise.all([from.close(), to.close()]);
say({ report });
