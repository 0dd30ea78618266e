/**
 * One case of the conformance suite on a server. Where the server may go away, a case that was told so runs again in a ledger of
 * its own: its claims are about answers, and a user who gets none asks again. A case that fails undisturbed has failed.
 */
import type { EventStore, StoreFault } from "@mission-ledger/core";
import { type OpenedStore, runStoreCase, type StoreCase, type StoreSetup } from "@mission-ledger/testkit";
import { watchedStore } from "./watched-store.ts";

/** Runs of a case that is disturbed each time. */
const mostRuns = 6;

export interface CaseOptions<Opened extends OpenedStore> {
  readonly setup: StoreSetup<Opened>;
  /** Whether the server may go away and come back. */
  readonly mayVanish: boolean;
  /** Whether the account may read the whole log. */
  readonly mayReadAll: boolean;
}

export type CaseOutcome =
  | { readonly _tag: "Passed"; readonly runs: number }
  /** It needs the whole log, which the account may not read. */
  | { readonly _tag: "NotAllowed" };

/** A fault after which a user would ask again: the server was away, or too slow. */
const isDisturbance = ({ code, retryable }: StoreFault): boolean =>
  retryable && (code === "STORE_UNAVAILABLE" || code === "TIMEOUT");

const readsAll: readonly (keyof EventStore)[] = ["readAll", "subscribe"];

/** Throws what the case failed with. */
export const runCase = async <Opened extends OpenedStore>(
  storeCase: StoreCase,
  { setup, mayVanish, mayReadAll }: CaseOptions<Opened>,
): Promise<CaseOutcome> => {
  for (let runs = 1; ; runs += 1) {
    let disturbances = 0;
    let isDeniedAll = false;
    const watched = (store: EventStore): EventStore =>
      watchedStore(store, (fault, operation) => {
        if (isDisturbance(fault)) disturbances += 1;
        if (fault.code === "PERMISSION_DENIED" && readsAll.includes(operation)) isDeniedAll = true;
      });
    const { open, reopen } = setup;
    try {
      await runStoreCase(storeCase, {
        ...setup,
        open: async () => {
          const opened = await open();
          return { ...opened, store: watched(opened.store) };
        },
        ...(reopen === undefined ? {} : { reopen: async (opened: Opened) => watched(await reopen(opened)) }),
      });
      return { _tag: "Passed", runs };
    } catch (error) {
      if (isDeniedAll && !mayReadAll) return { _tag: "NotAllowed" };
      if (!mayVanish || disturbances === 0 || runs >= mostRuns) throw error;
    }
  }
};
