/** Which of the changed paths a work package owns, and whose the others are. */
import { globMatcher, globProblem } from "./globs.ts";
import type { ActivePackage } from "./ownership-context.ts";
import type { WorkPackage } from "./state.ts";

/** What happened to one path, as git has it: from the top of the repository, with slashes. */
export type ChangedFile =
  | {
      readonly _tag: "Added" | "Deleted" | "Modified" | "TypeChanged" | "Unmerged" | "Untracked";
      readonly path: string;
    }
  /** `from` is the other side. */
  | { readonly _tag: "Renamed" | "Copied"; readonly path: string; readonly from: string };

export interface OwnershipViolation {
  readonly path: string;
  readonly change: ChangedFile["_tag"];
  /** Of a rename: whether this path is where the file was, or where it is now. */
  readonly side: "old" | "new";
  /** The other side of a rename or copy. */
  readonly otherSide: string | null;
  /** Packages of the same mission that own it. */
  readonly ownedBy: readonly string[];
}

export interface Ownership {
  readonly problems: readonly { readonly glob: string | null; readonly problem: string }[];
  readonly violations: readonly OwnershipViolation[];
  readonly checked: number;
  readonly ofLedger: number;
}

/** Where the ledger keeps what git carries of it. */
const ledgerFolder = ".mission-ledger/";

/**
 * The copies of the logs are written by the ledger whoever works, so they belong to no package. Only what lies below the
 * folder at the top of the repository counts, and a file that is moved there has left its place all the same.
 */
export const isOfLedger = (change: ChangedFile): boolean =>
  sidesOf(change).every(({ path }) => isLedgerPath(path));

const isLedgerPath = (path: string): boolean => path.startsWith(ledgerFolder);

type Side = Pick<OwnershipViolation, "path" | "side" | "otherSide">;

/** The paths that a change touches: of a rename both; the source of a copy stays as it is. */
const sidesOf = (change: ChangedFile): readonly Side[] => {
  switch (change._tag) {
    case "Renamed":
      return [
        { path: change.from, side: "old", otherSide: change.path },
        { path: change.path, side: "new", otherSide: change.from },
      ];
    case "Copied":
      return [{ path: change.path, side: "new", otherSide: change.from }];
    case "Added":
    case "Modified":
    case "TypeChanged":
    case "Unmerged":
      return [{ path: change.path, side: "new", otherSide: null }];
    case "Deleted":
      return [{ path: change.path, side: "old", otherSide: null }];
    case "Untracked":
      // Git ends the path of a repository inside of the work tree with a slash.
      return [{ path: change.path.replace(/\/$/, ""), side: "new", otherSide: null }];
  }
};

export const ownershipOf = (active: ActivePackage, changes: readonly ChangedFile[]): Ownership => {
  const { workPackage, mission } = active;
  const problems = problemsOf(workPackage.owns);
  if (problems.length > 0) return { problems, violations: [], checked: 0, ofLedger: 0 };
  const isOwn = anyOf(workPackage.owns);
  const others = Object.values(mission.workPackages)
    .filter(({ id }) => id !== workPackage.id)
    .map(({ id, owns }) => ({ id, isOwner: anyOf(soundOf(owns)) }));
  const sides = new Map<string, Side & Pick<OwnershipViolation, "change">>();
  for (const change of changes)
    for (const side of sidesOf(change)) {
      const key = `${side.side} ${side.path}`;
      if (!sides.has(key)) sides.set(key, { ...side, change: change._tag });
    }
  const all = [...sides.values()];
  const checked = all.filter(({ path }) => !isLedgerPath(path));
  return {
    problems: [],
    violations: checked
      .filter(({ path }) => !isOwn(path))
      .map((side) => ({
        ...side,
        ownedBy: others.filter(({ isOwner }) => isOwner(side.path)).map(({ id }) => id),
      })),
    checked: checked.length,
    ofLedger: all.length - checked.length,
  };
};

/** How many of the changed paths those globs stand for. */
export const countOwned = (owns: readonly string[], changes: readonly ChangedFile[]): number => {
  const isOwn = anyOf(soundOf(owns));
  return new Set(changes.flatMap(sidesOf).flatMap(({ path }) => (isOwn(path) ? [path] : []))).size;
};

const problemsOf = (owns: WorkPackage["owns"]): Ownership["problems"] =>
  owns.length === 0
    ? [{ glob: null, problem: "it owns nothing" }]
    : owns.flatMap((glob) => {
        const problem = globProblem(glob);
        return problem === undefined ? [] : [{ glob, problem }];
      });

const soundOf = (owns: readonly string[]): readonly string[] =>
  owns.filter((glob) => globProblem(glob) === undefined);

const anyOf = (globs: readonly string[]): ((path: string) => boolean) => {
  const matchers = globs.map(globMatcher);
  return (path) => matchers.some((matches) => matches(path));
};
