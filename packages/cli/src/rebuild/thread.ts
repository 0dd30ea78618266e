/** A thread of `mled rebuild`: opens the same ledger for itself. */
import { serveRebuild } from "@mission-ledger/rebuild";
import { parseAddress } from "../store/address.ts";
import { storeAt } from "../store/addressed-store.ts";
import type { StorePorts } from "../store/store-kind.ts";
import { foldsOf, inspectorOf } from "./ground.ts";

/** What a thread has to know to open the ledger; crosses threads, so it is data. */
export interface ThreadPlace {
  /** The whole address, with the password that it may hold. */
  readonly address: string;
  readonly cacheFolder: string | undefined;
  /** Names of views; empty for all. */
  readonly views: readonly string[];
}

export const serveThread = (ports: StorePorts): Promise<void> =>
  serveRebuild(async ({ address, cacheFolder, views }: ThreadPlace) => {
    const at = parseAddress(address, "address", "/");
    return {
      ...(await storeAt(at).open({ ...ports, ...(cacheFolder === undefined ? {} : { cacheFolder }) })),
      folds: foldsOf(views),
      ...inspectorOf(at.store === "file" ? at.path : null),
    };
  });
