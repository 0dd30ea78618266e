/** Answers "what needs somebody to look at it, and which command frees it?". */
import { packageConsistency } from "../consistency.ts";
import { contradictionWords } from "../errors.ts";
import { checkExecutionLaneFree } from "../guards.ts";
import { keyPattern } from "../input.ts";
import { findExit, type Lane, laneAfterRelease } from "../lanes.ts";
import type { ContradictionKind } from "../refusals.ts";
import { findWorkPackage, type Mission, type OpenMission, type WorkPackage } from "../state.ts";
import type { Reviews } from "./reviews.ts";

export type AttentionKind =
  | "lease_expired"
  | "process_gone"
  | "worktree_gone"
  | "lease_without_end"
  | "unheld_work"
  | "unseeded"
  | "blocked"
  | "changes_requested_repeatedly"
  | "forced"
  | "approved_without_review"
  | "verdict_contradicts_lane"
  | "review_file_contradicts_lane"
  | "hollow_review"
  | "import_incomplete"
  | "waits_for_canceled"
  | "waits_for_unknown"
  | "waits_for_itself";

export interface AttentionItem {
  readonly kind: AttentionKind;
  readonly mission: string;
  /** `null` when it is about the mission as a whole. */
  readonly workPackageId: string | null;
  readonly message: string;
  /** The words after `mled` that free it; `null` when a person has to think first. */
  readonly command: string | null;
}

/** What somebody who looked there saw of the claims whose lease is not over, by work package. */
export type SeenOfClaims = Readonly<Record<string, "process_gone" | "worktree_gone">>;

/** Requests for changes from this many on are worth a look. Source: the attention list of user-experience decisions. */
const manyRejections = 2;

/** Clocks differ, and a renewal may be on its way; a lease that ends later than that was written by a clock that is wrong. */
const clockToleranceMs = 3_600_000;

/**
 * What needs attention in a mission at `now` (RFC 3339). Judged from the state that commands are decided on, from the reviews,
 * and from what was seen of claims; expiry is the only thing that depends on the clock.
 */
export const attentionItems = (
  view: Mission,
  reviews: Reviews,
  now: string,
  seen: SeenOfClaims = {},
): readonly AttentionItem[] => {
  if (view._tag === "Absent") return [];
  const items = Object.values(view.workPackages).flatMap((workPackage) => {
    const item = itemsAbout(view, workPackage);
    return [
      ...aboutClaim(workPackage, item, now, seen),
      ...aboutLane(view, workPackage, item),
      ...aboutReviews(view, workPackage, reviews, item),
      ...aboutDependencies(view, workPackage, item),
    ];
  });
  return view.importing ? [importIncomplete(view), ...items] : items;
};

const importIncomplete = ({ slug, importedFrom }: OpenMission): AttentionItem => ({
  kind: "import_incomplete",
  mission: slug,
  workPackageId: null,
  message: `the import of ${slug} was interrupted`,
  command: `import ${importedFrom} <the same folder>`,
});

/** `words` stand before the package's reference in the command, `rest` behind it. */
type Item = (kind: AttentionKind, message: string, words: string | null, rest?: string) => AttentionItem;

const itemsAbout =
  ({ slug }: OpenMission, { id }: WorkPackage): Item =>
  (kind, message, words, rest = "") => ({
    kind,
    mission: slug,
    workPackageId: id,
    message: `${slug}/${id} ${message}`,
    command: words === null ? null : `${words} ${slug}/${id}${rest}`,
  });

const withReason = (reason: string): string => ` --reason "${reason}"`;

function* aboutClaim(
  { id, claim, lane }: WorkPackage,
  item: Item,
  now: string,
  seen: SeenOfClaims,
): Generator<AttentionItem> {
  if (claim === null) return;
  const { holder, expiresAt, leaseMs } = claim;
  const [at, end] = [Date.parse(now), Date.parse(expiresAt)];
  const signal = Object.hasOwn(seen, id) ? seen[id] : undefined;
  const back = laneAfterRelease[lane];
  if (at >= end)
    yield item(
      "lease_expired",
      `is held by ${holder}, whose lease ended ${expiresAt}`,
      "wp recover",
      withReason("lease over"),
    );
  else if (signal !== undefined) {
    const lost = signal === "process_gone" ? "program" : "worktree";
    yield item(
      signal,
      `is held by ${holder}, whose ${lost} is gone`,
      "wp recover",
      withReason(`its ${lost} is gone`),
    );
  } else if (end - at > leaseMs + clockToleranceMs && back !== undefined)
    yield item(
      "lease_without_end",
      `is held by ${holder} until ${expiresAt}, which only a clock that is wrong can have written`,
      "wp force",
      ` ${back}${withReason("its lease was written by a wrong clock")}`,
    );
}

