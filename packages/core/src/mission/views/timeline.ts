/** Answers "what happened, in order?": one entry an event, worded for people. */
import type { RecordedEvent } from "../../kernel/event.ts";
import type { DemotedBranch } from "../../kernel/reconciliation.ts";
import { type MissionEvent, missionCodec } from "../events.ts";

export interface TimelineEntry {
  readonly revision: number;
  readonly position: string;
  readonly eventId: string;
  /** When it happened: the source's time for what was imported, else when it was recorded. */
  readonly at: string;
  readonly actor: string;
  readonly workPackageId: string | null;
  readonly type: string;
  readonly text: string;
}

/** The entry of one event. Events this reader does not know are entries too. */
export const timelineEntry = (recorded: RecordedEvent): TimelineEntry => {
  const decoded = missionCodec.decode(recorded);
  const { revision, position, id: eventId, type, recordedAt: at, actor } = recorded;
  if (decoded._tag === "Unknown")
    return {
      revision,
      position,
      eventId,
      at,
      actor,
      workPackageId: null,
      type,
      text: `${type} (not known to this version)`,
    };
  const { event } = decoded;
  const historic = event.type === "HistoricTransitionRecorded" || event.type === "HistoricAnnotationRecorded";
  return {
    revision,
    position,
    eventId,
    at: historic ? event.at : at,
    actor: historic ? event.by : actor,
    workPackageId: "workPackageId" in event ? event.workPackageId : null,
    type,
    text: textOf(event),
  };
};

const because = (reason: string | undefined): string => (reason === undefined ? "" : `: ${reason}`);

const counted = (losers: readonly DemotedBranch[]): string => {
  const events = losers.reduce((sum, branch) => sum + branch.events, 0);
  return `${losers.length} ${losers.length === 1 ? "branch" : "branches"} (${events} ${events === 1 ? "event" : "events"})`;
};

const textOf = (event: MissionEvent): string => {
  switch (event.type) {
    case "MissionCreated":
      return `mission created: ${event.title}`;
    case "MissionSettingsChanged":
      return "mission settings changed";
    case "WorkPackageAdded":
      return `added: ${event.title}`;
    case "WorkPackageRevised":
      return "plan revised";
    case "WorkPackageMoved":
      // Genesis is where a package is before it is planned; it is no lane to show.
      if (event.from === "genesis") return `${event.to}${because(event.reason)}`;
      return `${event.from} > ${event.to}${because(event.reason)}`;
    case "WorkPackageForced":
      return `forced ${event.from} > ${event.to}: ${event.reason} (overrides ${event.overrides.join(", ") || "nothing"})`;
    case "WorkPackageClaimed":
      return `claimed to ${event.kind} by ${event.holder}, fence ${event.fence}, until ${event.expiresAt}`;
    case "ClaimRenewed":
      return `claim renewed until ${event.expiresAt}`;
    case "ClaimReleased":
      return `claim of ${event.holder} ended${because(event.reason)}`;
    case "ClaimRecovered":
      return `claim of ${event.holder} recovered (${event.signal}): ${event.reason}`;
    case "SubtaskMarked":
      return `subtask ${event.subtaskId} ${event.done ? "done" : "open again"}`;
    case "NoteAdded":
      return `note: ${event.text}`;
    case "EvidenceRecorded":
      return `evidence: ${event.evidence.map(({ kind, ref }) => `${kind} ${ref}`).join(", ")}`;
    case "ReviewRequested":
      return `review ${event.cycle} requested of ${event.subject.slice(0, 12)}`;
    case "ReviewSubmitted":
      return `review ${event.cycle}: ${event.verdict}${event.selfReview ? " (self-review)" : ""}${because(event.notes)}`;
    case "ReviewPromptIssued":
      return `review prompt ${event.promptId.slice(0, 8)} issued for ${event.base.slice(0, 12)}..${event.head.slice(0, 12)}`;
    case "VerdictOverridden":
      return `rejection overridden (${event.rejection.source === "verdict" ? `review ${event.rejection.cycle}` : event.rejection.file}): ${event.reason}`;
    case "MissionShipped":
      return `shipped to ${event.targetBranch} at ${event.commit.slice(0, 12)}`;
    case "WorkPackageReverted":
    case "MissionSettingsReverted":
      return `undone: event ${event.undoes.slice(0, 8)}${because(event.reason)}`;
    case "ImportBegun":
      return `import from ${event.source} begun: ${event.title}`;
    case "SourceChunkRecorded":
      return `source ${event.file}, piece ${event.index + 1}`;
    case "HistoricTransitionRecorded":
      return `${event.from} > ${event.to}${event.forced ? " (forced)" : ""}${because(event.reason)}`;
    case "HistoricAnnotationRecorded":
      return `annotated: ${Object.keys(event.delta).join(", ")}`;
    case "HistoricReviewRecorded":
      return `review file ${event.file}: ${event.word ?? event.verdict}`;
    case "ImportCompleted":
      return `import completed: ${event.rows} rows`;
    case "MissionArchived":
      return `archived in ${event.file}: ${event.events} ${event.events === 1 ? "event" : "events"}, ${event.sha256.slice(0, 12)}`;
    case "MissionRestored":
      return "restored from the archive";
    case "StreamReconciled":
      return `reconciled: ${counted(event.losers)} decided against${because(event.reason)}`;
  }
};
