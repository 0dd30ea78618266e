/** Stores that are broken on purpose, each in one way, and the case of the suite that must catch it. */
import type { EventStore } from "@mission-ledger/core";
import { brokenAppends } from "./broken-appends.ts";
import { brokenCommands } from "./broken-commands.ts";
import { brokenHandles } from "./broken-handles.ts";
import { brokenLogs } from "./broken-logs.ts";
import { brokenReads } from "./broken-reads.ts";

export interface BrokenStore {
  readonly name: string;
  /** Name of the case that fails on this store and passes on the healthy one. */
  readonly caughtBy: string;
  /** Breaks one handle. Whatever the fault remembers, it remembers for this handle only. */
  breakIt(store: EventStore): EventStore;
}

export const brokenStores: readonly BrokenStore[] = [
  ...brokenAppends,
  ...brokenCommands,
  ...brokenReads,
  ...brokenLogs,
  ...brokenHandles,
];
