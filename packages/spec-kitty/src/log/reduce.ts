/** Spec Kitty's reducer: which lane each work package ends in, and what is known about it. Its order and its oddities, exactly. */
import { compareCodePoints } from "../json/value.ts";
import { pythonText } from "./actor.ts";
import { countedLanes } from "./lanes.ts";
import { type Retrospective, reduceRetrospective } from "./retrospective.ts";
import type { AnnotationRow, Row, TransitionRow } from "./rows.ts";
import {
  applyAnnotation,
  applyTransition,
  type ReducedWorkPackage,
  stateWithoutTransitions,
} from "./work-package.ts";

/** A distinct transition in the reducer's order, and what it did. */
export interface ReducedTransition {
  readonly row: TransitionRow;
  /** Lane of the work package before it; `undefined` for its first. */
  readonly laneBefore: string | undefined;
  /** False when a rollback of the same instant won over it. */
  readonly applied: boolean;
}

/** A later row with an event id that the log already holds. */
export interface DuplicateTransition {
  readonly row: TransitionRow;
  readonly first: TransitionRow;
}

export interface Reduction {
  /** Slug of the first transition; empty when there is none or it is not safe as a path segment. */
  readonly missionSlug: string;
  /** The `at` of the last transition, not a clock; empty without one. */
  readonly materializedAt: string;
  /** How many distinct transitions. */
  readonly eventCount: number;
  readonly lastEventId: string | null;
  readonly workPackages: ReadonlyMap<string, ReducedWorkPackage>;
  /** How many work packages stand in each of the nine shown lanes. */
  readonly summary: ReadonlyMap<string, number>;
  /** `undefined` unless the log holds a retrospective's events. */
  readonly retrospective: Retrospective | undefined;
  readonly transitions: readonly ReducedTransition[];
  readonly annotations: readonly AnnotationRow[];
  readonly duplicates: readonly DuplicateTransition[];
}

export const reduceStatusLog = (rows: readonly Row[]): Reduction => {
  const { distinct, duplicates } = dropDuplicates(rows.filter((row) => row.kind === "transition"));
  const sorted = distinct.sort((a, b) => byTimeThenId(a.transition, b.transition));
  const annotations = rows
    .filter((row) => row.kind === "annotation")
    .sort((a, b) => byTimeThenId(a.annotation, b.annotation));

  const workPackages = new Map<string, ReducedWorkPackage>();
  const setBy = new Map<string, TransitionRow>();
  const transitions = sorted.map((row): ReducedTransition => {
    const { transition } = row;
    const before = workPackages.get(transition.wpId);
    const applied = !losesToRollback(transition, setBy.get(transition.wpId)?.transition);
    if (applied) {
      workPackages.set(transition.wpId, applyTransition(before, transition));
      setBy.set(transition.wpId, row);
    }
    return { row, laneBefore: before?.lane, applied };
  });
  for (const { annotation } of annotations) {
    const before = workPackages.get(annotation.wpId) ?? stateWithoutTransitions(annotation.actor);
    workPackages.set(annotation.wpId, applyAnnotation(before, annotation.change));
  }

  const last = sorted.at(-1)?.transition;
  return {
    missionSlug: safeSlug(sorted[0]?.transition.missionSlug ?? ""),
    materializedAt: last?.at ?? "",
    eventCount: sorted.length,
    lastEventId: last?.eventId ?? null,
    workPackages,
    summary: summarize(workPackages),
    retrospective: reduceRetrospective(rows),
    transitions,
    annotations,
    duplicates,
  };
};

/** The reducer's order: by the texts of time and id, whatever instants they name. */
export const byTimeThenId = (
  a: { readonly at: string; readonly eventId: string },
  b: { readonly at: string; readonly eventId: string },
): number => compareCodePoints(a.at, b.at) || compareCodePoints(a.eventId, b.eventId);

/** The first row with an id counts; payloads are not compared. */
const dropDuplicates = (
  rows: readonly TransitionRow[],
): { readonly distinct: TransitionRow[]; readonly duplicates: readonly DuplicateTransition[] } => {
  const firsts = new Map<string, TransitionRow>();
  const duplicates: DuplicateTransition[] = [];
  for (const row of rows) {
    const first = firsts.get(row.transition.eventId);
    if (first === undefined) firsts.set(row.transition.eventId, row);
    else duplicates.push({ row, first });
  }
  return { distinct: [...firsts.values()], duplicates };
};

type Setter = TransitionRow["transition"];

/** Of two writers in one instant, the one who sent the work back wins. */
const losesToRollback = (transition: Setter, setBy: Setter | undefined): boolean =>
  setBy !== undefined && setBy.at === transition.at && isRollback(setBy) && !isRollback(transition);

const isRollback = ({ from, to, reviewRef }: Setter): boolean =>
  to === "in_progress" && (from === "in_review" || (from === "for_review" && reviewRef !== null));

const safeSlug = (slug: string): string =>
  /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(slug) && !slug.includes("..") ? slug : "";

const summarize = (workPackages: ReadonlyMap<string, ReducedWorkPackage>): ReadonlyMap<string, number> => {
  const summary = new Map(countedLanes.map((lane) => [lane, 0]));
  for (const { lane } of workPackages.values()) {
    const count = summary.get(lane);
    if (count !== undefined) summary.set(lane, count + 1);
  }
  return summary;
};

/** What stands in the verdict slot: `absent` (never judged), `null` (left review without a verdict), or the verdict. */
export const verdictOf = ({ reviewResult }: Pick<ReducedWorkPackage, "reviewResult">): string =>
  reviewResult === undefined
    ? "absent"
    : reviewResult === null
      ? "null"
      : pythonText(reviewResult.get("verdict") ?? null);
