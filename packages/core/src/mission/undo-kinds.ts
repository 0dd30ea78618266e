/** Which kinds of events are never undone, each by a rule that is said. */
import type { MissionCommandOf } from "./commands.ts";
import type { UndoObstacle } from "./refusals.ts";
import type { UndoInstead } from "./undo-instead.ts";

/** What undoing is refused for: a rule, and the next step. */
export interface Why {
  readonly obstacle: UndoObstacle;
  readonly invariant: string;
  readonly next: string;
  readonly inTheWay?: MissionCommandOf<"Undo">["done"]["since"];
  readonly instead?: UndoInstead | null;
}

/** The rule by which a command with these events is never undone, whoever asks. */
export const whatCannotBe = (events: MissionCommandOf<"Undo">["done"]["events"]): Why | undefined => {
  for (const { type } of events) {
    const why = ruleFor(type);
    if (why !== undefined) return why;
  }
  const withdrew = events.some(
    (event) => event.type === "WorkPackageReverted" && event.withdraws !== undefined,
  );
  return withdrew ? judgedAnew : undefined;
};

const kind = (invariant: string, next: string): Why => ({ obstacle: "kind", invariant, next });
export const alwaysThere: Why = kind(
  "what exists is never made not to have been",
  "Cancel the work package instead.",
);
const imported = kind("imported history stays as it came", "Move the work package on from where it stands.");
const judgedAnew = kind(
  "a review that was withdrawn is asked for and judged anew",
  "Hand it over, or judge it, again.",
);

const ruleFor = (type: string): Why | undefined =>
  Object.hasOwn(neverUndone, type) ? neverUndone[type] : undefined;

/** Whether events of this type are undone at all; whether one of them may be is for the decider to say. */
export const isEverUndone = (type: string): boolean => ruleFor(type) === undefined;

/** Stands for an event of a newer version. */
export const unknownEvent = "Unknown";

const neverUndone: Readonly<Record<string, Why>> = {
  MissionCreated: kind(
    "what exists is never made not to have been",
    "Leave the mission as it is; slugs are free to choose.",
  ),
  WorkPackageAdded: alwaysThere,
  NoteAdded: kind("what was said stays said", "Add another note."),
  ReviewPromptIssued: kind("what a reviewer was given stays on record", "Ask for another prompt."),
  VerdictOverridden: kind("who answered for a rejection stays on record", "Have it reviewed again."),
  MissionShipped: kind("what was shipped was shipped", "Reopen what has to change, and ship again."),
  ClaimRenewed: kind("a lease that was given is not taken back", "Release the claim instead."),
  ImportBegun: imported,
  SourceChunkRecorded: imported,
  HistoricTransitionRecorded: imported,
  HistoricAnnotationRecorded: imported,
  HistoricReviewRecorded: imported,
  ImportCompleted: imported,
  MissionArchived: kind("an archived mission is restored from its archive", "Restore the mission instead."),
  MissionRestored: kind("an archived mission is restored from its archive", "Archive the mission instead."),
  [unknownEvent]: kind("what this version does not know it does not undo", "Use the version that wrote it."),
  StreamReconciled: kind("a decision between two branches is final", "Do again what was decided against."),
};
