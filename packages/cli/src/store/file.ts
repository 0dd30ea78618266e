/** The file store: a data directory with a `log` folder in it. */
import fs from "node:fs";
import path from "node:path";
import { fileSnapshots, fileTransfer, fileViews, openFileStore } from "@mission-ledger/store-file";
import { transferByPort } from "./by-port.ts";
import { makeFoldersFor } from "./folders.ts";
import type { AddressedStore } from "./store-kind.ts";

export const fileLedgerIsIn = (directory: string): boolean => {
  try {
    return fs.statSync(path.join(directory, "log")).isDirectory();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // What may not be looked into is there; opening it will say what is wrong.
    return code === "EACCES" || code === "EPERM";
  }
};

export const fileStoreAt = (directory: string): AddressedStore => ({
  isThere: () => fileLedgerIsIn(directory),
  make: async () => makeFoldersFor(directory, path.join(directory, "log")),
  open: async ({ clock, randomness, files, publishTo }) => ({
    store: await openFileStore({
      directory,
      ...(clock === undefined ? {} : { clock }),
      ...(randomness === undefined ? {} : { randomness }),
      ...(files === undefined ? {} : { files }),
      ...(publishTo === undefined ? {} : { publishTo }),
    }),
    snapshots: fileSnapshots({ directory, ...(files === undefined ? {} : { files }) }),
  }),
  transfer: async ({ clock, randomness, files }, other) => {
    const options = {
      directory,
      ...(clock === undefined ? {} : { clock }),
      ...(randomness === undefined ? {} : { randomness }),
      ...(files === undefined ? {} : { files }),
    };
    return other === "lines"
      ? fileTransfer(options)
      : transferByPort({ store: await openFileStore(options) });
  },
  views: async ({ randomness, files }) =>
    fileViews({
      directory,
      ...(randomness === undefined ? {} : { randomness }),
      ...(files === undefined ? {} : { files }),
    }),
  remembersIn: () => undefined,
});
