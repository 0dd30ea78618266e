/** What a store that is broken on purpose says of itself. */
import type { EventStore } from "@mission-ledger/core";

export interface BrokenStore {
  readonly name: string;
  /** Name of the case that fails on this store and passes on the healthy one. */
  readonly caughtBy: string;
  /** Breaks one handle. Whatever the fault remembers, it remembers for this handle only. */
  breakIt(store: EventStore): EventStore;
}
