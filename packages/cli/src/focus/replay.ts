/**
 * Which commits a focused branch has: the history of the source with everything left out that is not taken. Each commit is
 * what its source was, on the upstream's commit and in the taken paths alone; there is nothing to apply, so nothing to fail.
 */
import { type Blob, type Commit, isSameBlob, type TreeChange } from "@mission-ledger/git";

/** What a commit has at taken paths where it differs from the base; `null` is nothing. */
export type Overlay = ReadonlyMap<string, Blob | null>;

/** A commit to be made. Parents are places in the list of recipes, or the base. */
export interface Recipe {
  readonly source: Commit;
  readonly parents: readonly (number | "base")[];
  readonly overlay: Overlay;
  /** Whether the source touches paths that are not taken: it says more than the commit will hold. */
  readonly isSplit: boolean;
}

export interface Replay {
  readonly recipes: readonly Recipe[];
  /** The last one, with all that is taken. */
  readonly head: number | "base";
  /** Commits of the source that are in no recipe. */
  readonly leftOut: readonly Commit[];
}

export interface History {
  /** All that the source has and the base has not, parents before children. */
  readonly commits: readonly Commit[];
  /** Against the first parent of each. */
  readonly changes: ReadonlyMap<string, readonly TreeChange[]>;
  readonly head: string;
}

/** The base stands for every commit that it has itself; in the taken paths they must be alike, see `isReplayable`. */
export const replay = ({ commits, changes, head }: History, taken: readonly TreeChange[]): Replay => {
  const base = new Map(taken.map(({ path, before }) => [path, before]));
  const recipes: Recipe[] = [];
  const leftOut: Commit[] = [];
  const places = new Map<string, number | "base">();
  const overlays = new Map<string, Overlay>();
  const none: Overlay = new Map();
  for (const source of commits) {
    const touched = changes.get(source.commit) ?? [];
    const before = overlays.get(source.parents[0] ?? "") ?? none;
    const overlay = laidOver(before, touched, base);
    overlays.set(source.commit, overlay);
    const mapped = [...new Set(source.parents.map((parent) => places.get(parent) ?? "base"))];
    const parents = withoutOlder(mapped, recipes);
    const [parent] = parents;
    const earlier = parent === undefined || parent === "base" ? none : (recipes[parent] as Recipe).overlay;
    if (parents.length < 2 && isSame(earlier, overlay)) {
      places.set(source.commit, parent ?? "base");
      leftOut.push(source);
      continue;
    }
    const place = recipes.length;
    places.set(source.commit, place);
    recipes.push({
      source,
      parents: parents.length === 0 ? ["base"] : parents,
      overlay,
      isSplit: touched.some(({ path }) => !base.has(path)),
    });
  }
  return { recipes, head: places.get(head) ?? "base", leftOut };
};

/**
 * Whether single commits can be shown as they were: not where one of them stands on an upstream that had something else at a
 * taken path, since it would seem to take back what came there later. `beneath` is how commits that they stand on differ from
 * the upstream; one that stands on nothing is not replayed either.
 */
export const isReplayable = (
  commits: readonly Commit[],
  beneath: readonly (readonly TreeChange[])[],
  taken: readonly TreeChange[],
): boolean => {
  const paths = new Set(taken.map(({ path }) => path));
  return (
    commits.every(({ parents }) => parents.length > 0) &&
    beneath.every((differing) => differing.every(({ path }) => !paths.has(path)))
  );
};

const laidOver = (
  before: Overlay,
  touched: readonly TreeChange[],
  base: ReadonlyMap<string, Blob | null>,
): Overlay => {
  const relevant = touched.filter(({ path }) => base.has(path));
  if (relevant.length === 0) return before;
  const overlay = new Map(before);
  for (const { path, after } of relevant)
    if (isSameBlob(after, base.get(path) ?? null)) overlay.delete(path);
    else overlay.set(path, after);
  return overlay;
};

/** A parent that another one has already says nothing; the base is beneath them all. */
const withoutOlder = (
  mapped: readonly (number | "base")[],
  recipes: readonly Recipe[],
): readonly (number | "base")[] => {
  const places = mapped.filter((one) => one !== "base");
  if (places.length === 0) return mapped;
  return places.filter((one) => places.every((other) => other === one || !reaches(recipes, other, one)));
};

/** Parents stand before their children, so nothing below the wanted place has to be looked at. */
const reaches = (recipes: readonly Recipe[], from: number, wanted: number): boolean => {
  const seen = new Set<number>([from]);
  for (const place of seen) {
    if (place === wanted) return true;
    for (const parent of recipes[place]?.parents ?? [])
      if (parent !== "base" && parent >= wanted) seen.add(parent);
  }
  return false;
};

const isSame = (one: Overlay, other: Overlay): boolean =>
  one === other ||
  (one.size === other.size &&
    [...one].every(([path, blob]) => other.has(path) && isSameBlob(blob, other.get(path) ?? null)));
