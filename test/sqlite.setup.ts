/**
 * SQLite's driver is a binary for one version of Node: the one that installed the workspace. There it has to load. On other
 * versions (scripts/test-on-node.mjs, which says so) what needs it is skipped, and told: `describe.skipIf(!inject("sqlite"))`.
 */
import { createRequire } from "node:module";
import path from "node:path";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /** Whether SQLite's driver loads in this Node. */
    readonly sqlite: boolean;
  }
}

/** Why SQLite's driver does not load here; `undefined` where it does. */
export const whyNoSqlite = (): string | undefined => {
  const store = path.resolve(import.meta.dirname, "../packages/store-sqlite/package.json");
  try {
    // The binary is loaded by the first database, not by the package.
    const Database = createRequire(store)("better-sqlite3") as new (file: string) => { close(): void };
    new Database(":memory:").close();
    return undefined;
  } catch (error) {
    return String((error as Error).message).replaceAll(/\s+/g, " ");
  }
};

/** Set by who runs the tests on a Node for which the workspace was not installed. */
const mayBeSkipped = process.env.MISSION_LEDGER_FOREIGN_NODE === "1";

export default ({ provide }: TestProject): void => {
  const why = whyNoSqlite();
  if (why !== undefined && !mayBeSkipped)
    throw new Error(
      `SQLite's driver does not load in Node ${process.versions.node}, and its tests are not to be skipped here: ${why}\n` +
        "Build it: pnpm rebuild better-sqlite3",
    );
  if (why !== undefined)
    console.log(
      `SQLite's tests are skipped: its driver does not load in Node ${process.versions.node} (${why})`,
    );
  provide("sqlite", why === undefined);
};
