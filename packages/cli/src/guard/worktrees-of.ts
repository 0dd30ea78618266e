/** Where a ledger keeps its index of worktrees: among what may be deleted at any time. */
import path from "node:path";
import { storeAt } from "../store/addressed-store.ts";
import type { StoreAddress, StorePorts } from "../store/store-kind.ts";
import { type WorktreeIndex, worktreeIndex } from "./worktree-index.ts";

/** `undefined` for a server's ledger where this user has no folder for such things. */
export const worktreesOf = (at: StoreAddress, ports: StorePorts): WorktreeIndex | undefined => {
  const folder = folderOf(at, ports);
  return folder === undefined ? undefined : worktreeIndex({ folder });
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
