/** Which paths a mission owns: what its work packages say, and which of them count. */
import { matchesGlob, type OpenMission } from "@mission-ledger/core/mission";

/** `closed`: packages that are approved or done, whose work was reviewed. `all`: every package that is not canceled. */
export type CountedPackages = "closed" | "all";

export interface OwnedPaths {
  readonly counted: CountedPackages;
  /** Ids of the work packages that count, in the order of the plan. */
  readonly workPackages: readonly string[];
  /** What they own, each glob once, in the order of the plan. */
  readonly globs: readonly string[];
  /** Takes a path as git facts give it. */
  readonly owns: (path: string) => boolean;
}

/** The union of what the packages own; see the globs of owned files in docs/vocabulary.md. */
export const ownedPaths = (
  { workPackages }: Pick<OpenMission, "workPackages">,
  { counted = "closed" }: { readonly counted?: CountedPackages } = {},
): OwnedPaths => {
  const counting = Object.values(workPackages).filter(({ lane }) =>
    counted === "all" ? lane !== "canceled" : lane === "approved" || lane === "done",
  );
  const globs = [...new Set(counting.flatMap(({ owns }) => owns))];
  return {
    counted,
    workPackages: counting.map(({ id }) => id),
    globs,
    owns: (path) => globs.some((glob) => matchesGlob(glob, path)),
  };
};
