/**
 * Which records of several copies are the stream, which were decided against, and which wait for a decision. The answer
 * depends on the records and on the local chain, never on the order in which they are handed over or were merged.
 */
import { canonicalOrder } from "./canonical-order.ts";
import { decidedAgainst, namedBy, passedOver } from "./decisions.ts";
import { type Clash, compareRecords, distinctRecords } from "./identity.ts";
import type { CopyRecord } from "./read-copy.ts";
import { growTree, isBehind, type RecordTree, type TreeNode, type TreeRecord } from "./record-tree.ts";

/** A line of records beside the chain that nobody has decided about. */
export interface Branch {
  /** The event of the chain behind which it begins. */
  readonly forksAfter: { readonly revision: number; readonly digest: string | null };
  /** From the fork to the branch's end, parent before child. Made anew each time it is asked for. */
  readonly records: readonly CopyRecord[];
  /** How many of them, from the first one, an earlier branch of the list holds as well: where a branch forks again. */
  readonly shared: number;
}

/** Every distinct record is in one place: the chain, the demoted, one branch that does not share it, the orphans, a clash. */
export interface Arranged {
  readonly chain: readonly CopyRecord[];
  /** Decided against by events on the chain; parent before child. */
  readonly demoted: readonly CopyRecord[];
  readonly open: readonly Branch[];
  /** The records of all open branches, each once, parent before child. */
  readonly openRecords: readonly CopyRecord[];
  /** They follow something that is not here, or that clashes. */
  readonly orphans: readonly CopyRecord[];
  readonly clashes: readonly Clash[];
}

/** What this ledger holds to be its stream, before anything is taken in. */
export interface LocalChain {
  /** Digests of the last events of its records. */
  readonly chain: ReadonlySet<string>;
}

/**
 * Arranges records. At a fork the local record goes on, unless a decision that arrived names everything local behind the
 * fork; else one that no decision of another branch names, unless a later one names that decision; else the one with the lowest number and digest. A record is
 * demoted only where decisions on the chain name each branch that it is part of, to its end. Never throws, whatever the
 * records hold; takes a time that grows with their number.
 */
export const arrange = (copies: Iterable<CopyRecord>, local: LocalChain = noChain): Arranged => {
  const isLocal = (digest: string): boolean => local.chain.has(digest);
  const distinct = distinctRecords(copies, isLocal);
  const tree = growTree(distinct.records, isLocal);
  const chain = new Set(chainOf(tree, local));
  const demoted = demotedBeside(chain, tree);
  const open = undecided(chain, demoted, tree);
  const cutOff = [...tree.byDigest.values()].filter(
    (node) => !chain.has(node) && !demoted.has(node) && !open.has(node),
  );
  return {
    chain: copiesOf(chain),
    demoted: canonicalOrder(copiesOf(demoted)),
    open: branchesOf(open),
    openRecords: copiesOf(open),
    orphans: canonicalOrder([...tree.orphans, ...copiesOf(cutOff)]),
    clashes: [...distinct.clashes, ...tree.clashes].sort(
      (left, right) => compareRecords(left.copy, right.copy) || (left.kind < right.kind ? -1 : 1),
    ),
  };
};

const noChain: LocalChain = { chain: new Set() };

const copiesOf = (nodes: Iterable<TreeRecord>): readonly CopyRecord[] =>
  Array.from(nodes, ({ copy }) => copy);

const chainOf = (tree: RecordTree, { chain: local }: LocalChain): readonly TreeRecord[] => {
  const passed = passedOver(tree);
  const lineFrom = (first: TreeNode): readonly TreeRecord[] => {
    const line: TreeRecord[] = first._tag === "Start" ? [] : [first];
    for (let node = first; ; ) {
      const next = node.children.find((child) => !passed.has(child)) ?? node.children[0];
      if (next === undefined) return line;
      line.push(next);
      node = next;
    }
  };

  const localLine: TreeRecord[] = [];
  for (let node: TreeNode = tree.start; ; ) {
    const next: TreeRecord | undefined = node.children.find(({ digest }) => local.has(digest));
    if (next === undefined) break;
    localLine.push(next);
    node = next;
  }
  const end = localLine.at(-1);
  if (end === undefined) return lineFrom(tree.start);
  // A local record that is not here cannot be named, so nothing that arrived may take the place of those that are.
  const whole = localLine.length === local.size;
  const replaces = (line: readonly TreeRecord[]): boolean =>
    line.some((node) => decidedAgainst(node, tree).some((against) => isBehind(against, end)));

  for (const [index, node] of whole ? localLine.entries() : []) {
    const siblings = node.parent.children.filter((sibling) => sibling !== node);
    const lines = siblings.map(lineFrom).filter(replaces);
    const chosen = lines.find(([first]) => first !== undefined && !passed.has(first)) ?? lines[0];
    if (chosen !== undefined) return [...localLine.slice(0, index), ...chosen];
  }
  return [...localLine, ...lineFrom(end).slice(1)];
};

/** Of the records beside the chain those whose every line to an end was decided against. */
const demotedBeside = (chain: ReadonlySet<TreeRecord>, tree: RecordTree): ReadonlySet<TreeRecord> => {
  const demoted = new Set(namedBy(chain, tree));
  const parentFirst = [...tree.byDigest.values()];
  for (const node of parentFirst.reverse())
    if (!chain.has(node) && !demoted.has(node) && node.parent._tag === "Record") demoted.delete(node.parent);
  return demoted;
};

/**
 * Records beside the chain that nobody has decided about, parent before child. One command id may stand for two commands
 * there: once it is decided, the id of the side that lost does not count.
 */
const undecided = (
  chain: ReadonlySet<TreeRecord>,
  demoted: ReadonlySet<TreeRecord>,
  tree: RecordTree,
): ReadonlySet<TreeRecord> => {
  const open = new Set<TreeRecord>();
  for (const node of tree.byDigest.values()) {
    if (chain.has(node) || demoted.has(node)) continue;
    const { parent } = node;
    if (parent._tag === "Start" || chain.has(parent) || open.has(parent)) open.add(node);
  }
  return open;
};

const branchesOf = (open: ReadonlySet<TreeRecord>): readonly Branch[] => {
  /** With which open record a line goes on, and how far behind the chain each one stands. */
  const goesOn = new Map<TreeNode, TreeRecord>();
  const places = new Map<TreeNode, { readonly fork: TreeNode; readonly behind: number }>();
  for (const node of open) {
    const { parent } = node;
    if (!goesOn.has(parent)) goesOn.set(parent, node);
    const { fork, behind } = places.get(parent) ?? { fork: parent, behind: 0 };
    places.set(node, { fork, behind: behind + 1 });
  }
  const branches: Branch[] = [];
  for (const node of open) {
    const { parent } = node;
    const above = places.get(parent);
    if (above !== undefined && goesOn.get(parent) === node) continue;
    let end = node;
    for (let next = goesOn.get(end); next !== undefined; next = goesOn.get(end)) end = next;
    const { fork, behind } = above ?? { fork: parent, behind: 0 };
    branches.push({
      forksAfter: { revision: fork.revision, digest: fork.digest },
      // Branches may share a long beginning: held for each of them it would take the square of their number.
      get records() {
        return lineTo(end, fork);
      },
      shared: behind,
    });
  }
  return branches;
};

const lineTo = (end: TreeRecord, fork: TreeNode): readonly CopyRecord[] => {
  const line: CopyRecord[] = [];
  for (let node: TreeNode = end; node !== fork && node._tag === "Record"; node = node.parent)
    line.push(node.copy);
  return line.reverse();
};
