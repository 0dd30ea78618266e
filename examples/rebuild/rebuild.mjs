import { rebuildViews } from "@mission-ledger/rebuild";
import { openGround } from "./ground.mjs";

const [directory] = process.argv.slice(2);
const stop = new AbortController();
process.once("SIGINT", () => stop.abort()); // the next rebuild goes on where this one stops

const ground = await openGround({ directory });
const report = await rebuildViews({
  ...ground,
  scope: { category: "mission" },
  workers: { count: 2, file: new URL("./thread.mjs", import.meta.url), data: { directory } },
  signal: stop.signal,
  onProgress: ({ phase, share }) => console.error(`${phase} ${Math.floor(share * 100)} %`),
});
await ground.store.close();
console.log(`${report.streams} missions, ${report.events} events, ${report.problems.length} damaged`);
