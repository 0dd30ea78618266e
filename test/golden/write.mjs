/**
 * `node test/golden/write.mjs <version>`: writes the golden log of a format, once. Refuses where one is: a golden log is
 * what an older version left on somebody's disk, so it is never made again. A new format gets a new folder, and so do events
 * that came to a format later: `v1.1` holds what `v1` does, and undo and archiving; `v1.2` workplaces, review prompts, review
 * files, overrides and shipping besides.
 */
import { existsSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import { ledgerOver } from "@mission-ledger/core/mission";
import { openFileStore } from "@mission-ledger/store-file";
import { seededRandomness, virtualClock } from "@mission-ledger/testkit";

const [version] = process.argv.slice(2);
if (!/^v\d+(?:\.\d+)?$/.test(version ?? "")) {
  console.error("Which version? For example: node test/golden/write.mjs v1.1");
  process.exit(2);
}
const directory = path.join(import.meta.dirname, version);
if (existsSync(directory)) {
  console.error(`${directory} is there and stays as it is`);
  process.exit(1);
}

const clock = virtualClock(Date.parse("2026-01-02T03:04:05.678Z"));
const randomness = seededRandomness(1);
const store = await openFileStore({ directory, clock, randomness });
const ledger = ledgerOver({ store, actor: "planner", clock, randomness });
const minute = 60_000;

const golden = ledger.mission("golden");
const run = async (actor, request, mission = golden) => {
  clock.advance(minute);
  const { events } = await mission.execute(request, { actor, correlationId: "golden-run" });
  if (events.length === 0) throw new Error(`${JSON.stringify(request)} wrote nothing`);
};
const undo = async (actor, mission) => {
  const { revision } = await store.head(mission.stream);
  await run(actor, { type: "Undo", event: { revision }, reason: "a mistake" }, mission);
};
const about = (workPackageId) => ({ workPackageId });
const planned = (workPackageId, title, more = {}) => ({
  workPackageId,
  title,
  dependsOn: [],
  owns: [],
  subtasks: [],
  executionLane: null,
  ...more,
});
const claim = { type: "ClaimWorkPackage", kind: "implement", leaseMs: 10 * minute };
const review = { type: "ClaimWorkPackage", kind: "review", leaseMs: 10 * minute };

await run("planner", {
  type: "CreateMission",
  slug: "golden",
  title: "Golden: Ümläut, 語, 🙂",
  missionId: "01JGOLDEN",
  dependencyMetAt: "approved",
});
await run("planner", { type: "ChangeMissionSettings", title: "Golden", dependencyMetAt: "done" });
await run("planner", {
  type: "AddWorkPackages",
  workPackages: [
    planned("WP01", "First", {
      owns: ["src/first/**"],
      subtasks: [{ id: "T1", title: "One" }],
      executionLane: "lane-a",
    }),
    planned("WP02", "Second", { dependsOn: ["WP01"], executionLane: "lane-a" }),
    planned("WP03", "Third"),
    planned("WP04", "Fourth"),
  ],
});
await run("planner", { type: "ReviseWorkPackage", ...about("WP02"), title: "Second, revised" });
await run("ada", { ...claim, ...about("WP01") });
await run("ada", { type: "MoveWorkPackage", ...about("WP01"), to: "in_progress", fence: 1 });
await run("ada", { type: "RenewClaim", ...about("WP01"), leaseMs: 20 * minute, fence: 1 });
await run("ada", { type: "MarkSubtask", ...about("WP01"), subtaskId: "T1", done: true, fence: 1 });
await run("ada", {
  type: "AddNote",
  ...about("WP01"),
  text: 'A note with\na second line, a tab\t and "quotes".',
});
await run("ada", {
  type: "RecordEvidence",
  ...about("WP01"),
  evidence: [{ kind: "commit", ref: "0123abc" }],
  fence: 1,
});
await run("ada", { type: "MoveWorkPackage", ...about("WP01"), to: "for_review", fence: 1 });
await run("bob", { ...review, ...about("WP01") });
await run("bob", { type: "SubmitReview", ...about("WP01"), verdict: "changes_requested", notes: "Not yet." });
await run("cyd", { ...claim, ...about("WP01") });
clock.advance(30 * minute);
await run("dan", { type: "RecoverClaim", ...about("WP01"), reason: "cyd is gone" });
await run("ada", { ...claim, ...about("WP01") });
await run("ada", { type: "MoveWorkPackage", ...about("WP01"), to: "in_progress" });
await run("ada", {
  type: "MoveWorkPackage",
  ...about("WP01"),
  to: "for_review",
  evidence: [{ kind: "note", ref: "mended" }],
});
await run("bob", { ...review, ...about("WP01") });
await run("bob", { type: "SubmitReview", ...about("WP01"), verdict: "approved" });
await run("bob", { type: "MoveWorkPackage", ...about("WP01"), to: "done" });
await run("eve", { ...claim, ...about("WP02") });
await run("eve", { type: "ReleaseClaim", ...about("WP02"), reason: "too much" });
await run("eve", { type: "ForceWorkPackage", ...about("WP03"), to: "approved", reason: "it is only a typo" });
await run("eve", { type: "MoveWorkPackage", ...about("WP04"), to: "canceled", reason: "not needed" });

const imported = ledger.mission("golden-import");
await run(
  "importer",
  {
    type: "BeginImport",
    source: "spec-kitty",
    slug: "golden-import",
    title: "Imported",
    missionId: "01JIMPORT",
    dependencyMetAt: "approved",
    files: [{ name: "status.events.jsonl", bytes: 3, sha256: "00".repeat(32) }],
  },
  imported,
);
await run(
  "importer",
  {
    type: "ContinueImport",
    history: [
      { type: "SourceChunkRecorded", file: "status.events.jsonl", index: 0, encoding: "utf8", text: "{}\n" },
      { type: "WorkPackageAdded", ...planned("WP01", "Old work") },
      {
        type: "HistoricTransitionRecorded",
        workPackageId: "WP01",
        from: "planned",
        to: "done",
        at: "2025-01-01T00:00:00Z",
        by: "somebody",
        forced: true,
        sourceEventId: "01OLD",
        reason: "history",
        verdict: { verdict: "approved", reviewer: "rev", reference: "ref" },
      },
      {
        type: "HistoricAnnotationRecorded",
        workPackageId: "WP01",
        at: "2025-01-02T00:00:00Z",
        by: "somebody",
        sourceEventId: "01NOTE",
        delta: { key: [1, 2.5, null, true] },
      },
    ],
  },
  imported,
);
await run(
  "importer",
  {
    type: "CompleteImport",
    rows: 2,
    transitions: 1,
    annotations: 1,
    otherRows: 0,
    findings: { illegal_edge: 1 },
  },
  imported,
);

const undone = ledger.mission("golden-undo");
const did = (actor, request) => run(actor, request, undone);
const take = (actor, wanted) => did(actor, { ...wanted, ...about("WP01") });
const move = (actor, workPackageId, to, more = {}) =>
  did(actor, { type: "MoveWorkPackage", workPackageId, to, reason: "because", ...more });
await did("planner", {
  type: "CreateMission",
  slug: "golden-undo",
  title: "Taken back",
  missionId: "01JUNDO",
  dependencyMetAt: "approved",
});
await did("planner", { type: "ChangeMissionSettings", title: "Other", dependencyMetAt: "done" });
await undo("planner", undone);
await did("planner", {
  type: "AddWorkPackages",
  workPackages: [
    planned("WP01", "First", { subtasks: [{ id: "T1", title: "One" }], executionLane: "lane-a" }),
    planned("WP02", "Second"),
  ],
});
await take("ada", claim);
await undo("ada", undone);
await take("ada", claim);
await move("ada", "WP01", "in_progress");
await did("ada", { type: "MarkSubtask", ...about("WP01"), subtaskId: "T1", done: true });
await undo("ada", undone);
await undo("ada", undone);
await did("ada", { type: "RecordEvidence", ...about("WP01"), evidence: [{ kind: "note", ref: "wrong" }] });
await undo("ada", undone);
await move("ada", "WP01", "for_review", { evidence: [{ kind: "commit", ref: "0123abc" }] });
await undo("ada", undone);
await take("ada", claim);
await move("ada", "WP01", "for_review", { evidence: [{ kind: "commit", ref: "4567def" }] });
await take("bob", review);
await did("bob", { type: "SubmitReview", ...about("WP01"), verdict: "approved" });
await undo("bob", undone);
await take("bob", review);
await did("bob", { type: "SubmitReview", ...about("WP01"), verdict: "approved" });
await move("bob", "WP01", "done");
await did("planner", {
  type: "ReviseWorkPackage",
  ...about("WP02"),
  title: "Revised",
  subtasks: [{ id: "T2", title: "Two" }],
});
await undo("planner", undone);
await move("eve", "WP02", "blocked");
await undo("eve", undone);
await move("eve", "WP02", "canceled");
const { digest, revision } = await store.head(undone.stream);
const copy = {
  file: "golden-undo.archive",
  sha256: "ab".repeat(32),
  head: digest,
  records: 24,
  events: revision + 1,
};
await did("planner", { type: "ArchiveMission", ...copy });
await did("planner", { type: "RestoreMission" });

const reviewed = ledger.mission("golden-reviews");
const asks = (actor, request) => run(actor, request, reviewed);
const place = (digit, name) => ({ id: digit.repeat(32), name });
const commitId = "0123456789abcdef0123456789abcdef01234567";
const file = "tasks/WP02-second/review-cycle-1.md";
const sha256 = "cd".repeat(32);
await asks("importer", {
  type: "BeginImport",
  source: "spec-kitty",
  slug: "golden-reviews",
  title: "Reviewed",
  missionId: "01JREVIEWS",
  dependencyMetAt: "approved",
  files: [],
});
await asks("importer", {
  type: "ContinueImport",
  history: [
    { type: "WorkPackageAdded", ...planned("WP01", "First") },
    { type: "WorkPackageAdded", ...planned("WP02", "Second") },
    ...["WP01", "WP02"].map((workPackageId) => ({
      type: "HistoricTransitionRecorded",
      workPackageId,
      from: "genesis",
      to: workPackageId === "WP01" ? "planned" : "done",
      at: "2025-01-01T00:00:00Z",
      by: "somebody",
      forced: false,
      sourceEventId: `01OLD${workPackageId}`,
    })),
    {
      type: "HistoricReviewRecorded",
      ...about("WP02"),
      file,
      sha256,
      cycle: 1,
      verdict: "changes_requested",
      word: "rejected",
      by: "reviewer-renata",
    },
  ],
});
await asks("importer", {
  type: "CompleteImport",
  rows: 2,
  transitions: 2,
  annotations: 0,
  otherRows: 0,
  findings: {},
});
await asks("planner", { type: "ChangeMissionSettings", targetBranch: "main" });
await asks("planner", { type: "ChangeMissionSettings", targetBranch: null });
const workplace = {
  host: "e".repeat(32),
  program: { pid: 4711, started: "1234567" },
  repository: place("a", "golden"),
  worktree: place("b", "golden-wp01"),
  branch: "lane-a",
  head: commitId,
};
await asks("ada", { ...claim, ...about("WP01"), workplace });
await asks("dan", {
  type: "RecoverClaim",
  ...about("WP01"),
  reason: "its process is gone",
  observed: { signal: "process_gone", host: workplace.host, program: workplace.program },
});
await asks("ada", { ...claim, ...about("WP01"), workplace: { host: workplace.host, branch: null } });
await asks("ada", { type: "RenewClaim", ...about("WP01"), leaseMs: 20 * minute, workplace });
await asks("ada", { type: "MoveWorkPackage", ...about("WP01"), to: "in_progress" });
await asks("ada", {
  type: "MoveWorkPackage",
  ...about("WP01"),
  to: "for_review",
  evidence: [{ kind: "commit", ref: commitId }],
});
await asks("bob", {
  type: "IssueReviewPrompt",
  ...about("WP01"),
  promptId: "3f0b8a52-93f5-4f2c-a5a0-1d5f3e0c9a11",
  subject: (await reviewed.state()).workPackages.WP01.subject,
  sha256: "ef".repeat(32),
  repository: workplace.repository,
  worktree: workplace.worktree,
  branch: "lane-a",
  base: "f".repeat(40),
  head: commitId,
});
await asks("bob", { ...review, ...about("WP01") });
await asks("bob", { type: "SubmitReview", ...about("WP01"), verdict: "approved", to: "done" });
// A review that is newer than the file it was imported with, and taken back.
await asks("bob", { type: "ForceWorkPackage", ...about("WP02"), to: "in_review", reason: "look again" });
await asks("bob", { type: "SubmitReview", ...about("WP02"), verdict: "approved" });
await undo("bob", reviewed);
await asks("bob", { type: "ForceWorkPackage", ...about("WP02"), to: "done", reason: "as it was" });
await asks("bob", {
  type: "OverrideVerdict",
  ...about("WP02"),
  rejection: { source: "artifact", file, sha256 },
  reason: "mended before the import",
});
await asks("planner", {
  type: "ShipMission",
  targetBranch: "main",
  commit: commitId,
  upstream: { ref: "refs/remotes/origin/main", commit: commitId },
  contains: [commitId],
});

const folded = {};
for (const slug of await ledger.missions()) folded[slug] = await ledger.mission(slug).state();
writeFileSync(path.join(directory, "folded.json"), `${JSON.stringify(folded, null, 2)}\n`);
await ledger.close();
// Neither the cache, nor who held a lock, nor which copy of the ledger this is belongs to the format.
const passing = ["cache", "origin", "lock/kind"];
for (const slug of Object.keys(folded))
  passing.push(`lock/mission-${slug}.lock`, `lock/mission-${slug}.flush`);
for (const name of passing) rmSync(path.join(directory, name), { recursive: true, force: true });
if (!isDeepStrictEqual(Object.keys(folded), ["golden", "golden-import", "golden-reviews", "golden-undo"]))
  throw new Error("the golden log lacks a mission");
console.log(`wrote ${directory}`);
