/** The guard with its eyes: reads the place, the missions that matter and the files that changed, and lets core judge. */
import path from "node:path";
import { type CancelSignal, type Clock, timestamp } from "@mission-ledger/core";
import {
  type ActivePackage,
  type ChangedFile,
  findActivePackage,
  findWorkPackage,
  judgeChanges,
  judgeOwnership,
  type Ledger,
  type OpenMission,
  type OwnershipContext,
  type OwnershipVerdict,
} from "@mission-ledger/core/mission";
import type { GitPlace } from "@mission-ledger/git";
import { openWorkPackage, resolveRef } from "../command/refs.ts";
import type { Environment } from "../command/spec.ts";
import { type Machine, systemMachine } from "../machine/machine.ts";
import type { WorktreeIndex } from "../mission-index/worktree-index.ts";
import { observeWorkplace } from "../workplace/observe-workplace.ts";
import {
  type CommittedChanges,
  committedSince,
  type GuardScope,
  stagedChanges,
  uncommittedChanges,
} from "./changes.ts";
import { type LookedAt, missionsFor, readOpen } from "./missions-for.ts";

export interface GuardQuestion {
  readonly ledger: Ledger;
  /** @defaultValue every mission of the ledger is read */
  readonly index?: WorktreeIndex | undefined;
  /** Where the logs are, if they are files: their ends are looked at for damage. @defaultValue not looked at */
  readonly directory?: string | null;
  /** Any folder of the work tree. */
  readonly cwd: string;
  readonly env: Environment;
  readonly clock: Clock;
  readonly scope: GuardScope;
  /** Only packages of this mission. */
  readonly mission?: string | undefined;
  /** The package whose work it is: `mission/WP01`, or `WP01`. */
  readonly workPackage?: string | undefined;
  readonly executionLane?: string | undefined;
  readonly machine?: Machine | undefined;
  readonly signal?: CancelSignal | undefined;
}

export interface GuardAnswer extends LookedAt {
  readonly verdict: OwnershipVerdict;
  readonly scope: GuardScope;
  /** The commit that committed changes were taken from. */
  readonly base: string | null;
  /** What the worktree is called; `null` outside of every one. */
  readonly worktree: string | null;
  readonly branch: string | null;
}

/**
 * Only a verdict of `Ok` is leave to go on. Throws what keeps the question from being answered: `GitFault`, faults of the
 * store, `NOT_FOUND` for a mission or package that is named and is not there.
 */
export const guardOwnership = async ({
  ledger,
  index,
  directory = null,
  cwd,
  env,
  clock,
  scope,
  mission,
  workPackage,
  executionLane,
  machine = systemMachine,
  signal,
}: GuardQuestion): Promise<GuardAnswer> => {
  const git: GitPlace = { cwd: path.resolve(cwd), env, ...(signal === undefined ? {} : { signal }) };
  // The very facts that a claim names its place by.
  const { worktree, branch } = await observeWorkplace({ cwd: git.cwd, env, machine });
  const named = mission ?? missionIn(workPackage);
  const reading = { ledger, directory, signal };
  const looked = await missionsFor({ ...reading, index, worktree: worktree?.id, mission: named });
  const wanted =
    workPackage === undefined
      ? undefined
      : await packageAsked(reading, looked.missions, mission, workPackage);
  const missions =
    wanted === undefined || looked.missions.includes(wanted.mission)
      ? looked.missions
      : [...looked.missions, wanted.mission];
  const asked: OwnershipContext["asked"] =
    wanted !== undefined
      ? { _tag: "WorkPackage", mission: wanted.mission.slug, workPackageId: wanted.workPackageId }
      : executionLane !== undefined
        ? { _tag: "ExecutionLane", executionLane }
        : undefined;
  const context: OwnershipContext = {
    ...(worktree === undefined
      ? {}
      : { place: { worktree: worktree.id, ...(branch === undefined ? {} : { branch }) } }),
    ...(asked === undefined ? {} : { asked }),
  };
  const question = { missions, context, at: timestamp(clock.now()) };
  const found = findActivePackage(question);
  const { base, changes } = await changesIn(git, scope, found._tag === "Active" ? found : undefined);
  return {
    missions,
    foundBy: looked.foundBy,
    verdict:
      found._tag === "Active" ? judgeChanges(found, changes) : judgeOwnership({ ...question, changes }),
    scope,
    base,
    worktree: worktree?.name ?? null,
    branch: branch ?? null,
  };
};

const missionIn = (ref: string | undefined): string | undefined => {
  const slash = ref?.indexOf("/") ?? -1;
  return slash > 0 ? ref?.slice(0, slash) : undefined;
};

interface PackageAsked {
  readonly mission: OpenMission;
  readonly workPackageId: string;
}

/** Throws `NOT_FOUND` and `AMBIGUOUS_REF`. */
const packageAsked = async (
  reading: Parameters<typeof readOpen>[0],
  missions: readonly OpenMission[],
  named: string | undefined,
  ref: string,
): Promise<PackageAsked> => {
  const id = ref.slice(ref.indexOf("/") + 1);
  const [only, ...others] = missions.filter((one) => findWorkPackage(one, id) !== undefined);
  if (only !== undefined && others.length === 0) return { mission: only, workPackageId: id };
  const { slug, workPackageId } = await resolveRef(
    reading.ledger,
    named === undefined || ref.includes("/") ? ref : `${named}/${ref}`,
  );
  const mission = missions.find((one) => one.slug === slug) ?? (await readOpen(reading, slug));
  openWorkPackage(mission, workPackageId);
  return { mission, workPackageId };
};

/** A renewal may name a later commit; the work began where it was claimed. */
const headOf = ({
  workPackage: { implementedIn },
  claim: { workplace },
}: ActivePackage): string | undefined => implementedIn?.head ?? workplace?.head;

const changesIn = async (
  git: GitPlace,
  scope: GuardScope,
  active: ActivePackage | undefined,
): Promise<CommittedChanges> => {
  switch (scope.kind) {
    case "staged":
      return { base: null, changes: await stagedChanges(git) };
    case "base":
      return committedSince(git, scope.base);
    case "worktree": {
      const uncommitted: readonly ChangedFile[] = await uncommittedChanges(git);
      const claimedAt = active === undefined ? undefined : headOf(active);
      if (claimedAt === undefined) return { base: null, changes: uncommitted };
      const { base, changes } = await committedSince(git, claimedAt, {
        target: active?.mission.targetBranch,
      });
      return { base, changes: [...changes, ...uncommitted] };
    }
  }
};
