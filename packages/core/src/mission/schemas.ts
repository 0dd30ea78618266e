/**
 * The mission's events and requests as zod schemas: the guard at the edge for people who take them from outside. The
 * written types are the contract: the annotations below do not compile unless the schemas say the same. A module of its own, because loading zod
 * costs about as much as starting node, and a command that needs no schema should not pay for it.
 */
import { z } from "zod";
import { canonicalJson, isDangerousKey, NotCanonical } from "../kernel/json.ts";
import type { MissionRequest } from "./commands.ts";
import type { MissionEvent } from "./events.ts";
import { keyPattern, limits } from "./input.ts";
import { type Guard, type Lane, laneNames, lanes, shownLanes } from "./lanes.ts";
import { slugPattern } from "./stream.ts";

const id = z
  .string()
  .regex(keyPattern)
  .refine((key) => !isDangerousKey(key), "names a prototype");

/** zod measures whatever has a `length`, and throws over one that is no number; only texts and lists are measured here. */
const onText: object = { when: ({ value }: { readonly value: unknown }) => typeof value === "string" };
const onList: object = { when: ({ value }: { readonly value: unknown }) => Array.isArray(value) };
const text = (longest: number): z.ZodString => z.string().min(1, onText).max(longest, onText);

const lane = z.enum(laneNames as [Lane, ...Lane[]]);
const shownLane = z.enum(shownLanes as [Lane, ...Lane[]]);
const guard = z.enum([
  "no_exit",
  ...new Set(laneNames.flatMap((from) => lanes[from].exits.flatMap(({ guards }) => guards))),
] as ["no_exit", ...Guard[]]);
const title = text(limits.title);
const reason = text(limits.reason);
const time = z.iso.datetime({ offset: true });
const metAt = z.enum(["approved", "done"]);
const claimKind = z.enum(["implement", "review"]);
const verdict = z.enum(["approved", "changes_requested"]);
const leaseMs = z.int().min(limits.minLeaseMs).max(limits.maxLeaseMs);
const fence = z.int().min(1);
const count = z.int().min(0);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const evidence = z.strictObject({
  kind: z.enum(["commit", "file", "test", "url", "note"]),
  ref: text(limits.ref),
});
const evidenceList = z.array(evidence).max(limits.items, onList);
const subtask = z.strictObject({ id, title });

const plan = {
  title,
  dependsOn: z.array(id).max(limits.items, onList),
  owns: z.array(text(limits.glob)).max(limits.items, onList),
  subtasks: z.array(subtask).max(limits.items, onList),
  executionLane: id.nullable(),
};
const planned = { workPackageId: id, ...plan };
const partialPlan = {
  title: plan.title.exactOptional(),
  dependsOn: plan.dependsOn.exactOptional(),
  owns: plan.owns.exactOptional(),
  subtasks: plan.subtasks.exactOptional(),
  executionLane: plan.executionLane.exactOptional(),
};
const source = {
  source: z.string().min(1, onText),
  slug: text(200),
  title,
  missionId: text(64),
  dependencyMetAt: metAt,
  files: z.array(z.strictObject({ name: z.string(), bytes: count, sha256 })),
};
const importCounts = {
  rows: count,
  transitions: count,
  annotations: count,
  otherRows: count,
  findings: z.record(z.string(), count),
};
const archive = { file: text(limits.ref), sha256, head: sha256, records: count, events: count };
const branch = text(limits.branch);
const slugged = {
  slug: text(200),
  title,
  missionId: text(64),
  dependencyMetAt: metAt,
  targetBranch: branch.exactOptional(),
};
const settings = {
  title: title.exactOptional(),
  dependencyMetAt: metAt.exactOptional(),
  targetBranch: branch.nullable().exactOptional(),
};
const commit = z.string().regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/);
const placeId = z.string().regex(/^[0-9a-f]{32}$/);
const place = z.strictObject({ id: placeId, name: title });
const holdingProgram = z.strictObject({ pid: z.int().min(1), started: title });
const workplace = z.strictObject({
  host: placeId,
  program: holdingProgram.exactOptional(),
  repository: place.exactOptional(),
  worktree: place.exactOptional(),
  branch: branch.nullable().exactOptional(),
  head: commit.exactOptional(),
});
const observed = z.discriminatedUnion("signal", [
  z.strictObject({ signal: z.literal("process_gone"), host: placeId, program: holdingProgram }),
  z.strictObject({ signal: z.literal("worktree_gone"), host: placeId, worktree: placeId }),
  z.strictObject({ signal: z.literal("no_commit"), branch, head: commit }),
]);
const rejection = z.discriminatedUnion("source", [
  z.strictObject({ source: z.literal("verdict"), cycle: count }),
  z.strictObject({ source: z.literal("artifact"), file: text(limits.ref), sha256 }),
]);
const prompt = {
  workPackageId: id,
  promptId: id,
  subject: sha256,
  sha256,
  repository: place,
  worktree: place,
  branch: branch.nullable(),
  base: commit,
  head: commit,
};
const reviewFile = {
  file: text(limits.ref),
  sha256,
  cycle: count.nullable(),
  verdict: z.enum(["approved", "changes_requested", "missing", "unreadable"]),
  word: z.string().exactOptional(),
  overridden: z.boolean().exactOptional(),
};
const shipped = {
  targetBranch: branch,
  commit,
  upstream: z.strictObject({ ref: text(limits.ref), commit }).nullable(),
};

