import { formatPath } from "@mission-ledger/core";
import { verifyViews } from "@mission-ledger/rebuild";
import { openGround } from "./ground.mjs";

const [directory] = process.argv.slice(2);
const ground = await openGround({ directory });
const { compared, differences } = await verifyViews({ ...ground, scope: { category: "mission" } });
await ground.store.close();

for (const { stream, view, path, live, rebuilt, madeBy } of differences) {
  const by = madeBy === null ? "no event" : `${madeBy.type} at revision ${madeBy.revision}`;
  console.log(`${stream} ${view.name} ${formatPath(path)}: ${live}, but ${rebuilt} by ${by}`);
}
console.log(`${differences.length} of ${compared} views differ`);
