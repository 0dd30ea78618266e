/** Which work package is worked on in a worktree or an execution lane, by the log alone; or why that cannot be said. */
import type { Lane } from "./lanes.ts";
import { type InactiveReason, takesBack } from "./ownership-next.ts";
import type { Claim, OpenMission, WorkPackage } from "./state.ts";

/** What is asked about: the place where files changed, and the package or execution lane that somebody names. */
export interface OwnershipContext {
  /** `undefined` outside of every work tree. */
  readonly place?: WorkplaceAsked;
  /** @defaultValue whatever is worked on at that place */
  readonly asked?:
    | { readonly _tag: "WorkPackage"; readonly mission: string; readonly workPackageId: string }
    | { readonly _tag: "ExecutionLane"; readonly executionLane: string };
}

export interface WorkplaceAsked {
  /** Id of the worktree's name. */
  readonly worktree: string;
  /** `null` for a detached head; not compared where it is left out. */
  readonly branch?: string | null;
}

/** The package that is worked on: held by a live claim to implement it, in `claimed` or `in_progress`. */
export interface ActivePackage {
  readonly _tag: "Active";
  readonly mission: OpenMission;
  readonly workPackage: WorkPackage;
  readonly claim: Claim;
}

export interface InactivePackage {
  readonly mission: string;
  readonly workPackageId: string;
  readonly lane: Lane;
  readonly reason: InactiveReason;
  readonly holder: string | null;
  /** RFC 3339. */
  readonly expiresAt: string | null;
  /** The branch that its claim names, or named last. */
  readonly branch: string | null;
  /** What the worktree is called that its claim names, or named last. */
  readonly worktree: string | null;
  /** What makes it the active one, step by step: the words after `mled`. Empty where that is no command of ours. */
  readonly next: readonly string[];
}

export type ContextProblem =
  /** Nobody works on anything there. `inactive` was worked on there last, or is what was named. */
  | {
      readonly _tag: "ContextMissing";
      readonly invariant: string;
      readonly inactive: readonly InactivePackage[];
    }
  /** What was meant is not worked on any more, or not there. `active` is what is worked on there instead. */
  | {
      readonly _tag: "ContextStale";
      readonly invariant: string;
      readonly inactive: readonly InactivePackage[];
      readonly active: readonly ActivePackage[];
    }
  | {
      readonly _tag: "ContextAmbiguous";
      readonly invariant: string;
      readonly active: readonly ActivePackage[];
    };

export interface ContextQuestion {
  readonly missions: readonly OpenMission[];
  readonly context: OwnershipContext;
  readonly at: string;
}

const oneIsActive = "files are changed for the one work package that is worked on there";

export const findActivePackage = ({
  missions,
  context: { place, asked },
  at,
}: ContextQuestion): ActivePackage | ContextProblem => {
  const all = missions.flatMap((mission) =>
    Object.values(mission.workPackages).map((one) => lookAt(mission, one)),
  );
  const isHere = ({ where }: Looked): boolean => place !== undefined && where?.id === place.worktree;
  const judged = (looked: Looked): Judged => ({ ...looked, reason: reasonOf(looked, place, at) });
  const here = all.filter((one) => one.claim !== null && isHere(one)).map(judged);
  const activeHere = here.filter(isActive).map(asActive);
  if (asked === undefined) {
    const [only] = activeHere;
    if (only !== undefined) return activeHere.length === 1 ? only : ambiguous(activeHere);
    if (here.length > 0) return stale(here, []);
    const unplaced = all.filter(({ claim, where }) => claim !== null && where === undefined).map(judged);
    return missing([
      ...all.filter((one) => isHere(one) && isOpen(one)).map(judged),
      ...unplaced.filter(isActive).map((one): Judged => ({ ...one, reason: "no_place" })),
    ]);
  }
  const named = all.filter((one) => isAsked(one, asked)).map(judged);
  const active = named.filter(isActive);
  if (active.length > 1) return ambiguous(active.map(asActive));
  const [only] = active;
  if (only !== undefined) {
    // A claim that says nothing about its place does not outweigh one that names this very place.
    if (only.where === undefined && activeHere.length > 0)
      return stale([{ ...only, reason: "other_is_active" }], activeHere);
    return asActive(only);
  }
  if (asked._tag === "ExecutionLane") {
    const claimed = named.filter(({ claim }) => claim !== null);
    if (claimed.length > 0) return stale(claimed, activeHere);
    const open = named.filter(isOpen);
    return activeHere.length > 0 ? stale(open, activeHere) : missing(open);
  }
  const isNews = named.some(({ reason }) => reason !== "unheld");
  return isNews || activeHere.length > 0 ? stale(named, activeHere) : missing(named);
};

