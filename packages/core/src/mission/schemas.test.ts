import { describe, expect, test } from "vitest";
import { z } from "zod";
import { missionEvent, missionRequest } from "./schemas.ts";

const plan = {
  title: "T",
  dependsOn: [],
  owns: ["src/**"],
  subtasks: [{ id: "T1", title: "t" }],
  executionLane: null,
};
const sha256 = "a".repeat(64);
const time = "2026-01-01T00:00:00.000Z";
const about = { workPackageId: "WP01" };
const imported = { source: "x", slug: "m", title: "M", missionId: "1", dependencyMetAt: "approved" };

const commit = "c".repeat(40);
const place = { id: "d".repeat(32), name: "main" };
const prompt = {
  ...about,
  promptId: "0b8b9a4c-6f0e-4d0e-9d35-0d8a1f2b3c4d",
  subject: sha256,
  sha256,
  repository: place,
  worktree: place,
  branch: "lane-a",
  base: commit,
  head: commit,
};

const events: readonly Record<string, unknown>[] = [
  { type: "MissionCreated", slug: "m", title: "M", missionId: "1", dependencyMetAt: "done" },
  { type: "MissionSettingsChanged", title: "N" },
  { type: "WorkPackageAdded", ...about, ...plan },
  { type: "WorkPackageRevised", ...about, title: "U" },
  { type: "WorkPackageMoved", ...about, from: "genesis", to: "planned" },
  { type: "WorkPackageForced", ...about, from: "planned", to: "done", reason: "r", overrides: ["no_exit"] },
  {
    type: "WorkPackageClaimed",
    ...about,
    kind: "implement",
    holder: "a",
    fence: 1,
    leaseMs: 1000,
    expiresAt: time,
  },
  { type: "ClaimRenewed", ...about, fence: 1, leaseMs: 1000, expiresAt: time },
  { type: "ClaimReleased", ...about, holder: "a", fence: 1 },
  { type: "ClaimRecovered", ...about, holder: "a", fence: 1, signal: "lease_expired", reason: "r" },
  { type: "SubtaskMarked", ...about, subtaskId: "T1", done: true },
  { type: "NoteAdded", ...about, text: "n" },
  { type: "EvidenceRecorded", ...about, evidence: [{ kind: "commit", ref: "abcdef1" }] },
  { type: "ReviewRequested", ...about, cycle: 1, subject: sha256 },
  {
    type: "ReviewSubmitted",
    ...about,
    cycle: 1,
    subject: sha256,
    reviewer: "b",
    verdict: "approved",
    selfReview: false,
  },
  { type: "ImportBegun", ...imported, files: [{ name: "f", bytes: 1, sha256 }] },
  { type: "SourceChunkRecorded", file: "f", index: 0, encoding: "utf8", text: "x" },
  {
    type: "HistoricTransitionRecorded",
    ...about,
    from: "?",
    to: "done",
    at: time,
    by: "a",
    forced: false,
    sourceEventId: "1",
    verdict: null,
  },
  {
    type: "HistoricAnnotationRecorded",
    ...about,
    at: time,
    by: "a",
    sourceEventId: "1",
    delta: { note: "n", deep: [1, { a: null }] },
  },
  {
    type: "ImportCompleted",
    rows: 1,
    transitions: 1,
    annotations: 0,
    otherRows: 0,
    findings: { illegal_edge: 2 },
  },
  { type: "MissionArchived", file: "m.gz", sha256, head: sha256, records: 2, events: 3 },
  { type: "MissionRestored", sha256 },
  { type: "ReviewPromptIssued", ...prompt, cycle: 1 },
  { type: "VerdictOverridden", ...about, rejection: { source: "verdict", cycle: 2 }, by: "ana", reason: "r" },
  { type: "MissionShipped", targetBranch: "main", commit, upstream: null },
  {
    type: "HistoricReviewRecorded",
    ...about,
    file: "tasks/WP01/review-cycle-2.md",
    sha256,
    cycle: 2,
    verdict: "changes_requested",
    word: "rejected",
  },
  {
    type: "WorkPackageReverted",
    ...about,
    undoes: "e",
    undoneCommand: "c",
    reason: "r",
    evidence: [{ kind: "url", ref: "x" }],
    verdict: null,
    subtasksDone: ["T1"],
    withdraws: { what: "verdict", cycle: 1 },
  },
  { type: "MissionSettingsReverted", undoes: "e", undoneCommand: "c", reason: "r" },
  {
    type: "StreamReconciled",
    winner: sha256,
    losers: [{ digest: sha256, eventId: "e", revision: 4, forksAfter: null, events: 2 }],
    reason: "it was first",
  },
];

