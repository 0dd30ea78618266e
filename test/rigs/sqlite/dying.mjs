/**
 * One operation on a database, by a process whose n-th call is its last. Says what was acknowledged with one synchronous
 * write each, so that what was said is said.
 */
import { writeSync } from "node:fs";
import { isStoreFault } from "@mission-ledger/core";
import { History } from "@mission-ledger/testkit";
import { openControl } from "./injector.mjs";
import { act, operations } from "./operations.mjs";

const [controlFile, name, place, view, at, action] = process.argv.slice(2);
const control = openControl(controlFile);
const history = new History(JSON.parse(view));
let said = 0;
const known = history.view().acknowledged.length;
const run = history.run.bind(history);
history.run = async (...parameters) => {
  const answer = await run(...parameters);
  for (const commit of history.view().acknowledged.slice(known + said)) {
    said += 1;
    writeSync(1, `${JSON.stringify({ acknowledged: commit })}\n`);
  }
  return answer;
};
const tell = (error) =>
  writeSync(1, `${JSON.stringify({ thrown: isStoreFault(error) ? error.code : String(error.stack) })}\n`);

const main = async () => {
  await act({
    operation: operations.find((operation) => operation.name === name),
    place,
    history,
    arm: () => control.arm({ at: Number(at), action: Number(action) }),
    thrown: tell,
  });
  for (const text of history.untyped) tell(new Error(text));
  const { trace } = control.disarm();
  writeSync(1, `${JSON.stringify({ trace: trace.map((call) => call.name) })}\n`);
};
// No await at the top level, which the bundle's format has no place for.
main().catch((error) => {
  tell(error);
  process.exitCode = 1;
});
