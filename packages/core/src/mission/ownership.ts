/**
 * Whether changed files belong to the work package that is worked on where they were changed, as the log has it when it is
 * asked. A context that cannot be proven is never taken for a violation, nor for leave to go on.
 */
import {
  type ActivePackage,
  type ContextProblem,
  findActivePackage,
  type InactivePackage,
  type OwnershipContext,
} from "./ownership-context.ts";
import {
  type ChangedFile,
  countOwned,
  isOfLedger,
  type Ownership,
  type OwnershipViolation,
  ownershipOf,
} from "./ownership-paths.ts";
import { findWorkPackage, type OpenMission } from "./state.ts";

export interface OwnershipQuestion {
  /** Every mission that may have a package worked on there: among those left out, none can be told from another. */
  readonly missions: readonly OpenMission[];
  readonly context: OwnershipContext;
  readonly changes: readonly ChangedFile[];
  /** RFC 3339. Leases are judged by it. */
  readonly at: string;
}

interface Counted {
  /** Paths that were looked at, without those of the ledger. */
  readonly checked: number;
  /** Paths below `.mission-ledger/`, which belong to no package. */
  readonly ofLedger: number;
}

export type OwnershipVerdict =
  /** `active` is `null` where nothing but the ledger's own files changed, which needs no package. */
  | (Counted & { readonly _tag: "Ok"; readonly active: ActivePackage | null })
  | (Counted & {
      readonly _tag: "Violated";
      readonly invariant: string;
      readonly active: ActivePackage;
      readonly violations: readonly OwnershipViolation[];
    })
  /** The plan of the active package says nothing that files can be checked against. */
  | {
      readonly _tag: "Invalid";
      readonly invariant: string;
      readonly active: ActivePackage;
      readonly problems: readonly { readonly glob: string | null; readonly problem: string }[];
    }
  | ContextProblem;

/** Blocks by default: only `Ok` is leave to go on. */
export const judgeOwnership = ({ missions, context, changes, at }: OwnershipQuestion): OwnershipVerdict => {
  const ofLedger = changes.length > 0 && changes.every(isOfLedger);
  if (ofLedger) return { _tag: "Ok", active: null, checked: 0, ofLedger: changes.length };
  const found = findActivePackage({ missions, context, at });
  if (found._tag === "Active") return judgeChanges(found, changes);
  return found._tag === "ContextMissing"
    ? { ...found, inactive: likeliestFirst(found, missions, changes) }
    : found;
};

/** Of several packages that are in review, the one whose files changed is the one to take back. */
const likeliestFirst = (
  { inactive }: Extract<ContextProblem, { _tag: "ContextMissing" }>,
  missions: readonly OpenMission[],
  changes: readonly ChangedFile[],
): readonly InactivePackage[] => {
  const owned = new Map(
    inactive.map((one) => {
      const mission = missions.find(({ slug }) => slug === one.mission);
      const owns = mission === undefined ? undefined : findWorkPackage(mission, one.workPackageId)?.owns;
      return [one, countOwned(owns ?? [], changes)];
    }),
  );
  return inactive.toSorted((a, b) => (owned.get(b) ?? 0) - (owned.get(a) ?? 0));
};

/** The second half of {@link judgeOwnership}, for who has to know the package before the changes. */
export const judgeChanges = (active: ActivePackage, changes: readonly ChangedFile[]): OwnershipVerdict => {
  const { problems, violations, checked, ofLedger }: Ownership = ownershipOf(active, changes);
  if (problems.length > 0)
    return {
      _tag: "Invalid",
      invariant: "a work package says by globs which files are its own",
      active,
      problems,
    };
  if (violations.length === 0) return { _tag: "Ok", active, checked, ofLedger };
  return {
    _tag: "Violated",
    invariant: "whoever works on a package changes files that it owns, and no others",
    active,
    violations,
    checked,
    ofLedger,
  };
};
