/** Everything that has to hold before a mission is shipped, looked at in one go and before anything is written. */
import type { MissionRequest } from "@mission-ledger/core/mission";
import { type GitPlace, readDistance } from "@mission-ledger/git";
import { type PreflightReport, type PreflightRequest, preflight } from "../preflight/preflight.ts";
import { type CommitOnTarget, commitsOn, isNotHere, takenBackOn, unnamedOn } from "./commits-on-target.ts";
import { type SignoffQuestion, type SignoffReport, signoffReport } from "./report.ts";
import { blockersOf, type ShipBlocker } from "./ship-blockers.ts";
import type { UnnamedWork } from "./unnamed-work.ts";

export interface ShipQuestion extends PreflightRequest, SignoffQuestion {}

export interface ShipCheck {
  readonly mission: string;
  readonly target: string;
  readonly commit: string | null;
  /** Nothing blocks. */
  readonly ok: boolean;
  /** In the order in which they are dealt with: the target first. */
  readonly blockers: readonly ShipBlocker[];
  readonly preflight: PreflightReport;
  readonly review: SignoffReport;
  readonly commits: readonly CommitOnTarget[];
  /** Packages that name no commit. */
  readonly unnamed: readonly UnnamedWork[];
  /** Packages whose commits are on the target, and all that they changed was taken back there. */
  readonly takenBack: readonly string[];
}

/** Writes nothing but what a fetch brings. Throws `INPUT_REQUIRED` where no target is known, and `GitFault`. */
export const shipCheck = async (
  question: ShipQuestion,
): Promise<{ readonly check: ShipCheck; readonly request: MissionRequest | undefined }> => {
  const { place, mission, observed = [] } = question;
  const report = await preflight(question);
  const review = signoffReport(question);
  const { target, localCommit } = report;
  const commits = localCommit === null ? [] : await commitsOn(place, mission, localCommit);
  const unnamed = localCommit === null ? [] : await unnamedOn(place, mission, target, localCommit);
  const takenBack = localCommit === null ? [] : await takenBackOn(place, mission, commits, localCommit);
  const blockers = blockersOf(question, report, review, { commits, unnamed, takenBack });
  const check: ShipCheck = {
    mission: mission.slug,
    target,
    commit: localCommit,
    ok: blockers.length === 0,
    blockers,
    preflight: report,
    review,
    commits,
    unnamed,
    takenBack,
  };
  if (localCommit === null || blockers.length > 0) return { check, request: undefined };
  const { shipped } = mission;
  const isShippedThere = shipped !== undefined && (await isOn(place, shipped.commit, localCommit));
  return {
    check,
    request: {
      type: "ShipMission",
      targetBranch: target,
      commit: localCommit,
      upstream:
        report.upstreamRef === null || report.upstreamCommit === null
          ? null
          : { ref: report.upstreamRef, commit: report.upstreamCommit },
      contains: [...new Set(commits.map(({ ref }) => ref)), ...(isShippedThere ? [shipped.commit] : [])],
      ...(observed.length === 0 ? {} : { observed }),
    },
  };
};

const isOn = async (place: GitPlace, commit: string, target: string): Promise<boolean> => {
  try {
    return (await readDistance(place, commit, target)).ahead === 0;
  } catch (error) {
    if (isNotHere(error)) return false;
    throw error;
  }
};
