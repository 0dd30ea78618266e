/** Whether a target holds what a commit brought to owned paths: the very commit, or its content by another way. */
import {
  type Blob,
  changesOfCommits,
  commitsBetween,
  type GitPlace,
  isSameBlob,
  readDistance,
  readMergeBase,
  treeChanges,
} from "@mission-ledger/git";
import type { OwnedPaths } from "./owned-paths.ts";

export type Holding =
  /** The commit is part of the target's history. */
  | { readonly _tag: "Commit" }
  /**
   * Every owned path that the work changed was brought to the target with the same content, by a focused branch, a squash or a
   * rebase. `changedSince` are those that the target changed afterwards.
   */
  | { readonly _tag: "Content"; readonly paths: readonly string[]; readonly changedSince: readonly string[] }
  /** At least one path never had the work's content on the target. `held` are those that did. */
  | { readonly _tag: "Missing"; readonly missing: readonly string[]; readonly held: readonly string[] }
  /** The work changed nothing that is owned, so that nothing shows whether it arrived. */
  | { readonly _tag: "NothingOwned" };

export interface HoldingQuestion {
  /** Full id of the commit that the target stands at. */
  readonly target: string;
  /** Full id of the commit that was handed over. */
  readonly work: string;
  readonly owned: Pick<OwnedPaths, "owns">;
}

/**
 * What the work changed is counted from where both histories were last one; with several such commits, what differs from each
 * of them. Content that the target had already before counts as brought. Throws `GitFault`, `GIT_REVISION_MISSING` among them.
 */
export const targetHolds = async (
  place: GitPlace,
  { target, work, owned }: HoldingQuestion,
): Promise<Holding> => {
  if ((await readDistance(place, work, target)).ahead === 0) return { _tag: "Commit" };
  const bases = await basesOf(place, work, target);
  const brought = await broughtBy(place, work, bases, owned);
  if (brought.size === 0) return { _tag: "NothingOwned" };
  const differing = new Set((await treeChanges(place, { from: target, to: work })).map(({ path }) => path));
  const apart = [...brought].filter(([path]) => differing.has(path));
  const seen = apart.length === 0 ? new Set<string>() : await seenOn(place, target, bases, new Map(apart));
  const missing = apart.map(([path]) => path).filter((path) => !seen.has(path));
  const paths = [...brought.keys()];
  return missing.length === 0
    ? { _tag: "Content", paths, changedSince: [...seen] }
    : { _tag: "Missing", missing, held: paths.filter((path) => !missing.includes(path)) };
};

const basesOf = async (place: GitPlace, work: string, target: string): Promise<readonly string[]> => {
  const base = await readMergeBase(place, work, target);
  switch (base._tag) {
    case "None":
      return [];
    case "One":
      return [base.commit];
    case "Several":
      return base.commits;
  }
};

/** Owned paths with what the work has there; `null` where it took them away. */
const broughtBy = async (
  place: GitPlace,
  work: string,
  bases: readonly string[],
  { owns }: Pick<OwnedPaths, "owns">,
): Promise<ReadonlyMap<string, Blob | null>> => {
  const each = await Promise.all(
    (bases.length === 0 ? [undefined] : bases).map((from) =>
      treeChanges(place, { ...(from === undefined ? {} : { from }), to: work }),
    ),
  );
  const [first = [], ...others] = each.map((changes) => changes.filter(({ path }) => owns(path)));
  const inAll = others.map((changes) => new Set(changes.map(({ path }) => path)));
  return new Map(
    first
      .filter(({ path }) => inAll.every((paths) => paths.has(path)))
      .map(({ path, after }) => [path, after]),
  );
};

/** Those of the paths that some commit of the target left with the wanted content. */
const seenOn = async (
  place: GitPlace,
  target: string,
  bases: readonly string[],
  wanted: ReadonlyMap<string, Blob | null>,
): Promise<ReadonlySet<string>> => {
  const from = bases.length === 1 ? bases[0] : undefined;
  const commits = await commitsBetween(place, { ...(from === undefined ? {} : { from }), to: target });
  const changes = await changesOfCommits(
    place,
    commits.map(({ commit }) => commit),
  );
  const seen = new Set<string>();
  for (const changed of changes.values())
    for (const { path, after } of changed)
      if (wanted.has(path) && isSameBlob(after, wanted.get(path) ?? null)) seen.add(path);
  return seen;
};