/** A package with what its claim to implement it says, or said last, about where that is done. */
interface Looked {
  readonly mission: OpenMission;
  readonly workPackage: WorkPackage;
  /** Its claim, if somebody works on it. */
  readonly claim: Claim | null;
  readonly where: { readonly id: string; readonly name: string } | undefined;
  readonly branch: string | null | undefined;
}

interface Judged extends Looked {
  /** `undefined` for a package that is worked on there. */
  readonly reason: InactiveReason | undefined;
}

const lookAt = (mission: OpenMission, workPackage: WorkPackage): Looked => {
  const { claim, lane, implementedIn } = workPackage;
  const isWorkedOn = claim?.kind === "implement" && (lane === "claimed" || lane === "in_progress");
  if (!isWorkedOn)
    return {
      mission,
      workPackage,
      claim: null,
      where: implementedIn?.worktree,
      branch: implementedIn?.branch,
    };
  const { worktree, branch } = claim.workplace ?? {};
  return { mission, workPackage, claim, where: worktree, branch };
};

const reasonOf = (
  { workPackage, claim, where, branch }: Looked,
  place: WorkplaceAsked | undefined,
  at: string,
): InactiveReason | undefined => {
  if (claim === null) return unworked[workPackage.lane];
  if (where !== undefined && place !== undefined && where.id !== place.worktree) return "elsewhere";
  // Two times that cannot be compared show nothing to be alive.
  if (!(Date.parse(at) < Date.parse(claim.expiresAt))) return "lease_over";
  if (branch !== undefined && place?.branch !== undefined && branch !== place.branch) return "branch_differs";
  return undefined;
};

const unworked: Readonly<Record<Lane, InactiveReason>> = {
  genesis: "unheld",
  planned: "unheld",
  claimed: "unheld",
  in_progress: "unheld",
  for_review: "in_review",
  in_review: "in_review",
  approved: "finished",
  done: "finished",
  blocked: "blocked",
  canceled: "finished",
};

const isOpen = ({ workPackage: { lane } }: Looked): boolean => unworked[lane] !== "finished";

const isActive = ({ reason }: Judged): boolean => reason === undefined;

const isAsked = ({ mission, workPackage }: Looked, asked: NonNullable<OwnershipContext["asked"]>): boolean =>
  asked._tag === "WorkPackage"
    ? mission.slug === asked.mission && workPackage.id === asked.workPackageId
    : workPackage.executionLane === asked.executionLane;

const asActive = ({ mission, workPackage, claim }: Judged): ActivePackage => ({
  _tag: "Active",
  mission,
  workPackage,
  claim: claim as Claim,
});

const asInactive = ({
  mission,
  workPackage,
  claim,
  where,
  branch,
  reason = "unheld",
}: Judged): InactivePackage => ({
  mission: mission.slug,
  workPackageId: workPackage.id,
  lane: workPackage.lane,
  reason,
  holder: workPackage.claim?.holder ?? null,
  expiresAt: claim?.expiresAt ?? null,
  branch: branch ?? null,
  worktree: where?.name ?? null,
  next: takesBack(mission.slug, workPackage, reason),
});

const missing = (inactive: readonly Judged[]): ContextProblem => ({
  _tag: "ContextMissing",
  invariant: oneIsActive,
  inactive: inactive.map(asInactive),
});

const stale = (inactive: readonly Judged[], active: readonly ActivePackage[]): ContextProblem => ({
  _tag: "ContextStale",
  invariant: oneIsActive,
  inactive: inactive.map(asInactive),
  active,
});

const ambiguous = (active: readonly ActivePackage[]): ContextProblem => ({
  _tag: "ContextAmbiguous",
  invariant: oneIsActive,
  active,
});
