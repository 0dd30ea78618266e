/**
 * A thread of the program. Bundled into a file of its own by scripts/bundle-cli.mjs and loaded by bin/mled-thread.cjs: what only
 * commands need would cost each thread time and memory.
 */
import { nodeFilesWith } from "@mission-ledger/store-file";
import { serveThread } from "../rebuild/thread.ts";
import { bundledLockBinding } from "./lock-binding.ts";
import { bundledSqliteDriver } from "./sqlite-driver.ts";

/** Settles when the thread has nothing left to do. `bundle` is the path of this program's own file. */
export const thread = (bundle: string): Promise<void> =>
  serveThread({
    files: nodeFilesWith({ loadLockBinding: () => bundledLockBinding(bundle) }),
    loadDriver: bundledSqliteDriver,
  });
