/** F09: a log of fifty records cut at every byte: the reader gives exactly the complete ones, and the next append is legal. */
import { inspectStream } from "@mission-ledger/store-file";
import { crashStream, simulatedDisk } from "@mission-ledger/testkit";
import { directory, openOn } from "./disk/ledger.mjs";
import { newHistory } from "./disk/operations.mjs";

const records = 50;
const logPath = `${directory}/log/${crashStream}.jsonl`;
const alive = () => true;
const lf = 10;

/** @type {import("./rig.d.mts").Rig} */
export const rig = {
  id: "F09",
  name: "cut-log",
  title: `a log of ${records} records cut at every byte`,
  unit: "cuts",
  perPush: 20_000,
  longRun: 20_000,
  run: async ({ deadline }) => {
    const whole = simulatedDisk();
    const store = await openOn(whole.process().files);
    const history = newHistory();
    // What is known of the log after each of its records: the writer of the next one begins there.
    const views = [history.view()];
    for (let record = 0; record < records; record += 1) {
      await history.run(store, { commandId: `c${record}`, bytes: 10 }, alive);
      views.push(history.view());
    }
    await store.close();
    const bytes = whole.bytesOf(logPath);
    const failures = [];
    const figures = { bytes: bytes.length, sealed: 0 };
    let done = 0;
    let complete = 0;
    for (let cut = 0; cut <= bytes.length && failures.length < 20 && performance.now() < deadline; cut += 1) {
      if (cut > 0 && bytes[cut - 1] === lf) complete += 1;
      const disk = simulatedDisk();
      disk.plant(logPath, bytes.subarray(0, cut));
      const wrong = (text) => failures.push(`cut at ${cut}: ${text}`);
      const report = () =>
        inspectStream({ directory, stream: crashStream, files: disk.process().files, digests: false });
      const { records: found, findings } = report();
      if (found !== complete || findings.length > 0) wrong(`${found} records of ${complete}`);
      const next = newHistory(views[complete]);
      const writer = disk.process();
      const again = await openOn(writer.files);
      if (!(await next.run(again, { commandId: "next" }, alive, 1)))
        wrong(`the next append was answered with ${JSON.stringify(next.view().faults)} ${next.untyped}`);
      await again.close();
      const after = report();
      if (after.records !== complete + 1 || after.findings.length > 0 || after.tornBytes > 0)
        wrong(`after the next append ${after.records} records, ${JSON.stringify(after.findings)}`);
      figures.sealed += after.sealedFragments;
      done += 1;
    }
    return { done, failures, figures };
  },
};
