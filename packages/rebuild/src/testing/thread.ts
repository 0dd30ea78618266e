/** A thread of the tests: counters in a folder, and folds that fail as they are told to. */
import { fileSnapshots, openFileStore } from "@mission-ledger/store-file";
import { serveRebuild } from "../serve-rebuild.ts";
import { counterFolds } from "./counters.ts";
import { type Mishap, withMishap } from "./mishaps.ts";

export interface ThreadData {
  readonly directory: string;
  readonly mishap?: Mishap;
}

await serveRebuild(async ({ directory, mishap }: ThreadData) => ({
  store: await openFileStore({ directory }),
  snapshots: fileSnapshots({ directory }),
  folds: withMishap(counterFolds, mishap),
}));
