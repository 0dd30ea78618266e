/** What keeps a mission from being shipped, in the order in which it is dealt with. */
import { type OpenMission, openWorkPackages } from "@mission-ledger/core/mission";
import type { Names } from "../command/names.ts";
import { shellQuote } from "../output/shell-quote.ts";
import { type PreflightReport, targetInvariant } from "../preflight/preflight.ts";
import { standingWords } from "../preflight/words.ts";
import type { CommitOnTarget } from "./commits-on-target.ts";
import type { SignoffReport } from "./report.ts";
import type { UnnamedWork } from "./unnamed-work.ts";

export interface ShipBlocker {
  readonly kind: "target" | "open" | "nothing_done" | "review" | "commit";
  readonly code: "TARGET_NOT_IN_SYNC" | "REVIEW_CONTRADICTED" | "GUARD_FAILED";
  readonly workPackageId: string | null;
  readonly invariant: string;
  readonly message: string;
  /** The next step, as it is typed; `null` where people have to work first. */
  readonly command: string | null;
}

export const blockersOf = (
  { mission, say }: { readonly mission: OpenMission; readonly say: Names["say"] },
  report: PreflightReport,
  review: SignoffReport,
  {
    commits,
    unnamed,
    takenBack,
  }: {
    readonly commits: readonly CommitOnTarget[];
    readonly unnamed: readonly UnnamedWork[];
    readonly takenBack: readonly string[];
  },
): readonly ShipBlocker[] => {
  const { slug, workPackages } = mission;
  const refused = { code: "GUARD_FAILED", command: null } as const;
  const target: readonly ShipBlocker[] = report.inSync
    ? []
    : [
        {
          kind: "target",
          code: "TARGET_NOT_IN_SYNC",
          workPackageId: null,
          invariant: targetInvariant,
          message: `${slug}: ${standingWords(report)}`,
          command: report.remediation[0]?.command ?? null,
        },
      ];
  const open = openWorkPackages(mission).map(
    ({ id, lane }): ShipBlocker => ({
      ...refused,
      kind: "open",
      workPackageId: id,
      invariant: "what is shipped is closed: every work package is done or canceled",
      message: `${slug}/${id} is ${lane}`,
      command: lane === "approved" ? say("wp.move", `${shellQuote(`${slug}/${id}`)} done`) : null,
    }),
  );
  const isAnyDone = Object.values(workPackages).some(({ lane }) => lane === "done");
  const nothing: readonly ShipBlocker[] =
    isAnyDone || open.length > 0
      ? []
      : [
          {
            ...refused,
            kind: "nothing_done",
            workPackageId: null,
            invariant: "what is shipped was done",
            message: `${slug} has nothing that is done`,
          },
        ];
  const reviews = review.packages.flatMap(({ workPackageId, contradictions }) =>
    contradictions
      .filter(({ override }) => override === null)
      .map(
        ({ invariant, message, file, command }): ShipBlocker => ({
          kind: "review",
          code: "REVIEW_CONTRADICTED",
          workPackageId,
          invariant,
          message: file === null ? message : `${message}: ${file}`,
          command,
        }),
      ),
  );
  const isShallow = report.circumstances.some(({ code }) => code === "SHALLOW_CLONE");
  const absent = commits
    .filter(({ onTarget }) => !onTarget)
    .map(
      ({ workPackageId, ref, commit }): ShipBlocker => ({
        ...refused,
        kind: "commit",
        workPackageId,
        invariant: "what was done is on the target branch",
        message: `${slug}/${workPackageId}: its commit ${ref} is ${commit === null ? "not in this repository" : `not on ${report.target}`}`,
        command:
          commit === null
            ? `git fetch ${isShallow ? "--unshallow" : "--all"}`
            : `git log --oneline ${shellQuote(report.target)}..${commit}`,
      }),
    );
  const left = unnamed
    .filter(({ onTarget }) => onTarget === false)
    .map(
      ({ workPackageId, branch, commit }): ShipBlocker => ({
        ...refused,
        kind: "commit",
        workPackageId,
        invariant: "what was done is on the target branch",
        message: `${slug}/${workPackageId} names no commit, and ${branch}, where it was worked on, changes files of it that are not so on ${report.target}`,
        command: `git log --oneline ${shellQuote(report.target)}..${commit}`,
      }),
    );
  const undone = takenBack.map(
    (workPackageId): ShipBlocker => ({
      ...refused,
      kind: "commit",
      workPackageId,
      invariant: "what was done is on the target branch",
      message: `${slug}/${workPackageId}: its work came to ${report.target} and was taken back there`,
      command: say(
        "wp.move",
        `${shellQuote(`${slug}/${workPackageId}`)} in_progress --reason "…" --link <why>`,
      ),
    }),
  );
  return [...target, ...open, ...nothing, ...reviews, ...absent, ...left, ...undone];
};