const of = <Type extends string, Shape extends z.core.$ZodShape>(type: Type, shape: Shape) =>
  z.strictObject({ type: z.literal(type), ...shape });

const importedEvents = [
  of("WorkPackageAdded", planned),
  of("SourceChunkRecorded", {
    file: z.string(),
    index: count,
    encoding: z.enum(["utf8", "base64"]),
    text: z.string(),
  }),
  of("HistoricTransitionRecorded", {
    workPackageId: id,
    from: z.string(),
    to: z.string(),
    at: z.string(),
    by: z.string(),
    forced: z.boolean(),
    sourceEventId: z.string(),
    reason: z.string().exactOptional(),
    verdict: z
      .strictObject({ verdict: z.string(), reviewer: z.string(), reference: z.string() })
      .nullable()
      .exactOptional(),
  }),
  of("HistoricAnnotationRecorded", {
    workPackageId: id,
    at: z.string(),
    by: z.string(),
    sourceEventId: z.string(),
    delta: z.record(z.string(), z.json()),
  }),
  of("HistoricReviewRecorded", { workPackageId: id, ...reviewFile, by: z.string().exactOptional() }),
  of("VerdictOverridden", { workPackageId: id, rejection, by: text(limits.actor), reason }),
] as const;

/** Half a character, a number or a key that no log can carry, anywhere in it. */
const isStorable = (value: unknown): boolean => {
  try {
    canonicalJson(value);
    return true;
  } catch (error) {
    if (error instanceof NotCanonical) return false;
    throw error;
  }
};

/** Every event of a mission as it is stored now. */
export const missionEvent: z.ZodType<MissionEvent> = z
  .discriminatedUnion("type", [
    of("MissionCreated", slugged),
    of("MissionSettingsChanged", settings),
    of("WorkPackageRevised", { workPackageId: id, ...partialPlan }),
    of("WorkPackageMoved", {
      workPackageId: id,
      from: lane,
      to: shownLane,
      reason: reason.exactOptional(),
      link: z.string().exactOptional(),
    }),
    of("WorkPackageForced", {
      workPackageId: id,
      from: lane,
      to: shownLane,
      reason,
      overrides: z.array(guard),
    }),
    of("WorkPackageClaimed", {
      workPackageId: id,
      kind: claimKind,
      holder: z.string(),
      fence,
      leaseMs,
      expiresAt: time,
      workplace: workplace.exactOptional(),
    }),
    of("ClaimRenewed", {
      workPackageId: id,
      fence,
      leaseMs,
      expiresAt: time,
      workplace: workplace.exactOptional(),
    }),
    of("ClaimReleased", { workPackageId: id, holder: z.string(), fence, reason: reason.exactOptional() }),
    of("ClaimRecovered", {
      workPackageId: id,
      holder: z.string(),
      fence,
      signal: z.enum(["lease_expired", "process_gone", "worktree_gone", "no_commit"]),
      reason,
    }),
    of("SubtaskMarked", { workPackageId: id, subtaskId: id, done: z.boolean() }),
    of("NoteAdded", { workPackageId: id, text: text(limits.note) }),
    of("EvidenceRecorded", { workPackageId: id, evidence: evidenceList }),
    of("ReviewRequested", { workPackageId: id, cycle: z.int().min(1), subject: sha256 }),
    of("ReviewSubmitted", {
      workPackageId: id,
      cycle: z.int().min(1),
      subject: z.string(),
      reviewer: z.string(),
      verdict,
      selfReview: z.boolean(),
      notes: z.string().exactOptional(),
    }),
    of("ReviewPromptIssued", { ...prompt, cycle: z.int().min(1) }),
    of("MissionShipped", shipped),
    of("WorkPackageReverted", {
      workPackageId: id,
      undoes: z.string(),
      undoneCommand: z.string(),
      reason,
      blockedFrom: lane.nullable().exactOptional(),
      evidence: evidenceList.exactOptional(),
      subject: z.string().nullable().exactOptional(),
      verdict: z
        .strictObject({ verdict, reviewer: z.string(), subject: z.string(), cycle: count })
        .nullable()
        .exactOptional(),
      approvedBy: z.enum(["verdict", "history", "force"]).nullable().exactOptional(),
      subtasksDone: z.array(id).max(limits.items, onList).exactOptional(),
      reviewFileStands: z.literal(true).exactOptional(),
      withdraws: z.strictObject({ what: z.enum(["request", "verdict"]), cycle: count }).exactOptional(),
    }),
    of("MissionSettingsReverted", { undoes: z.string(), undoneCommand: z.string(), reason }),
    of("ImportBegun", source),
    of("ImportCompleted", importCounts),
    of("MissionArchived", archive),
    of("MissionRestored", { sha256 }),
    of("StreamReconciled", {
      winner: sha256,
      losers: z.array(
        z.strictObject({
          digest: sha256,
          eventId: z.string(),
          revision: count,
          forksAfter: sha256.nullable(),
          events: z.int().min(1),
        }),
      ),
      reason: reason.exactOptional(),
    }),
    ...importedEvents,
  ])
  .refine(isStorable, "cannot be stored as JSON");

