/** The SQLite store: one database file. Its package is loaded when an address asks for it, and never before. */
import fs from "node:fs";
import path from "node:path";
import type { LoadDriver } from "@mission-ledger/store-sqlite";
import { makeFoldersFor } from "./folders.ts";
import { isNotInstalled, sqliteLeftOut } from "./sqlite-left-out.ts";
import type { StoreKind, StorePorts } from "./store-kind.ts";

export const sqliteKind: StoreKind = {
  title: "SQLite store",
  isThere: (file) => {
    try {
      fs.statSync(file);
      return true;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // What may not be looked into is there; opening it will say what is wrong.
      return code === "EACCES" || code === "EPERM";
    }
  },
  make: async (file, ports) => {
    makeFoldersFor(file, path.dirname(file));
    const { createDatabase } = await sqliteStore();
    await createDatabase({ path: file, ...portsOf(ports) });
  },
  open: async (file, ports) => {
    const { openSqliteStore, sqliteSnapshots } = await sqliteStore();
    const options = { path: file, ...portsOf(ports) };
    const store = await openSqliteStore(options);
    const snapshots = sqliteSnapshots(options);
    const close = async (): Promise<void> => {
      snapshots.close();
      await store.close();
    };
    return { store: { ...store, close }, snapshots };
  },
  transfer: async (file, ports) => {
    const { sqliteTransfer } = await sqliteStore();
    return sqliteTransfer({ path: file, ...portsOf(ports) });
  },
};

/** No clock: SQLite's store measures waiting times alone, and a clock that people set is not for that. */
const portsOf = ({ randomness, loadDriver }: StorePorts) => ({
  ...(randomness === undefined ? {} : { randomness }),
  ...(loadDriver === undefined ? {} : { loadDriver: loadDriver as LoadDriver }),
});

/** Throws `DRIVER_MISSING` where the package was left out. */
export const sqliteStore = async (): Promise<typeof import("@mission-ledger/store-sqlite")> => {
  try {
    return await import("@mission-ledger/store-sqlite");
  } catch (error) {
    throw isNotInstalled(error) ? sqliteLeftOut(error) : error;
  }
};