const requests: readonly Record<string, unknown>[] = [
  { type: "CreateMission", slug: "m", title: "M", missionId: "1", dependencyMetAt: "done" },
  { type: "ChangeMissionSettings", title: "N" },
  { type: "AddWorkPackages", workPackages: [{ ...about, ...plan }] },
  { type: "ReviseWorkPackage", ...about, owns: [] },
  {
    type: "ClaimWorkPackage",
    ...about,
    kind: "review",
    leaseMs: 1000,
    workplace: {
      host: place.id,
      program: { pid: 1, started: "1" },
      worktree: place,
      branch: null,
      head: commit,
    },
  },
  { type: "RenewClaim", ...about, fence: 1, leaseMs: 1000 },
  { type: "ReleaseClaim", ...about },
  {
    type: "RecoverClaim",
    ...about,
    reason: "r",
    observed: { signal: "no_commit", branch: "b", head: commit },
  },
  { type: "MoveWorkPackage", ...about, to: "done", reason: "r" },
  { type: "ForceWorkPackage", ...about, to: "done", reason: "r" },
  { type: "MarkSubtask", ...about, subtaskId: "T1", done: true },
  { type: "AddNote", ...about, text: "n" },
  { type: "RecordEvidence", ...about, evidence: [{ kind: "url", ref: "x" }] },
  { type: "SubmitReview", ...about, verdict: "approved", to: "done" },
  { type: "BeginImport", ...imported, files: [] },
  { type: "ContinueImport", history: [events[16]] },
  { type: "CompleteImport", rows: 0, transitions: 0, annotations: 0, otherRows: 0, findings: {} },
  { type: "ArchiveMission", file: "m.gz", sha256, head: sha256, records: 2, events: 3 },
  { type: "RestoreMission" },
  { type: "IssueReviewPrompt", ...prompt },
  {
    type: "OverrideVerdict",
    ...about,
    rejection: { source: "artifact", file: "review-cycle-1.md", sha256 },
    reason: "r",
  },
  {
    type: "ShipMission",
    targetBranch: "main",
    commit,
    upstream: { ref: "refs/remotes/origin/main", commit },
  },
  { type: "Undo", event: { revision: 3 }, reason: "r", fence: 1 },
];

const typesOf = (schema: z.ZodType): readonly string[] => {
  const { oneOf, anyOf } = z.toJSONSchema(schema) as { oneOf?: unknown[]; anyOf?: unknown[] };
  return ((oneOf ?? anyOf) as { properties: { type: { const: string } } }[])
    .map(({ properties }) => properties.type.const)
    .sort();
};

describe.each([
  ["events", missionEvent as z.ZodType, events],
  ["requests", missionRequest as z.ZodType, requests],
] as const)("the schema of %s", (_, schema, samples) => {
  test.each(samples.map((sample) => [sample.type, sample] as const))(
    "accepts %s as it is",
    (_type, sample) => {
      expect(schema.parse(sample)).toEqual(sample);
    },
  );

  test.each(samples.map((sample) => [sample.type, sample] as const))(
    "refuses %s with a field that nobody asked for",
    (_type, sample) => {
      expect(schema.safeParse({ ...sample, approved: true }).success).toBe(false);
    },
  );

  test("knows exactly the sampled types", () => {
    expect(samples.map(({ type }) => type).sort()).toEqual(typesOf(schema));
  });

  test("refuses half a character wherever a text may stand", () => {
    let texts = 0;
    for (const sample of samples)
      for (const [field, value] of Object.entries(sample))
        if (typeof value === "string" && schema.safeParse({ ...sample, [field]: "whole" }).success) {
          texts += 1;
          expect(schema.safeParse({ ...sample, [field]: "half \ud83d" }).success, field).toBe(false);
        }
    expect(texts).toBeGreaterThan(5);
  });

  test("refuses what has a length and is neither text nor list", () => {
    for (const sample of samples)
      for (const field of Object.keys(sample).filter((name) => !["delta", "findings"].includes(name)))
        for (const length of [{ toString: 1 }, "1", 1])
          expect(schema.safeParse({ ...sample, [field]: { length } }).success, field).toBe(false);
  });

  test("refuses a package id that names a prototype or a path", () => {
    for (const workPackageId of ["__proto__", "constructor", "../WP01", "WP01 "])
      for (const sample of samples.filter((candidate) => "workPackageId" in candidate))
        expect(schema.safeParse({ ...sample, workPackageId }).success).toBe(false);
  });
});
