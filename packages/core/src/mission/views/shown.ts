/** Answers "what is there to know about this work package, or this mission?": what `wp show` and `mission show` print. */
import { type Difference, differencesBetween } from "../../kernel/differences.ts";
import { type Exit, type Lane, lanes, shownLanes } from "../lanes.ts";
import {
  findWorkPackage,
  type LastVerdict,
  type Mission,
  type OpenMission,
  type ShippedTo,
  unmetDependencies,
  type WorkPackage,
} from "../state.ts";

export interface ShownWorkPackage extends Omit<WorkPackage, "verdict"> {
  /** The newest verdict; `null` where there is none, or it was withdrawn. */
  readonly verdict: LastVerdict | null;
  /** Dependencies that are not met. */
  readonly waitsFor: readonly string[];
  readonly exits: readonly Exit[];
}

export const shownWorkPackage = (mission: OpenMission, workPackage: WorkPackage): ShownWorkPackage => ({
  ...workPackage,
  verdict: workPackage.verdict ?? null,
  waitsFor: unmetDependencies(mission, workPackage),
  exits: lanes[workPackage.lane].exits.map(({ to, via, guards }) => ({ to, via, guards })),
});

export interface ShownMission {
  readonly slug: string;
  readonly title: string;
  readonly missionId: string;
  readonly dependencyMetAt: "approved" | "done";
  readonly targetBranch: string | null;
  readonly importing: boolean;
  readonly importedFrom: string | null;
  /** What its cold copy was called, while it is archived. */
  readonly archived: string | null;
  readonly shipped: ShippedTo | null;
  readonly workPackages: number;
  readonly done: number;
  /** How many packages stand in each lane that is shown. */
  readonly lanes: Readonly<Partial<Record<Lane, number>>>;
  readonly forced: number;
}

export const shownMission = (mission: OpenMission): ShownMission => {
  const all = Object.values(mission.workPackages);
  return {
    ...settingsOf(mission),
    workPackages: all.length,
    done: all.filter(({ lane }) => lane === "done").length,
    lanes: Object.fromEntries(
      shownLanes.map((lane) => [lane, all.filter((one) => one.lane === lane).length]),
    ),
    forced: all.reduce((sum, { forceCount }) => sum + forceCount, 0),
  };
};

const settingsOf = (mission: OpenMission) => {
  const {
    slug,
    title,
    missionId,
    dependencyMetAt,
    targetBranch = null,
    importing,
    importedFrom,
    archived,
  } = mission;
  return {
    slug,
    title,
    missionId,
    dependencyMetAt,
    targetBranch,
    importing,
    importedFrom,
    archived: archived?.file ?? null,
    shipped: mission.shipped ?? null,
  };
};

/** A place where two moments of a mission differ. */
export type MissionDifference = Difference & {
  /** `null` where it is about the mission itself. The path begins below the package. */
  readonly workPackageId: string | null;
};

/**
 * Where a mission differs between two moments: its settings, then each package by the fields that `wp show` has, in the
 * order in which packages were added. `exits` are left out, since they follow from the lane. A package that is only there
 * at one of the moments is one difference, with an empty path.
 */
export const missionDifferences = (before: Mission, after: Mission): readonly MissionDifference[] => {
  const own = differencesBetween(settingsIn(before), settingsIn(after)).map((difference) => ({
    ...difference,
    workPackageId: null,
  }));
  const ids = new Set([...packageIds(before), ...packageIds(after)]);
  const ofPackages = [...ids].flatMap((workPackageId) =>
    differencesBetween(comparable(before, workPackageId), comparable(after, workPackageId)).map(
      (difference) => ({ ...difference, workPackageId }),
    ),
  );
  return [...own, ...ofPackages];
};

/** What of a package is compared; `undefined` where it is not there. */
export const comparable = (
  mission: Mission,
  workPackageId: string,
): Omit<ShownWorkPackage, "exits"> | undefined => {
  const found = mission._tag === "Open" ? findWorkPackage(mission, workPackageId) : undefined;
  if (found === undefined || mission._tag === "Absent") return undefined;
  const { exits: _, ...rest } = shownWorkPackage(mission, found);
  return rest;
};

const settingsIn = (mission: Mission) => (mission._tag === "Open" ? settingsOf(mission) : undefined);

const packageIds = (mission: Mission): readonly string[] =>
  mission._tag === "Open" ? Object.keys(mission.workPackages) : [];
