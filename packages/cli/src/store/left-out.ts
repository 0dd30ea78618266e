/** Stores beside files are optional dependencies: npm leaves them out in silence where one could not be built, or was told to. */
import { StoreFault } from "@mission-ledger/core";

/** Whether an error is how Node says that a package is not installed. */
export const isNotInstalled = (error: unknown): boolean =>
  ["ERR_MODULE_NOT_FOUND", "MODULE_NOT_FOUND"].includes(
    String((error as NodeJS.ErrnoException | null)?.code),
  );

export type OptionalStore = "@mission-ledger/store-eventstoredb" | "@mission-ledger/store-sqlite";

export const storeLeftOut = (name: OptionalStore, cause: unknown): StoreFault =>
  new StoreFault("DRIVER_MISSING", `the package ${name} is not installed`, {
    outcome: "not_written",
    retryable: false,
    hint: `Install it beside mission-ledger. With npm: \`npm install ${name}\`. With pnpm: \`pnpm add ${name}\`.`,
    details: { package: name },
    cause,
  });

/** Throws `DRIVER_MISSING` where the package was left out. */
export const loadedStore = async <Store>(name: OptionalStore, load: () => Promise<Store>): Promise<Store> => {
  try {
    return await load();
  } catch (error) {
    throw isNotInstalled(error) ? storeLeftOut(name, error) : error;
  }
};
