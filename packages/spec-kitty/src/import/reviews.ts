/** The newest review files of an imported mission as events, and who answered in the source for what rejects. */
import { fold } from "@mission-ledger/core";
import {
  type Contradiction,
  contradictionsOf,
  findWorkPackage,
  type ImportedEvent,
  limits,
  type Mission,
  type MissionEvent,
  mission,
  type Verdict,
} from "@mission-ledger/core/mission";
import type { NewestReview } from "../files/newest-reviews.ts";
import { isPyObject, type PyObject, stringAt } from "../json/value.ts";
import type { Reduction } from "../log/reduce.ts";
import { clip } from "../text.ts";
import { maxLengths } from "./limits.ts";

export const reviewEvent = ({ workPackageId, file }: NewestReview): ImportedEvent => {
  const { name, sha256, cycle, verdict, word, by, override } = file;
  return {
    type: "HistoricReviewRecorded",
    workPackageId,
    file: clip(name, limits.ref),
    sha256,
    cycle,
    verdict,
    ...(word === undefined ? {} : { word }),
    ...(by === undefined ? {} : { by: clip(by, maxLengths.by) }),
    ...(override === undefined ? {} : { overridden: true }),
  };
};

/**
 * What the log has decided since a review file of a package was written, asked by the file's name: `WP01-mast/review-cycle-2.md`.
 * It says so only of files that it names itself. Its newest verdict counts, and an approval without one clears a rejection.
 */
export const verdictsOfFiles = ({
  transitions,
}: Reduction): ((file: string, workPackageId: string) => Verdict | undefined) => {
  const named = new Set<string>();
  const newest = new Map<string, Verdict>();
  for (const { row, applied } of transitions) {
    const { wpId, to, from, reviewResult } = row.transition;
    if (!applied) continue;
    const reference = reviewResult === undefined ? undefined : stringAt(reviewResult, "reference");
    const verdict = reviewResult === undefined ? undefined : stringAt(reviewResult, "verdict");
    if (reference !== undefined) named.add(`${wpId} ${fileOfReference(reference)}`);
    if (verdict === "approved" || verdict === "changes_requested") newest.set(wpId, verdict);
    else if (from === "in_review" || to === "approved" || to === "done") newest.delete(wpId);
  }
  return (file, workPackageId) =>
    named.has(`${workPackageId} ${file}`) ? newest.get(workPackageId) : undefined;
};

/** Of `review-cycle://<mission>/<folder>/<file>`, or a path, the folder and the file. */
export const fileOfReference = (reference: string): string => reference.split("/").slice(-2).join("/");

/**
 * Overrides that the source holds: those written into the newest file for its rejection, and those of the log for a rejection
 * that is older than they are. An override for anything else answers for nothing here.
 */
export const answeredInSource = (
  history: readonly ImportedEvent[],
  newest: readonly NewestReview[],
  reduction: Reduction,
): readonly ImportedEvent[] => {
  const answers = [...reduction.workPackages].flatMap(([workPackageId, { slots }]) => {
    const file = newest.find((one) => one.workPackageId === workPackageId)?.file;
    const inFile = file?.override?.wpId === workPackageId ? file.override : undefined;
    const inLog = overrideIn(slots, workPackageId);
    return inFile === undefined && inLog === undefined ? [] : [{ workPackageId, file, inFile, inLog }];
  });
  const state = answers.length === 0 ? mission.initial : stateAfter(history);
  if (state._tag === "Absent") return [];
  return answers.flatMap(({ workPackageId, file, inFile, inLog }) => {
    const workPackage = findWorkPackage(state, workPackageId);
    if (workPackage === undefined) return [];
    return contradictionsOf(state, workPackage).flatMap((one): readonly ImportedEvent[] => {
      const answer =
        one.rejection.source === "artifact"
          ? (inFile ?? ifNewer(inLog, file?.reviewedAt))
          : ifNewer(inLog, judgedAt(one, reduction));
      if (answer === undefined) return [];
      const { by, reason } = answer;
      return [{ type: "VerdictOverridden", workPackageId, rejection: one.rejection, by, reason }];
    });
  });
};

/** What a ledger makes of the history: it says which rejections stand. */
const stateAfter = (history: readonly ImportedEvent[]): Mission => {
  const about = { source: "", slug: "", title: "", missionId: "", dependencyMetAt: "approved" } as const;
  const events: readonly MissionEvent[] = [{ type: "ImportBegun", ...about, files: [] }, ...history];
  return fold(mission, mission.initial, events);
};

interface Answer {
  readonly by: string;
  readonly reason: string;
  readonly at: string;
}

const overrideIn = (slots: PyObject, workPackageId: string): Answer | undefined => {
  const review = slots.get("review");
  if (!isPyObject(review) || stringAt(review, "wp_id") !== workPackageId) return undefined;
  const [by = "", reason = "", at = ""] = ["actor", "reason", "at"].map((key) =>
    stringAt(review, key)?.trim(),
  );
  if (by === "" || reason === "") return undefined;
  return { by: clip(by, limits.actor), reason: clip(reason, limits.reason), at };
};

const ifNewer = (answer: Answer | undefined, than: string | undefined): Answer | undefined =>
  answer !== undefined && than !== undefined && Date.parse(answer.at) >= Date.parse(than)
    ? answer
    : undefined;

/** When the verdict that rejects was given; nothing can be said of when a review did not happen. */
const judgedAt = ({ kind, workPackageId }: Contradiction, { transitions }: Reduction): string | undefined =>
  kind !== "verdict_rejects"
    ? undefined
    : transitions.findLast(
        ({ row, applied }) =>
          applied && row.transition.wpId === workPackageId && row.transition.reviewResult !== undefined,
      )?.row.transition.at;
