/** A thread of `mled rebuild`: opens the same ledger for itself. */

import { serveRebuild } from "@mission-ledger/rebuild";
import { fileSnapshots, openFileStore } from "@mission-ledger/store-file";
import { foldsOf, inspectorOf } from "./ground.ts";

/** What a thread has to know to open the ledger; crosses threads, so it is data. */
export interface ThreadPlace {
  readonly directory: string;
  /** Names of views; empty for all. */
  readonly views: readonly string[];
}

export const serveThread = (): Promise<void> =>
  serveRebuild(async ({ directory, views }: ThreadPlace) => ({
    store: await openFileStore({ directory }),
    snapshots: fileSnapshots({ directory }),
    folds: foldsOf(views),
    ...inspectorOf(directory),
  }));
