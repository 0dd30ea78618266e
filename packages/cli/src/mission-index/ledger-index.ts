/** Where a ledger keeps its indexes of worktrees and of open missions: among what may be deleted at any time. */
import path from "node:path";
import type { EventStore } from "@mission-ledger/core";
import { storeAt } from "../store/addressed-store.ts";
import type { StoreAddress, StorePorts } from "../store/store-kind.ts";
import { notingOpenMissions, type OpenMissions, openMissions } from "./open-missions.ts";
import { notingWorktrees, type WorktreeIndex, worktreeIndex } from "./worktree-index.ts";

/** Both hints at once: what nobody put down in the one is missing in the other. */
export interface LedgerIndex extends WorktreeIndex {
  readonly open: OpenMissions;
}

/** `undefined` for a server's ledger where this user has no folder for such things. */
export const ledgerIndexOf = (at: StoreAddress, ports: StorePorts): LedgerIndex | undefined => {
  const folder = folderOf(at, ports);
  if (folder === undefined) return undefined;
  const worktrees = worktreeIndex({ folder });
  const open = openMissions({ folder: path.join(folder, "open") });
  const invalidate = (): void => {
    worktrees.invalidate();
    open.invalidate();
  };
  return { ...worktrees, open, invalidate };
};

const folderOf = (at: StoreAddress, ports: StorePorts): string | undefined => {
  switch (at.store) {
    case "file":
      return path.join(at.path, "cache", "worktrees");
    case "sqlite":
      return `${at.path}-worktrees`;
    case "eventstoredb": {
      const remembered = storeAt(at).remembersIn(ports);
      return remembered === undefined ? undefined : path.join(remembered, "worktrees");
    }
  }
};

/** The store, with everything put down that the indexes have to know before it is written. */
export const notingIndexes = (store: EventStore, index: LedgerIndex): EventStore =>
  notingOpenMissions(notingWorktrees(store, index), index.open);
