/** A whole rebuild in a process of its own; says how much memory it took at most, in MB. */
import { rebuildViews } from "@mission-ledger/rebuild";
import { allViews, openGround } from "./rebuild-ground.mjs";

const [directory, store] = process.argv.slice(2);
const before = process.resourceUsage().maxRSS / 1_024;
const ground = await openGround(directory, store);
const { events } = await rebuildViews({
  ...ground,
  folds: allViews,
  scope: { category: "mission" },
  resume: false,
});
await ground.store.close();
process.stdout.write(JSON.stringify({ events, before, peak: process.resourceUsage().maxRSS / 1_024 }));