/** Every request that can be made of a mission: a command without who asks and when. */
export const missionRequest: z.ZodType<MissionRequest> = z
  .discriminatedUnion("type", [
    of("CreateMission", { ...slugged, slug: z.string().regex(slugPattern) }),
    of("ChangeMissionSettings", settings),
    of("AddWorkPackages", {
      workPackages: z
        .array(z.strictObject(planned))
        .min(1, onList)
        .max(limits.workPackagesPerCommand, onList),
    }),
    of("ReviseWorkPackage", { workPackageId: id, ...partialPlan }),
    of("ClaimWorkPackage", {
      workPackageId: id,
      kind: claimKind,
      leaseMs,
      workplace: workplace.exactOptional(),
      subject: sha256.exactOptional(),
    }),
    of("RenewClaim", {
      workPackageId: id,
      fence: fence.exactOptional(),
      leaseMs,
      workplace: workplace.exactOptional(),
      observed: observed.exactOptional(),
      passedOnBy: holdingProgram.exactOptional(),
    }),
    of("ReleaseClaim", { workPackageId: id, fence: fence.exactOptional(), reason: reason.exactOptional() }),
    of("RecoverClaim", { workPackageId: id, reason, observed: observed.exactOptional() }),
    of("MoveWorkPackage", {
      workPackageId: id,
      fence: fence.exactOptional(),
      to: shownLane,
      reason: reason.exactOptional(),
      link: z.string().max(limits.ref, onText).exactOptional(),
      evidence: evidenceList.exactOptional(),
    }),
    of("ForceWorkPackage", { workPackageId: id, to: shownLane, reason, leaseMs: leaseMs.exactOptional() }),
    of("MarkSubtask", { workPackageId: id, fence: fence.exactOptional(), subtaskId: id, done: z.boolean() }),
    of("AddNote", { workPackageId: id, text: text(limits.note) }),
    of("RecordEvidence", {
      workPackageId: id,
      fence: fence.exactOptional(),
      evidence: evidenceList.min(1, onList),
    }),
    of("SubmitReview", {
      workPackageId: id,
      fence: fence.exactOptional(),
      verdict,
      to: z.enum(["approved", "done", "in_progress", "planned"]).exactOptional(),
      subject: z.string().exactOptional(),
      notes: z.string().max(limits.note, onText).exactOptional(),
    }),
    of("IssueReviewPrompt", prompt),
    of("OverrideVerdict", {
      workPackageId: id,
      rejection,
      reason,
      observed: z
        .strictObject({ ...reviewFile, superseded: z.literal(true).exactOptional() })
        .exactOptional(),
    }),
    of("ShipMission", {
      ...shipped,
      contains: z.array(text(limits.ref)).exactOptional(),
      observed: z
        .array(z.strictObject({ workPackageId: id, ...reviewFile }))
        .max(limits.reviewFiles, onList)
        .exactOptional(),
    }),
    of("Undo", {
      event: z.union([z.strictObject({ eventId: text(64) }), z.strictObject({ revision: count })]),
      reason,
      fence: fence.exactOptional(),
    }),
    of("BeginImport", source),
    of("ContinueImport", {
      history: z.array(z.discriminatedUnion("type", [...importedEvents])).min(1, onList),
    }),
    of("CompleteImport", importCounts),
    of("ArchiveMission", archive),
    of("RestoreMission", {}),
  ])
  .refine(isStorable, "cannot be stored as JSON");
