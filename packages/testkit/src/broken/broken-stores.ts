/** Stores that are broken on purpose, each in one way, and the case of the suite that must catch it. */
import { brokenAppends } from "./broken-appends.ts";
import { brokenCommands } from "./broken-commands.ts";
import { brokenHandles } from "./broken-handles.ts";
import { brokenLogs } from "./broken-logs.ts";
import { brokenReads } from "./broken-reads.ts";
import type { BrokenStore } from "./broken-store.ts";

export const brokenStores: readonly BrokenStore[] = [
  ...brokenAppends,
  ...brokenCommands,
  ...brokenReads,
  ...brokenLogs,
  ...brokenHandles,
];
