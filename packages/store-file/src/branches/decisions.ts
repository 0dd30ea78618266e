/** What the events that settle branches say about the records of a tree. */
import { reconciliationOf } from "@mission-ledger/core";
import { partingFrom, type RecordTree, type TreeRecord } from "./record-tree.ts";

/** The last records of the branches that a record decides against, as far as they are here. */
export const decidedAgainst = ({ copy }: TreeRecord, { byDigest }: RecordTree): readonly TreeRecord[] => {
  const ends: TreeRecord[] = [];
  for (const event of copy.record.events) {
    const decision = reconciliationOf(event);
    // An event that claims to follow another branch than it does has decided nothing.
    if (decision === undefined || decision.winner !== event.previous) continue;
    for (const { digest } of decision.losers) {
      const end = byDigest.get(digest);
      if (end !== undefined) ends.push(end);
    }
  }
  return ends;
};

/** The first records of branches that a record of the other branch decides against, anywhere in the tree. */
export const passedOver = (tree: RecordTree): ReadonlySet<TreeRecord> => {
  const passed = new Set<TreeRecord>();
  for (const node of tree.byDigest.values())
    for (const end of decidedAgainst(node, tree)) {
      const first = partingFrom(end, node);
      if (first !== undefined) passed.add(first);
    }
  return passed;
};

/** All records that the events of a chain decide against: a branch's last digest names what stands behind it, too. */
export const namedBy = (chain: ReadonlySet<TreeRecord>, tree: RecordTree): ReadonlySet<TreeRecord> => {
  const named = new Set<TreeRecord>();
  for (const node of chain)
    for (const end of decidedAgainst(node, tree))
      for (let at: TreeRecord = end; !chain.has(at) && !named.has(at); at = at.parent) {
        named.add(at);
        if (at.parent._tag === "Start") break;
      }
  return named;
};
