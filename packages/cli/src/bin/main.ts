/** The program: argv in, exit code out. Bundled into one file by scripts/bundle-cli.mjs and loaded by bin/mled.cjs. */
import path from "node:path";
import process from "node:process";
import { processIo } from "../run/process-io.ts";
import { processPrograms } from "../run/process-programs.ts";
import { runLedger } from "../run/run-ledger.ts";
import { bundledClientCache } from "./eventstoredb-client.ts";
import { interrupt } from "./interrupt.ts";
import { bundledLockBinding } from "./lock-binding.ts";
import { bundledSqliteDriver } from "./sqlite-driver.ts";

/** For the build, which runs a few commands so that the code cache holds what they compile. */
export { bundledClientCache, bundledLockBinding, bundledSqliteDriver, runLedger };

/** Everything is written when this settles, so the caller may end the process. `bundle` is this program's own path. */
export const main = async (bundle: string): Promise<void> => {
  const { signal, abort } = interrupt();
  const programs = processPrograms();
  // The first signal lets a write in flight finish; the second ends at once, as signals do. A program that is run gets all.
  for (const [name, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const) {
    let isFirst = true;
    process.on(name, () => {
      if (programs.isRunning()) return;
      if (!isFirst) process.exit(code);
      isFirst = false;
      abort();
    });
  }
  process.exitCode = await runLedger(process.argv.slice(2), {
    ...processIo(signal, programs),
    loadLockBinding: () => bundledLockBinding(bundle),
    threadFile: path.join(path.dirname(bundle), "..", "..", "bin", "mled-thread.cjs"),
    loadDriver: bundledSqliteDriver,
  });
};
