/** The SQLite store: one database file. Its package is loaded when an address asks for it, and never before. */
import fs from "node:fs";
import path from "node:path";
import type { LoadDriver } from "@mission-ledger/store-sqlite";
import { transferByPort } from "./by-port.ts";
import { makeFoldersFor } from "./folders.ts";
import { loadedStore } from "./left-out.ts";
import type { AddressedStore, StorePorts } from "./store-kind.ts";

export const sqliteStoreAt = (file: string): AddressedStore => ({
  isThere: () => {
    try {
      fs.statSync(file);
      return true;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // What may not be looked into is there; opening it will say what is wrong.
      return code === "EACCES" || code === "EPERM";
    }
  },
  make: async (ports) => {
    makeFoldersFor(file, path.dirname(file));
    const { createDatabase } = await sqliteStore();
    await createDatabase({ path: file, ...portsOf(ports) });
  },
  open: async (ports) => {
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
  transfer: async (ports, other) => {
    const { openSqliteStore, sqliteTransfer } = await sqliteStore();
    const options = { path: file, ...portsOf(ports) };
    return other === "lines"
      ? sqliteTransfer(options)
      : transferByPort({ store: await openSqliteStore(options) });
  },
  views: async (ports) => (await sqliteStore()).sqliteViews({ path: file, ...portsOf(ports) }),
  remembersIn: () => `${file}-cache`,
});

/** No clock: SQLite's store measures waiting times alone, and a clock that people set is not for that. */
const portsOf = ({ randomness, loadDriver }: StorePorts) => ({
  ...(randomness === undefined ? {} : { randomness }),
  ...(loadDriver === undefined ? {} : { loadDriver: loadDriver as LoadDriver }),
});

/** Throws `DRIVER_MISSING` where the package was left out. */
export const sqliteStore = (): Promise<typeof import("@mission-ledger/store-sqlite")> =>
  loadedStore("@mission-ledger/store-sqlite", () => import("@mission-ledger/store-sqlite"));
