/** What a focused branch would hold, and what not: read from git and the log, with nothing written. */
import type { OpenMission } from "@mission-ledger/core/mission";
import {
  type Commit,
  changedFiles,
  changesOfCommits,
  commitsBetween,
  type GitPlace,
  isGitFault,
  readMergeBase,
  readRepository,
  treeChanges,
} from "@mission-ledger/git";
import { CliError } from "../output/problem.ts";
import type { OwnedPaths } from "../preflight/owned-paths.ts";
import { type PathConflict, pathsInTheWay, type SortedPaths, sortPaths } from "./paths.ts";
import { isReplayable, type Recipe, type Replay, replay } from "./replay.ts";

/** A renamed file of which one side is owned and the other is not: only that side goes to the branch. */
export interface BorderCrossing {
  readonly from: string;
  readonly to: string;
  readonly owned: "from" | "to";
}

export type FocusStrategy =
  /** Each commit of the source with what is taken of it. */
  | "commits"
  /** All in one: single commits would seem to take back what the upstream changed meanwhile. */
  | "one_commit";

export interface FocusPlan extends SortedPaths {
  readonly mission: string;
  readonly title: string;
  /** Where the branch begins: the upstream's commit. */
  readonly base: string;
  /** Where the changes come from. */
  readonly source: string;
  readonly mergeBases: readonly string[];
  readonly owned: OwnedPaths;
  readonly strategy: FocusStrategy;
  readonly recipes: readonly Recipe[];
  readonly head: Replay["head"];
  readonly commitsLeftOut: readonly Commit[];
  /** With `one_commit`: the commits that its words come from; the source itself where only a merge made the difference. */
  readonly sources: readonly Commit[];
  /** `null` where nobody could look, because a partial clone lacks the contents that renames are seen by. */
  readonly crossings: readonly BorderCrossing[] | null;
}

export interface FocusQuestion {
  readonly mission: Pick<OpenMission, "slug" | "title">;
  readonly base: string;
  readonly source: string;
  readonly owned: OwnedPaths;
}

/** Throws `FOCUS_CONFLICT` where the two commits have no history in common, and `GitFault`. */
export const planFocus = async (
  place: GitPlace,
  { mission, base, source, owned }: FocusQuestion,
): Promise<FocusPlan> => {
  const mergeBases = await mergeBasesOf(place, { mission, base, source });
  const [differing, ...sides] = await Promise.all([
    treeChanges(place, { from: base, to: source }),
    ...mergeBases.map(async (from) => ({
      here: pathsIn(await treeChanges(place, { from, to: source })),
      there: pathsIn(await treeChanges(place, { from, to: base })),
    })),
  ]);
  const sorted = sortPaths(differing, sides, owned);
  const conflicts: readonly PathConflict[] = [
    ...sorted.conflicts,
    ...(sorted.taken.some(({ before }) => before === null)
      ? pathsInTheWay(
          sorted.taken,
          (await treeChanges(place, { to: base })).map(({ path }) => path),
        )
      : []),
  ];
  const commits = await commitsBetween(place, { from: base, to: source });
  const changes = await changesOfCommits(
    place,
    commits.map(({ commit }) => commit),
  );
  const inside = new Set(commits.map(({ commit }) => commit));
  const beneath = [...new Set(commits.flatMap(({ parents }) => parents))].filter(
    (parent) => !inside.has(parent),
  );
  const beneathChanges = await Promise.all(beneath.map((to) => treeChanges(place, { from: base, to })));
  const strategy = isReplayable(commits, beneathChanges, sorted.taken) ? "commits" : "one_commit";
  const history = { commits, changes, head: source };
  const { recipes, head, leftOut } = replay(history, sorted.taken);
  const taken = pathsIn(sorted.taken);
  const touching = commits.filter(({ commit }) => changes.get(commit)?.some(({ path }) => taken.has(path)));
  const single = touching.filter(({ parents }) => parents.length < 2);
  return {
    ...sorted,
    conflicts,
    mission: mission.slug,
    title: mission.title,
    base,
    source,
    mergeBases,
    owned,
    strategy,
    recipes,
    head,
    commitsLeftOut: strategy === "commits" ? leftOut : commits.filter((commit) => !touching.includes(commit)),
    sources: [single, touching, commits.slice(-1)].find(({ length }) => length > 0) ?? [],
    crossings: await crossingsOf(place, mergeBases[0] as string, source, owned),
  };
};

const pathsIn = (changes: readonly { readonly path: string }[]): ReadonlySet<string> =>
  new Set(changes.map(({ path }) => path));

const mergeBasesOf = async (
  place: GitPlace,
  { mission, base, source }: Pick<FocusQuestion, "mission" | "base" | "source">,
): Promise<readonly string[]> => {
  const found = await readMergeBase(place, base, source);
  switch (found._tag) {
    case "One":
      return [found.commit];
    case "Several":
      return found.commits;
    case "None": {
      const { isShallow } = await readRepository(place);
      throw new CliError(
        "FOCUS_CONFLICT",
        `${mission.slug}: the source and its upstream have no commit in common`,
        {
          hint: isShallow
            ? "History is cut in this clone; fetch the rest: git fetch --unshallow"
            : "Name another source with --from, or another --target.",
          details: {
            mission: mission.slug,
            workPackageId: null,
            invariant: "a focused branch is made of what was changed since both were one",
            base,
            source,
          },
        },
      );
    }
  }
};

const crossingsOf = async (
  place: GitPlace,
  from: string,
  to: string,
  { owns }: OwnedPaths,
): Promise<readonly BorderCrossing[] | null> => {
  try {
    return (await changedFiles(place, { from, to })).flatMap((change): readonly BorderCrossing[] => {
      if (change._tag !== "Renamed" || owns(change.from) === owns(change.path)) return [];
      return [{ from: change.from, to: change.path, owned: owns(change.from) ? "from" : "to" }];
    });
  } catch (error) {
    if (isGitFault(error) && ["GIT_FAILED", "GIT_REVISION_MISSING"].includes(error.code)) return null;
    throw error;
  }
};
