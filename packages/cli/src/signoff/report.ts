/** What a sign-off is about: each package that is approved or done, whether its review agrees, and what to run if it does not. */
import {
  type ApprovalBasis,
  type Contradiction,
  type ContradictionKind,
  contradictionWords,
  type ObservedReview,
  type OpenMission,
  type PackageConsistency,
  Refused,
  reviewConsistency,
  withObserved,
} from "@mission-ledger/core/mission";
import type { Names } from "../command/names.ts";
import { shellQuote } from "../output/shell-quote.ts";

export interface SignoffContradiction {
  readonly kind: ContradictionKind;
  readonly source: "verdict" | "artifact";
  readonly invariant: string;
  readonly message: string;
  /** Of the review file, or of the review; `null` where it has none. */
  readonly cycle: number | null;
  readonly file: string | null;
  readonly sha256: string | null;
  readonly override: { readonly by: string; readonly reason: string } | null;
  /** What answers for it; `null` once somebody has. */
  readonly command: string | null;
}

export interface SignoffPackage {
  readonly workPackageId: string;
  readonly lane: string;
  readonly verdict: PackageConsistency["verdict"];
  readonly restsOn: ApprovalBasis | null;
  readonly hollow: PackageConsistency["hollow"];
  readonly contradictions: readonly SignoffContradiction[];
}

export interface SignoffReport {
  readonly mission: string;
  /** Nothing contradicts what is approved or done, or somebody answers for all that does. */
  readonly ok: boolean;
  readonly packages: readonly SignoffPackage[];
  /** Not approved or done yet, so that there is nothing to compare. */
  readonly others: readonly { readonly workPackageId: string; readonly lane: string }[];
}

export interface SignoffQuestion {
  readonly mission: OpenMission;
  /** Review files as they are now. @defaultValue as they are on record */
  readonly observed?: readonly ObservedReview[];
  /** The folder they are in, as it was typed: an override needs it too. */
  readonly artifacts?: string | undefined;
  readonly say: Names["say"];
}

/** Throws `IMPORT_INCOMPLETE`: half a history approves nothing. */
export const signoffReport = ({ mission, observed = [], artifacts, say }: SignoffQuestion): SignoffReport => {
  if (mission.importing)
    throw new Refused({
      _tag: "ImportIncomplete",
      mission: mission.slug,
      workPackageId: null,
      invariant: "a mission is signed off when its history is complete",
    });
  const now = withObserved(mission, observed);
  const packages = reviewConsistency(now).map((one): SignoffPackage => {
    const isSeveral = one.contradictions.length > 1;
    return {
      ...one,
      contradictions: one.contradictions.map((contradiction) => {
        const { kind, rejection, invariant, override } = contradiction;
        const { verdict, artifact } = now.workPackages[one.workPackageId] ?? {};
        const isFile = rejection.source === "artifact";
        return {
          kind,
          source: rejection.source,
          invariant,
          message: `${mission.slug}/${one.workPackageId} is ${one.lane}, and ${contradictionWords[kind]}`,
          cycle: isFile ? (artifact?.cycle ?? null) : verdict == null ? null : rejection.cycle,
          file: isFile ? rejection.file : null,
          sha256: isFile ? rejection.sha256 : null,
          override: override === null ? null : { by: override.by, reason: override.reason },
          command: override === null ? overrideCommand(contradiction, { artifacts, isSeveral, say }) : null,
        };
      }),
    };
  });
  return {
    mission: mission.slug,
    ok: packages.every(({ verdict }) => verdict === "consistent" || verdict === "overridden"),
    packages,
    others: Object.values(mission.workPackages)
      .filter(({ lane }) => lane !== "approved" && lane !== "done")
      .map(({ id, lane }) => ({ workPackageId: id, lane })),
  };
};

/** One package may be rejected by its verdict and by its file; then each is answered for by itself. */
export const overrideCommand = (
  { mission, workPackageId, rejection }: Contradiction,
  { artifacts, isSeveral, say }: Pick<SignoffQuestion, "artifacts" | "say"> & { readonly isSeveral: boolean },
): string =>
  say(
    "override",
    [
      shellQuote(`${mission}/${workPackageId}`),
      ...(isSeveral ? [`--of ${rejection.source === "artifact" ? "file" : "verdict"}`] : []),
      ...(artifacts === undefined ? [] : [`--artifacts ${shellQuote(artifacts)}`]),
      '--reason "…"',
    ].join(" "),
  );

/** The first that nobody answers for. */
export const firstOpen = ({
  packages,
}: SignoffReport): (SignoffContradiction & Pick<SignoffPackage, "workPackageId" | "lane">) | undefined =>
  packages.flatMap(({ workPackageId, lane, contradictions }) =>
    contradictions
      .filter(({ override }) => override === null)
      .map((one) => ({ ...one, workPackageId, lane })),
  )[0];
