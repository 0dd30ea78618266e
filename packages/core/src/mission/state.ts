/** What a mission remembers in order to decide. Plain JSON, bounded by the plan and not by the history. */
import type {
  ArtifactVerdict,
  ClaimKind,
  Evidence,
  PlaceName,
  Rejection,
  Verdict,
  Workplace,
} from "./events.ts";
import type { Lane } from "./lanes.ts";

export interface Claim {
  readonly kind: ClaimKind;
  readonly holder: string;
  readonly fence: number;
  readonly leaseMs: number;
  readonly expiresAt: string;
  readonly workplace?: Workplace;
}

/** What an imported mission's newest review file says. */
export interface ReviewArtifact {
  readonly file: string;
  readonly sha256: string;
  readonly cycle: number | null;
  readonly verdict: ArtifactVerdict;
  readonly word?: string;
  readonly overridden?: boolean;
  /** A review in this ledger came after it. */
  readonly superseded?: true;
}

/** Somebody answers for what a review rejects. */
export interface VerdictOverride {
  readonly rejection: Rejection;
  readonly by: string;
  readonly reason: string;
}

/** Where a package was last claimed to implement it, if the claim said so. It stays when the claim ends. */
export interface ImplementedIn {
  readonly worktree: PlaceName;
  /** `null` for a detached head. */
  readonly branch?: string | null;
  /** The commit at which the work began: what was checked out when it was claimed. */
  readonly head?: string;
}

export interface SubtaskState {
  readonly id: string;
  readonly title: string;
  readonly done: boolean;
}

export interface LastVerdict {
  readonly verdict: Verdict;
  readonly reviewer: string;
  readonly subject: string;
  readonly cycle: number;
}

export interface WorkPackage {
  readonly id: string;
  readonly title: string;
  readonly lane: Lane;
  readonly dependsOn: readonly string[];
  readonly owns: readonly string[];
  readonly executionLane: string | null;
  readonly subtasks: readonly SubtaskState[];
  readonly claim: Claim | null;
  /** The newest fence granted; 0 before the first claim. */
  readonly fence: number;
  /** The lane it was blocked in, while it is blocked. */
  readonly blockedFrom: Lane | null;
  /** Everybody who ever implemented it; none of them may review it. */
  readonly implementers: readonly string[];
  readonly implementedIn?: ImplementedIn;
  /** Recorded since the work was last claimed. */
  readonly evidence: readonly Evidence[];
  readonly reviewCycle: number;
  /** What was last handed over for review. */
  readonly subject: string | null;
  /** Absent: never judged. `null`: the judgement was withdrawn. Set: the newest one; an approval clears a rejection. */
  readonly verdict?: LastVerdict | null;
  /** Absent unless it was imported with review files. */
  readonly artifact?: ReviewArtifact;
  /** At most one of each source, for the rejections that stand now; gone when it is taken up again. */
  readonly overrides?: readonly VerdictOverride[];
  /** How it came to stand at approved or done: only a verdict or imported history opens the way on. */
  readonly approvedBy: "verdict" | "history" | "force" | null;
  readonly forceCount: number;
}

export interface OpenMission {
  readonly _tag: "Open";
  readonly slug: string;
  readonly title: string;
  readonly missionId: string;
  readonly dependencyMetAt: "approved" | "done";
  /** The branch it is merged into, if one was named. */
  readonly targetBranch?: string;
  readonly workPackages: Readonly<Record<string, WorkPackage>>;
  /** Set while an import is under way: until it is complete nothing else is decided. */
  readonly importing: boolean;
  /** Which system it was imported from, if it was. */
  readonly importedFrom: string | null;
  /** Set while it is archived: until it is restored nothing else is decided. */
  readonly archived?: ArchivedIn;
  /** The newest time it was shipped. */
  readonly shipped?: ShippedTo;
}

export interface ShippedTo {
  readonly targetBranch: string;
  readonly commit: string;
  /** Packages were added or moved since. */
  readonly changed?: true;
}

/** The cold copy of an archived mission. */
export interface ArchivedIn {
  /** What it was called when it was made. */
  readonly file: string;
  readonly sha256: string;
}

export type Mission = { readonly _tag: "Absent" } | OpenMission;

export const findWorkPackage = (mission: OpenMission, id: string): WorkPackage | undefined =>
  Object.hasOwn(mission.workPackages, id) ? mission.workPackages[id] : undefined;

/** Where a dependency has to stand to count as met. */
export const isMet = (dependency: WorkPackage | undefined, metAt: "approved" | "done"): boolean =>
  dependency !== undefined &&
  (dependency.lane === "done" || (metAt === "approved" && dependency.lane === "approved"));

export const unmetDependencies = (
  mission: OpenMission,
  { dependsOn }: Pick<WorkPackage, "dependsOn">,
): readonly string[] =>
  dependsOn.filter((id) => !isMet(findWorkPackage(mission, id), mission.dependencyMetAt));

/** The package that is being worked on in an execution lane, as the log has it now. */
export const activeInExecutionLane = (mission: OpenMission, executionLane: string): WorkPackage | undefined =>
  Object.values(mission.workPackages).find(
    (candidate) =>
      candidate.executionLane === executionLane &&
      (candidate.lane === "claimed" || candidate.lane === "in_progress"),
  );
