/** A thread of `mled rebuild`: opens the same ledger for itself. */
import { serveRebuild } from "@mission-ledger/rebuild";
import { storeKinds } from "../store/kinds.ts";
import type { StoreAddress, StorePorts } from "../store/store-kind.ts";
import { foldsOf, inspectorOf } from "./ground.ts";

/** What a thread has to know to open the ledger; crosses threads, so it is data. */
export interface ThreadPlace extends StoreAddress {
  /** Names of views; empty for all. */
  readonly views: readonly string[];
}

export const serveThread = (ports: StorePorts): Promise<void> =>
  serveRebuild(async ({ store, path, views }: ThreadPlace) => ({
    ...(await storeKinds[store].open(path, ports)),
    folds: foldsOf(views),
    ...inspectorOf(store === "file" ? path : null),
  }));