function* aboutLane(mission: OpenMission, workPackage: WorkPackage, item: Item): Generator<AttentionItem> {
  const { lane, claim, blockedFrom } = workPackage;
  if (claim === null && (lane === "claimed" || lane === "in_progress"))
    yield isLaneFree(mission, workPackage)
      ? item("unheld_work", `is ${lane} and held by nobody`, "wp claim")
      : item(
          "unheld_work",
          `is ${lane}, held by nobody, and another package is worked on in its execution lane`,
          "wp recover",
          withReason("held by nobody"),
        );
  if (claim === null && lane === "in_review")
    yield item("unheld_work", "is in review and held by nobody", "review start");
  if (lane === "genesis") yield item("unseeded", "was never put in the plan", "wp move", " planned");
  if (lane === "blocked")
    yield item(
      "blocked",
      `is blocked; it was ${blockedFrom ?? "planned"}`,
      "wp move",
      ` ${wayOutOfBlocked(mission, workPackage)}`,
    );
}

/** Whether a claim of it would find its execution lane free. */
const isLaneFree = (mission: OpenMission, workPackage: WorkPackage): boolean =>
  checkExecutionLaneFree({ mission, workPackage, to: workPackage.lane, actor: "" }) === undefined;

/** Back to where it was, where that is still possible; into the plan it always is. */
const wayOutOfBlocked = (mission: OpenMission, workPackage: WorkPackage): Lane => {
  const { blockedFrom } = workPackage;
  const exit = blockedFrom === null ? undefined : findExit("blocked", blockedFrom);
  if (exit?.via.includes("move") !== true) return "planned";
  return exit.guards.includes("execution_lane_free") && !isLaneFree(mission, workPackage)
    ? "planned"
    : exit.to;
};

function* aboutReviews(
  mission: OpenMission,
  workPackage: WorkPackage,
  reviews: Reviews,
  item: Item,
): Generator<AttentionItem> {
  const { id, lane, forceCount } = workPackage;
  const rejections = Object.hasOwn(reviews, id)
    ? (reviews[id]?.cycles ?? []).filter((cycle) => cycle.verdict === "changes_requested").length
    : 0;
  if (rejections >= manyRejections && lane !== "done" && lane !== "canceled")
    yield item("changes_requested_repeatedly", `was sent back ${rejections} times`, "log");
  if (forceCount > 0)
    yield item("forced", `was forced ${forceCount} ${forceCount === 1 ? "time" : "times"}`, "log");
  if (lane !== "approved" && lane !== "done") return;
  const { contradictions = [], hollow = null } = packageConsistency(mission, workPackage) ?? {};
  const open = contradictions.filter(({ override }) => override === null);
  // From approved it is taken back and reviewed; what is done is closed, and somebody has to answer for it.
  for (const { kind, rejection } of open) {
    const because = contradictionWords[kind];
    const which =
      contradictions.length < 2 ? "" : ` --of ${rejection.source === "artifact" ? "file" : "verdict"}`;
    const way: readonly [words: string, rest: string] =
      lane === "approved"
        ? ["wp move", ` planned${withReason(because)}`]
        : ["override", `${which}${withReason("…")}`];
    yield item(kindOfContradiction[kind], `is ${lane}, and ${because}`, ...way);
  }
  if (hollow !== null)
    yield item(
      "hollow_review",
      `is ${lane}, and ${hollow.by}, who implemented it, ${hollow.what === "review" ? "approved" : "overrode"} it`,
      "log",
    );
}

const kindOfContradiction: Readonly<Record<ContradictionKind, AttentionKind>> = {
  no_review: "approved_without_review",
  verdict_rejects: "verdict_contradicts_lane",
  artifact_rejects: "review_file_contradicts_lane",
  artifact_without_verdict: "review_file_contradicts_lane",
  artifact_unreadable: "review_file_contradicts_lane",
};

function* aboutDependencies(
  mission: OpenMission,
  workPackage: WorkPackage,
  item: Item,
): Generator<AttentionItem> {
  const { lane, dependsOn } = workPackage;
  if (lane !== "planned" || dependsOn.length === 0) return;
  // Ids of an import may hold anything, and what is proposed here is typed into a shell.
  const revise = (ids: readonly string[]): readonly [words: string | null, rest: string] =>
    ids.every((id) => keyPattern.test(id))
      ? ["wp revise", ids.map((id) => ` --not-after ${id}`).join("")]
      : [null, ""];
  const canceled = dependsOn.filter((id) => findWorkPackage(mission, id)?.lane === "canceled");
  if (canceled.length > 0)
    yield item(
      "waits_for_canceled",
      `waits for ${canceled.join(", ")}, which is canceled`,
      ...revise(canceled),
    );
  const unknown = dependsOn.filter((id) => findWorkPackage(mission, id) === undefined);
  if (unknown.length > 0)
    yield item(
      "waits_for_unknown",
      `waits for ${unknown.join(", ")}, which the mission does not have`,
      ...revise(unknown),
    );
  const closing = dependsOn.filter((id) => waitsFor(mission, id, workPackage.id));
  if (closing.length > 0)
    yield item("waits_for_itself", `waits for ${closing.join(", ")}, which waits for it`, ...revise(closing));
}

/** Whether `from` is `id`, or waits for it over others. */
const waitsFor = (mission: OpenMission, from: string, id: string): boolean => {
  const visited = new Set<string>([from]);
  for (const each of visited) {
    if (each === id) return true;
    for (const next of findWorkPackage(mission, each)?.dependsOn ?? []) visited.add(next);
  }
  return false;
};
