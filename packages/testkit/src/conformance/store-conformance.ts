/** The suite that decides whether an adapter keeps the port. */
import { appendCases } from "./append-cases.ts";
import { commandCases } from "./command-cases.ts";
import { contentCases } from "./content-cases.ts";
import { decidingCases } from "./deciding-cases.ts";
import { isWanted, type OpenedStore, runStoreCase, type StoreCase, type StoreSetup } from "./harness.ts";
import { lifecycleCases } from "./lifecycle-cases.ts";
import { logCases } from "./log-cases.ts";
import { readCases } from "./read-cases.ts";
import { turnCases } from "./turn-cases.ts";

/** Every case, as data: for programs that run single cases against stores that are broken on purpose. */
export const storeCases: readonly StoreCase[] = [
  ...appendCases,
  ...commandCases,
  ...decidingCases,
  ...readCases,
  ...contentCases,
  ...logCases,
  ...lifecycleCases,
  ...turnCases,
];

export interface ConformanceOptions<Opened extends OpenedStore> extends StoreSetup<Opened> {
  describe(title: string, body: () => void): unknown;
  it(title: string, body: () => Promise<void>): unknown;
  /** @defaultValue "a store" */
  readonly title?: string;
}

/**
 * Registers the suite with the caller's test runner.
 *
 * Cases about what the store does not claim are left out. Throws `TypeError` when a store that is durable or
 * open to several processes comes without `reopen`: what nobody looks at again is not tested.
 */
export const storeConformance = <Opened extends OpenedStore>(options: ConformanceOptions<Opened>): void => {
  const { describe, it, title = "a store", supports = {}, reopen } = options;
  if ((supports.durable === true || supports.multiProcess === true) && reopen === undefined)
    throw new TypeError("a store that is durable or multiProcess needs `reopen` in its conformance suite");
  describe(title, () => {
    for (const storeCase of storeCases)
      if (isWanted(storeCase, options)) it(storeCase.name, () => runStoreCase(storeCase, options));
  });
};
