/** Where a ledger keeps its index of worktrees: among what may be deleted at any time. */
import path from "node:path";
import { storeAt } from "../store/addressed-store.ts";
import type { StoreAddress, StorePorts } from "../store/store-kind.ts";
import { type WorktreeIndex, worktreeIndex } from "./worktree-index.ts";

/** `undefined` for a server's ledger where this user has no folder for such things. */
export const worktreesOf = (at: StoreAddress, ports: StorePorts): WorktreeIndex | undefined => {
  const cache = at.store === "file" ? path.join(at.path, "cache") : storeAt(at).remembersIn(ports);
  return cache === undefined ? undefined : worktreeIndex({ folder: path.join(cache, "worktrees") });
};
