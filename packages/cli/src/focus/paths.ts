/** Path by path, what of a mission's changes goes to a focused branch: a comparison of three sides, and never a guess. */
import type { TreeChange } from "@mission-ledger/git";
import type { OwnedPaths } from "../preflight/owned-paths.ts";

export type ConflictKind =
  /** Changed here and on the upstream, and not to the same. */
  | "both_changed"
  /** What the upstream has at a folder of the path, or below it, is not the mission's to take away. */
  | "in_the_way";

export interface PathConflict {
  readonly kind: ConflictKind;
  readonly path: string;
  /** What stands in the way; the path itself where both changed it. */
  readonly with: string;
}

/** What a merge base has in which both sides differ from it, by path. */
export interface SidesOfBase {
  readonly here: ReadonlySet<string>;
  readonly there: ReadonlySet<string>;
}

export interface SortedPaths {
  /** Owned, and changed here alone: `before` is the upstream's, `after` is taken. */
  readonly taken: readonly TreeChange[];
  /** Owned, and changed on the upstream alone: it stays as it is there. */
  readonly upstreamOnly: readonly string[];
  /** Changed here, and not owned. */
  readonly leftOut: readonly string[];
  readonly conflicts: readonly PathConflict[];
}

/**
 * Takes the paths in which the upstream differs from here, and for each merge base what either side changed since. With
 * several merge bases a path is taken only where all of them agree that it was changed here alone.
 */
export const sortPaths = (
  differing: readonly TreeChange[],
  bases: readonly SidesOfBase[],
  { owns }: Pick<OwnedPaths, "owns">,
): SortedPaths => {
  const taken: TreeChange[] = [];
  const upstreamOnly: string[] = [];
  const leftOut: string[] = [];
  const conflicts: PathConflict[] = [];
  for (const change of differing) {
    const { path } = change;
    const here = bases.map((base) => base.here.has(path));
    const there = bases.map((base) => base.there.has(path));
    if (!owns(path)) {
      if (here.includes(true)) leftOut.push(path);
    } else if (!there.includes(true)) taken.push(change);
    else if (!here.includes(true)) upstreamOnly.push(path);
    else conflicts.push({ kind: "both_changed", path, with: path });
  }
  return { taken, upstreamOnly, leftOut, conflicts };
};

/**
 * Where a file would have to be a folder too, or a folder a file: `base` are the upstream's paths. Git would let the older one
 * go without a word.
 */
export const pathsInTheWay = (
  taken: readonly TreeChange[],
  base: Iterable<string>,
): readonly PathConflict[] => {
  const gone = new Set(taken.filter(({ after }) => after === null).map(({ path }) => path));
  const added = taken.filter(({ before, after }) => before === null && after !== null);
  const staying = new Set<string>();
  const firstBelow = new Map<string, string>();
  for (const path of base) {
    if (gone.has(path)) continue;
    staying.add(path);
    for (const folder of foldersOf(path)) if (!firstBelow.has(folder)) firstBelow.set(folder, path);
  }
  return added.flatMap(({ path }): readonly PathConflict[] => {
    const file = foldersOf(path).find((folder) => staying.has(folder)) ?? firstBelow.get(path);
    return file === undefined ? [] : [{ kind: "in_the_way", path, with: file }];
  });
};

const foldersOf = (path: string): readonly string[] => {
  const folders: string[] = [];
  for (let slash = path.indexOf("/"); slash >= 0; slash = path.indexOf("/", slash + 1))
    folders.push(path.slice(0, slash));
  return folders;
};
