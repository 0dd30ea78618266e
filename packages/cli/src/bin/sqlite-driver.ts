/**
 * The way from the bundle to better-sqlite3, which belongs to store-sqlite. Its few lines of JavaScript are part of the bundle,
 * since loading them file by file takes longer than opening a database; its binary is what an installation built or fetched
 * for the Node that runs it.
 */
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import process from "node:process";
import type { SqlDriver } from "@mission-ledger/store-sqlite";
import { isNotInstalled, storeLeftOut } from "../store/left-out.ts";

/** Put in by scripts/bundle-cli.mjs: better-sqlite3 as JavaScript, which asks `bundledSqliteBinding` for its binary. */
declare const bundledBetterSqlite: () => SqlDriver;

/** Throws where the binary is missing, or was made for another Node. */
export const bundledSqliteDriver = (): SqlDriver => {
  const Driver = bundledBetterSqlite();
  // The binary is loaded by the first database.
  new Driver(":memory:", { fileMustExist: false, timeout: 0 }).close();
  return Driver;
};

/** From the folder of the bundle: in this workspace, and in an installation by npm. */
const places: readonly string[] = [
  "../../../store-sqlite/node_modules/better-sqlite3",
  "../../../better-sqlite3",
];

const binary = "build/Release/better_sqlite3.node";

/** `bundle` is the bundle's path. Throws `DRIVER_MISSING` where store-sqlite itself is not installed, else what Node throws where the package, or its binary for this Node, is not there. */
export const bundledSqliteBinding = (bundle: string): object => {
  for (const place of places) {
    const file = path.join(path.dirname(bundle), place, binary);
    // A binary for another Node is not tried twice: Node says what is wrong with it the first time only.
    if (fs.existsSync(file)) return load(file);
  }
  // As pnpm lays packages out, only store-sqlite sees its driver.
  const driver = createRequire(storeOf(bundle)).resolve("better-sqlite3/package.json");
  return load(path.join(path.dirname(driver), binary));
};

const storeOf = (bundle: string): string => {
  try {
    return createRequire(bundle).resolve("@mission-ledger/store-sqlite/package.json");
  } catch (error) {
    throw isNotInstalled(error) ? storeLeftOut("@mission-ledger/store-sqlite", error) : error;
  }
};

const load = (file: string): object => {
  const loaded = { exports: {} };
  process.dlopen(loaded, file);
  return loaded.exports;
};
