/** How the driver is found, and what to do where its native part is missing. */
import { createRequire } from "node:module";
import { isStoreFault, StoreFault } from "@mission-ledger/core";
import type { LoadDriver, SqlDriver } from "./driver.ts";

/** As it lies in `node_modules` beside a module; `nativeBinding` is for a program that carries the binary elsewhere. */
export const driverFrom =
  (from: string, nativeBinding?: string): LoadDriver =>
  () => {
    const require = createRequire(from);
    const Driver = require("better-sqlite3") as SqlDriver;
    const Bound = nativeBinding === undefined ? Driver : withBinding(Driver, nativeBinding);
    // The package loads its binary only with the first database, so that is when a missing one shows.
    new Bound(":memory:", { fileMustExist: false, timeout: 0 }).close();
    return Bound;
  };

const withBinding = (Driver: SqlDriver, nativeBinding: string): SqlDriver =>
  new Proxy(Driver, {
    construct: (target, [path, options]: ConstructorParameters<SqlDriver>) =>
      new target(path, { ...options, nativeBinding }),
  });

/** Beside this module. */
export const ownDriver: LoadDriver = () => driverFrom(import.meta.url)();

/** Loads once; throws `DRIVER_MISSING` with the way to mend it. */
export const lazyDriver = (load: LoadDriver): LoadDriver => {
  let loaded: SqlDriver | undefined;
  return () => {
    if (loaded !== undefined) return loaded;
    try {
      loaded = load();
      return loaded;
    } catch (error) {
      // Whoever brings the driver may know better what is missing.
      throw isStoreFault(error) ? error : driverMissing(error);
    }
  };
};

const driverMissing = (error: unknown): StoreFault => {
  // Node says in the third line of its message that a binary was made for another version.
  const what = (error instanceof Error ? error.message : String(error)).replace(/\s+/g, " ");
  const wrongAbi = what.includes("NODE_MODULE_VERSION");
  const why = wrongAbi
    ? `its native part was built for another version of Node`
    : /Cannot find (?:module|package) '?better-sqlite3/.test(what)
      ? "the package is not installed"
      : "its native part is missing or cannot be loaded";
  return new StoreFault("DRIVER_MISSING", `better-sqlite3 cannot be used: ${why} (${what})`, {
    outcome: "not_written",
    retryable: false,
    hint: mending,
    details: { package: "better-sqlite3", platform: `${process.platform}-${process.arch}` },
    cause: error,
  });
};

const mending =
  "With pnpm: add better-sqlite3 to onlyBuiltDependencies in pnpm-workspace.yaml (or run `pnpm approve-builds`), then `pnpm rebuild better-sqlite3`. " +
  "With npm: `npm rebuild better-sqlite3` (`npm install better-sqlite3` if it is not there). " +
  "Where it has to be compiled, that needs a compiler; on Debian or Ubuntu: `apt-get install python3 make g++`.";
