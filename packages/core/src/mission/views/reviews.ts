/** Answers "what was asked to be reviewed, by whom was it judged, and how?". */
import type { Draft } from "immer";
import type { Projection } from "../../kernel/projection.ts";
import type { MissionEvent } from "../events.ts";

export interface ReviewCycle {
  readonly cycle: number;
  readonly subject: string | null;
  readonly requestedBy: string | null;
  readonly requestedAt: string | null;
  readonly reviewer: string | null;
  /** `null` while nobody has judged. Imported verdicts keep the source's word. */
  readonly verdict: string | null;
  readonly judgedAt: string | null;
  readonly selfReview: boolean;
  readonly notes: string | null;
}

export interface PackageReviews {
  /** Oldest first. */
  readonly cycles: readonly ReviewCycle[];
  /** Absent: never judged. `null`: cleared. Set: the newest verdict. */
  readonly newest?: string | null;
}

export type Reviews = Readonly<Record<string, PackageReviews>>;

type MutableReviews = Draft<Record<string, PackageReviews>>;

const of = (view: Reviews, workPackageId: string): Draft<PackageReviews> => {
  const reviews = view as MutableReviews;
  reviews[workPackageId] ??= { cycles: [] };
  return reviews[workPackageId];
};

const unjudged: Omit<ReviewCycle, "cycle"> = {
  subject: null,
  requestedBy: null,
  requestedAt: null,
  reviewer: null,
  verdict: null,
  judgedAt: null,
  selfReview: false,
  notes: null,
};

export const reviews: Projection<Reviews, MissionEvent> = {
  name: "mission-reviews",
  // 2: what an undo withdraws
  version: 2,
  initial: {},
  when: {
    ReviewRequested: (view, { workPackageId, cycle, subject }, { actor, recordedAt }) => {
      of(view, workPackageId).cycles.push({
        ...unjudged,
        cycle,
        subject,
        requestedBy: actor,
        requestedAt: recordedAt,
      });
      return view;
    },
    ReviewSubmitted: (
      view,
      { workPackageId, cycle, subject, reviewer, verdict, selfReview, notes },
      { recordedAt },
    ) => {
      const found = of(view, workPackageId);
      const judged = { subject, reviewer, verdict, judgedAt: recordedAt, selfReview, notes: notes ?? null };
      const asked = found.cycles.find((candidate) => candidate.cycle === cycle && candidate.verdict === null);
      if (asked === undefined) found.cycles.push({ ...unjudged, cycle, ...judged });
      else Object.assign(asked, judged);
      found.newest = verdict;
      return view;
    },
    WorkPackageReverted: (view, { workPackageId, withdraws, verdict }) => {
      if (withdraws === undefined) return view;
      const found = of(view, workPackageId);
      const at = found.cycles.findLastIndex(({ cycle }) => cycle === withdraws.cycle);
      if (withdraws.what === "request") found.cycles.splice(at, at < 0 ? 0 : 1);
      else if (at >= 0)
        Object.assign(found.cycles[at] as object, {
          reviewer: null,
          verdict: null,
          judgedAt: null,
          selfReview: false,
          notes: null,
        });
      if (verdict !== undefined) found.newest = verdict?.verdict ?? null;
      return view;
    },
    HistoricTransitionRecorded: (view, { workPackageId, to, at, by, verdict }) => {
      if (to === "for_review") {
        const { cycles } = of(view, workPackageId);
        cycles.push({ ...unjudged, cycle: cycles.length + 1, requestedBy: by, requestedAt: at });
      }
      if (verdict === undefined) return view;
      const found = of(view, workPackageId);
      found.newest = verdict?.verdict ?? null;
      const last = found.cycles.at(-1);
      if (verdict !== null && last !== undefined)
        Object.assign(last, {
          reviewer: verdict.reviewer,
          verdict: verdict.verdict,
          judgedAt: at,
          subject: verdict.reference,
        });
      return view;
    },
  },
  needs: {
    ReviewRequested: { data: ["workPackageId", "cycle", "subject"], meta: ["actor", "recordedAt"] },
    ReviewSubmitted: { meta: ["recordedAt"] },
    WorkPackageReverted: { data: ["workPackageId", "withdraws", "verdict"], meta: [] },
    HistoricTransitionRecorded: { data: ["workPackageId", "to", "at", "by", "verdict"], meta: [] },
  },
};
