/**
 * Records as a tree: each one behind the record whose last event it follows. Where a record has two that follow it, the
 * stream forks.
 */
import type { Clash } from "./identity.ts";
import { compareRecords, digestOfRecord } from "./identity.ts";
import type { CopyRecord } from "./read-copy.ts";

export interface TreeRecord {
  readonly _tag: "Record";
  readonly copy: CopyRecord;
  readonly digest: string;
  /** Revision of its last event. */
  readonly revision: number;
  readonly parent: TreeNode;
  readonly children: readonly TreeRecord[];
  readonly depth: number;
  /** Of two records, the one behind the other has its whole range of numbers inside the other's. */
  readonly enter: number;
  readonly leave: number;
  /** An ancestor far away, so that a search along the line takes a logarithmic number of steps. */
  readonly jump: TreeNode;
}

/** The start of the stream, which all first records follow. */
export interface TreeStart {
  readonly _tag: "Start";
  readonly digest: null;
  readonly revision: -1;
  readonly children: readonly TreeRecord[];
  readonly depth: 0;
}

export type TreeNode = TreeRecord | TreeStart;

export interface RecordTree {
  readonly start: TreeStart;
  readonly byDigest: ReadonlyMap<string, TreeRecord>;
  /** Records whose parent is not here. */
  readonly orphans: readonly CopyRecord[];
  readonly clashes: readonly Clash[];
}

type Growing = { -readonly [Key in keyof TreeRecord]: TreeRecord[Key] } & { readonly children: TreeRecord[] };

/**
 * Puts each record behind its parent. A record that claims a wrong revision, or repeats a command of its own line of events,
 * is a clash, and what follows it has no parent here; a local record is never one for its command.
 */
export const growTree = (
  records: ReadonlyMap<string, CopyRecord>,
  isLocal: (digest: string) => boolean,
): RecordTree => {
  const followers = new Map<string | null, CopyRecord[]>();
  for (const copy of records.values()) {
    const siblings = followers.get(copy.record.previous);
    if (siblings === undefined) followers.set(copy.record.previous, [copy]);
    else siblings.push(copy);
  }
  for (const siblings of followers.values()) siblings.sort(compareRecords);

  const startChildren: TreeRecord[] = [];
  const start: TreeStart = { _tag: "Start", digest: null, revision: -1, children: startChildren, depth: 0 };
  const byDigest = new Map<string, TreeRecord>();
  const clashes: Clash[] = [];
  /** Ids of the commands between the start and the node that is being visited. */
  const inLine = new Set<string>();
  let number = 0;

  const visit = (copy: CopyRecord, parent: TreeNode, siblings: TreeRecord[]): Growing | undefined => {
    const { record } = copy;
    const digest = digestOfRecord(record);
    if (record.firstRevision !== parent.revision + 1) {
      const why = `revision ${record.firstRevision} follows revision ${parent.revision}`;
      clashes.push({ kind: "revision", copy, why });
      return undefined;
    }
    if (inLine.has(record.commandId) && !isLocal(digest)) {
      const why = `the command ${record.commandId} stands earlier in the same line of events`;
      clashes.push({ kind: "command_id", copy, why });
      return undefined;
    }
    number += 1;
    const node: Growing = {
      _tag: "Record",
      copy,
      digest,
      revision: record.firstRevision + record.events.length - 1,
      parent,
      children: [],
      depth: parent.depth + 1,
      enter: number,
      leave: number,
      jump: jumpBehind(parent),
    };
    siblings.push(node);
    byDigest.set(digest, node);
    return node;
  };

  interface Frame {
    readonly node: TreeNode;
    readonly siblings: TreeRecord[];
    readonly left: CopyRecord[];
    readonly closes: Growing | undefined;
    /** Added to the line's commands by this node. */
    readonly command: string | undefined;
  }
  const waiting = (digest: string | null): CopyRecord[] => [...(followers.get(digest) ?? [])].reverse();
  const frames: Frame[] = [
    { node: start, siblings: startChildren, left: waiting(null), closes: undefined, command: undefined },
  ];
  for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) {
    const copy = frame.left.pop();
    if (copy === undefined) {
      frames.pop();
      if (frame.closes !== undefined) frame.closes.leave = number;
      if (frame.command !== undefined) inLine.delete(frame.command);
      continue;
    }
    const node = visit(copy, frame.node, frame.siblings);
    if (node === undefined) continue;
    const { commandId } = copy.record;
    const command = inLine.has(commandId) ? undefined : commandId;
    if (command !== undefined) inLine.add(command);
    frames.push({ node, siblings: node.children, left: waiting(node.digest), closes: node, command });
  }

  const clashing = new Set(clashes.map(({ copy }) => copy));
  const orphans = [...records.values()].filter(
    (copy) => !byDigest.has(digestOfRecord(copy.record)) && !clashing.has(copy),
  );
  return { start, byDigest, orphans, clashes };
};

/** Source: Myers, "An applicative random-access stack", 1983: skew-binary jump pointers. */
const jumpBehind = (parent: TreeNode): TreeNode => {
  if (parent._tag === "Start") return parent;
  const { jump } = parent;
  if (jump._tag === "Start") return parent;
  return parent.depth - jump.depth === jump.depth - jump.jump.depth ? jump.jump : parent;
};

/** Whether `below` is `above` or stands somewhere behind it. */
export const isBehind = (below: TreeRecord, above: TreeNode): boolean =>
  above._tag === "Start" || (above.enter <= below.enter && below.leave <= above.leave);

/** The record on the line to `node` with which that line parts from the line to `other`; `undefined` if it never does. */
export const partingFrom = (node: TreeRecord, other: TreeRecord): TreeRecord | undefined => {
  if (isBehind(other, node)) return undefined;
  let parting = node;
  for (;;) {
    const { jump, parent } = parting;
    if (jump._tag === "Record" && !isBehind(other, jump)) parting = jump;
    else if (parent._tag === "Record" && !isBehind(other, parent)) parting = parent;
    else return parting;
  }
};
