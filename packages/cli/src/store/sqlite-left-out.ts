/** The SQLite store is an optional dependency: npm leaves it out in silence where its driver could not be built. */
import { StoreFault } from "@mission-ledger/core";

/** Whether an error is how Node says that a package is not installed. */
export const isNotInstalled = (error: unknown): boolean =>
  ["ERR_MODULE_NOT_FOUND", "MODULE_NOT_FOUND"].includes(
    String((error as NodeJS.ErrnoException | null)?.code),
  );

export const sqliteLeftOut = (cause: unknown): StoreFault =>
  new StoreFault("DRIVER_MISSING", "the package @mission-ledger/store-sqlite is not installed", {
    outcome: "not_written",
    retryable: false,
    hint: "Install it beside mission-ledger. With npm: `npm install @mission-ledger/store-sqlite`. With pnpm: `pnpm add @mission-ledger/store-sqlite`.",
    details: { package: "@mission-ledger/store-sqlite" },
    cause,
  });
