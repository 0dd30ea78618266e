/** Whether a prompt is the one that was issued for the review that goes on now. Whatever is not shown to be so differs. */
import type { MissionEvent, PlaceName } from "./events.ts";
import { reviewSubject } from "./guards.ts";
import { findWorkPackage, type Mission, type OpenMission } from "./state.ts";

export type IssuedPrompt = Extract<MissionEvent, { readonly type: "ReviewPromptIssued" }>;

/** What a prompt's file says that it is. */
export interface PromptIdentity extends Omit<IssuedPrompt, "type" | "sha256" | "workPackageId"> {
  readonly mission: string;
  readonly missionId: string;
  readonly workPackageId: string;
}

/** What was seen where a prompt says that the work is. `null` stands for what is not there. */
export interface PromptGround {
  /** The repository that asks. */
  readonly repository: PlaceName | null;
  readonly worktree: PlaceName | null;
  /** The repository that the worktree belongs to. */
  readonly worktreeRepository: PlaceName | null;
  readonly branch: string | null;
  readonly head: string | null;
  /** Which of the prompt's commits the repository has. */
  readonly hasBase: boolean;
  readonly hasHead: boolean;
}

export interface PromptEvidence {
  readonly identity: PromptIdentity;
  /** SHA-256 of the file, every byte. */
  readonly sha256: string;
  /** Every prompt that the mission's log has under that id. */
  readonly issued: readonly IssuedPrompt[];
  readonly mission: Mission;
  readonly ground: PromptGround;
}

export interface PromptDifference {
  /** What differs, such as `sha256`, `repository` or `head`. */
  readonly field: string;
  /** Why it matters, as a code. */
  readonly reason: PromptDifferenceReason;
  readonly recorded: string | number | boolean | null;
  readonly found: string | number | boolean | null;
}

export type PromptDifferenceReason =
  /** The file is not there, not a plain file of ours, not whole, or not where it was written. */
  | "file"
  /** No prompt of that id is in the mission's log. */
  | "not_issued"
  /** The bytes are others than those that were recorded. */
  | "content"
  /** It says to be another prompt than the one on record. */
  | "identity"
  /** It was issued for another request than this one. */
  | "foreign"
  /** The branch or the commit that is there now is another. */
  | "moved"
  /** The repository has no such commit. */
  | "commit_missing"
  /** What is under review now is something else, or nothing. */
  | "not_under_review";

type Value = PromptDifference["found"];

const compare =
  (reason: PromptDifferenceReason) =>
  (field: string, recorded: Value, found: Value): readonly PromptDifference[] =>
    recorded === found ? [] : [{ field, reason, recorded, found }];

const [identityOf, foreign, moved, commit, review] = [
  compare("identity"),
  compare("foreign"),
  compare("moved"),
  compare("commit_missing"),
  compare("not_under_review"),
];

/** All differences; none means that a review may go by the prompt. */
export const promptDifferences = ({
  identity,
  sha256,
  issued,
  mission,
  ground,
}: PromptEvidence): readonly PromptDifference[] => {
  const [record, ...others] = issued;
  if (mission._tag === "Absent") return foreign("mission", identity.mission, null);
  if (record === undefined)
    return [{ field: "promptId", reason: "not_issued", recorded: null, found: identity.promptId }];
  return [
    ...(others.length === 0 ? [] : identityOf("promptId", 1, issued.length)),
    ...compare("content")("sha256", record.sha256, sha256),
    ...identityDifferences(record, identity),
    ...foreign("mission", mission.slug, identity.mission),
    ...foreign("missionId", mission.missionId, identity.missionId),
    ...groundDifferences(record, ground),
    ...reviewDifferences(record, mission),
  ];
};

const identityDifferences = (record: IssuedPrompt, identity: PromptIdentity): readonly PromptDifference[] => [
  ...identityOf("promptId", record.promptId, identity.promptId),
  ...identityOf("workPackage", record.workPackageId, identity.workPackageId),
  ...identityOf("cycle", record.cycle, identity.cycle),
  ...identityOf("subject", record.subject, identity.subject),
  ...identityOf("repository", nameOf(record.repository), nameOf(identity.repository)),
  ...identityOf("worktree", nameOf(record.worktree), nameOf(identity.worktree)),
  ...identityOf("branch", record.branch, identity.branch),
  ...identityOf("base", record.base, identity.base),
  ...identityOf("head", record.head, identity.head),
];

/** Places are compared by their ids; two that are called the same are shown apart. */
const groundDifferences = (record: IssuedPrompt, ground: PromptGround): readonly PromptDifference[] => [
  ...foreign("repository", nameOf(record.repository), nameOf(ground.repository)),
  ...foreign("worktree", nameOf(record.worktree), nameOf(ground.worktree)),
  ...foreign("worktree.repository", nameOf(record.repository), nameOf(ground.worktreeRepository)),
  ...moved("branch", record.branch, ground.branch),
  ...moved("head", record.head, ground.head),
  ...(ground.hasBase ? [] : commit("base", record.base, null)),
  ...(ground.hasHead ? [] : commit("head", record.head, null)),
];

const reviewDifferences = (record: IssuedPrompt, mission: OpenMission): readonly PromptDifference[] => {
  const workPackage = findWorkPackage(mission, record.workPackageId);
  if (workPackage === undefined) return review("workPackage", record.workPackageId, null);
  const { lane, reviewCycle, subject } = workPackage;
  if (lane !== "for_review" && lane !== "in_review") return review("lane", "in_review", lane);
  return [
    ...review("cycle", record.cycle, Math.max(reviewCycle, 1)),
    ...review("subject", record.subject, subject ?? reviewSubject(workPackage)),
  ];
};

const nameOf = (place: PlaceName | null): string | null =>
  place === null ? null : `${place.name} (${place.id})`;
