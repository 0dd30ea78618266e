/** What the events that settle branches say about the records of a tree. */
import { reconciliationOf } from "@mission-ledger/core";
import { partingFrom, type RecordTree, type TreeNode, type TreeRecord } from "./record-tree.ts";

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

/**
 * The first records of branches that a decision on another branch names, anywhere in the tree. A decision that a later one
 * names knew less than that one and no longer counts; two that did not know of each other both do.
 */
export const passedOver = (tree: RecordTree): ReadonlySet<TreeRecord> => {
  const verdicts: { readonly decision: TreeRecord; readonly first: TreeRecord }[] = [];
  /** How near to the start a name reaches: the depth of the first record of the branch. */
  const reach = new Map<TreeNode, number>();
  const reaches = (node: TreeNode, depth: number): void => {
    reach.set(node, Math.min(depth, reach.get(node) ?? depth));
  };
  for (const decision of tree.byDigest.values())
    for (const end of decidedAgainst(decision, tree)) {
      const first = partingFrom(end, decision);
      if (first === undefined) continue;
      verdicts.push({ decision, first });
      reaches(end, first.depth);
    }
  const named = new Set<TreeNode>();
  for (const node of [...tree.byDigest.values()].reverse()) {
    const depth = reach.get(node);
    if (depth === undefined) continue;
    named.add(node);
    if (depth < node.depth) reaches(node.parent, depth);
  }
  return new Set(verdicts.filter(({ decision }) => !named.has(decision)).map(({ first }) => first));
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
