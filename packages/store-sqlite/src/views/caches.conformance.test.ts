import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import {
  believedSnapshotConformance,
  snapshotStoreConformance,
  viewStoreConformance,
} from "@mission-ledger/testkit";
import { describe, it } from "vitest";
import type { SqlDriver } from "../driver/driver.ts";
import { openSqliteStore } from "../sqlite-store.ts";
import { sqliteSnapshots } from "./sqlite-snapshots.ts";
import { sqliteViews } from "./sqlite-views.ts";

interface World<Cache> {
  readonly cache: Cache;
  readonly path: string;
  dispose(): void;
}

const opener =
  <Cache extends { close(): void }>(open: (ledger: string) => Cache) =>
  async (): Promise<World<Cache>> => {
    const directory = mkdtempSync(path.join(realpathSync(os.tmpdir()), "mission-ledger-cache-"));
    const ledger = path.join(directory, "ledger.db");
    const cache = open(ledger);
    return {
      cache,
      path: ledger,
      dispose: () => {
        cache.close();
        rmSync(directory, { recursive: true, force: true });
      },
    };
  };

/** Changes every stored text behind the store's back, and leaves the checksums. */
const damage = (ledger: string, sql: string): void => {
  const Driver = createRequire(import.meta.url)("better-sqlite3") as SqlDriver;
  const db = new Driver(`${ledger}-cache`, { fileMustExist: true, timeout: 0 });
  db.exec(sql);
  db.close();
};

viewStoreConformance<World<ReturnType<typeof sqliteViews>>>({
  describe,
  it,
  title: "views beside a database",
  open: opener((ledger) => sqliteViews({ path: ledger })),
  reopen: async ({ path: ledger }) => sqliteViews({ path: ledger }),
  damage: ({ path: ledger }) =>
    damage(ledger, "UPDATE cache_views SET view = replace(view, 'planned', 'blocked')"),
  offers: ["drop"],
});

snapshotStoreConformance<World<ReturnType<typeof sqliteSnapshots>>>({
  describe,
  it,
  title: "snapshots beside a database",
  open: opener((ledger) => sqliteSnapshots({ path: ledger })),
  reopen: async ({ path: ledger }) => sqliteSnapshots({ path: ledger }),
  damage: ({ path: ledger }) =>
    damage(ledger, "UPDATE cache_snapshots SET state = replace(state, 'planned', 'blocked')"),
  unwritable: async () => sqliteSnapshots({ path: "/proc/nowhere/ledger.db" }),
  offers: ["sets"],
});

believedSnapshotConformance({
  describe,
  it,
  title: "a SQLite store and its snapshots",
  open: async () => {
    const { cache, path: ledger, dispose } = await opener((file) => sqliteSnapshots({ path: file }))();
    return {
      store: await openSqliteStore({ path: ledger }),
      snapshots: cache,
      damage: () => damage(ledger, "UPDATE cache_snapshots SET state = replace(state, '999', '998')"),
      dispose,
    };
  },
  damages: true,
});
