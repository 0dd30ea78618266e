import { fold, openMemoryStore } from "@mission-ledger/core";
import {
  ledgerOver,
  type MissionEvent,
  mission,
  type OpenMission,
  reviewConsistency,
} from "@mission-ledger/core/mission";
import { describe, expect, test } from "vitest";
import { utf8Bytes } from "../bytes.ts";
import { exportStatusLog } from "../export/export.ts";
import { annotationRow, logOf, timeOf, transitionRow } from "../testing/rows.ts";
import { joinChunks } from "./chunks.ts";
import { type MissionFolder, planImport } from "./plan.ts";
import { runImport } from "./run.ts";

const file = (cycle: number | string, yaml: string, folder = "WP01-mast") => ({
  name: `tasks/${folder}/review-cycle-${cycle}.md`,
  bytes: utf8Bytes(`---\n${yaml}\n---\nbody\n`),
});
const planOf = (rows: readonly string[], reviewFiles: MissionFolder["reviewFiles"] = []) =>
  planImport({ folderName: "build-a-raft", log: utf8Bytes(logOf(...rows)), reviewFiles });
const eventsOf = (plan: ReturnType<typeof planOf>): readonly MissionEvent[] =>
  plan.commands.flatMap(({ request }): readonly MissionEvent[] =>
    request.type === "ContinueImport"
      ? request.history
      : request.type === "BeginImport"
        ? [{ ...request, type: "ImportBegun" }]
        : [],
  );
const consistencyOf = (plan: ReturnType<typeof planOf>) =>
  reviewConsistency(fold(mission, mission.initial, eventsOf(plan)) as OpenMission);
const review = (verdict: string, cycle = 1) => ({
  review_result: {
    reviewer: "beaver",
    verdict,
    reference: `review-cycle://build-a-raft/WP01-mast/review-cycle-${cycle}.md`,
  },
});
const approvedRows = [transitionRow(1, "WP01", "in_review", "approved", { ...review("approved") })];
const rejectedRows = [
  transitionRow(1, "WP01", "in_review", "planned", { ...review("changes_requested") }),
  transitionRow(2, "WP01", "planned", "done", { force: true, ...review("changes_requested") }),
];
const override = (at: number, wpId = "WP01") => ({
  review: { at: timeOf(at), actor: "ops", wp_id: wpId, reason: "fixed since" },
});
const inFile = (wpId: string): string =>
  ["actor: ops", "reason: fixed since", "at: '2026-04-10T00:00:00Z'", `wp_id: ${wpId}`]
    .map((key) => `review_artifact_override_${key}`)
    .join("\n");

describe("an import with review files", () => {
  test("records the newest of each package and keeps all of them whole", () => {
    const files = [file(1, "verdict: rejected"), file(2, "verdict: approved\nreviewer_agent: beaver")];
    const events = eventsOf(planOf(approvedRows, files));
    expect(events.filter(({ type }) => type === "HistoricReviewRecorded")).toMatchObject([
      {
        workPackageId: "WP01",
        file: files[1]?.name,
        cycle: 2,
        verdict: "approved",
        word: "approved",
        by: "beaver",
      },
    ]);
    for (const { name, bytes } of files) {
      const chunks = events.flatMap((event) =>
        event.type === "SourceChunkRecorded" && event.file === name ? [event] : [],
      );
      expect(joinChunks(chunks)).toEqual(bytes);
    }
  });

  test("finds the approved package whose newest file still says rejected, whatever its log says", () => {
    expect(consistencyOf(planOf(approvedRows, [file(1, "verdict: rejected")]))).toMatchObject([
      { workPackageId: "WP01", lane: "approved", verdict: "artifact_rejects" },
    ]);
    const withoutVerdict = [transitionRow(1, "WP01", "in_progress", "approved")];
    expect(consistencyOf(planOf(withoutVerdict, [file(1, "verdict: rejected")]))).toMatchObject([
      { verdict: "artifact_rejects" },
    ]);
  });

  test("takes the log's verdict for a file that gives none, if the log names that file", () => {
    expect(consistencyOf(planOf(approvedRows, [file(1, "wp_id: WP01")]))).toMatchObject([
      { verdict: "consistent", restsOn: "imported_verdict" },
    ]);
    expect(consistencyOf(planOf(approvedRows, [file(2, "wp_id: WP01")]))).toMatchObject([
      { verdict: "artifact_without_verdict" },
    ]);
  });

  test("lets a later verdict of the log clear what it said of a file without one", () => {
    const rows = [
      transitionRow(1, "WP01", "in_review", "in_progress", { ...review("changes_requested") }),
      transitionRow(2, "WP01", "in_review", "approved", {
        review_result: { ...review("approved").review_result, reference: "elsewhere" },
      }),
    ];
    expect(consistencyOf(planOf(rows, [file(1, "wp_id: WP01")]))).toMatchObject([{ verdict: "consistent" }]);
    // The file's own word is not the log's to take back.
    expect(consistencyOf(planOf(rows, [file(1, "verdict: rejected")]))).toMatchObject([
      { verdict: "artifact_rejects" },
    ]);
    const byEvidence = [rows[0] as string, transitionRow(2, "WP01", "in_progress", "approved")];
    expect(consistencyOf(planOf(byEvidence, [file(1, "wp_id: WP01")]))).toMatchObject([
      { verdict: "artifact_without_verdict" },
    ]);
  });

  test("takes an override in the file as an event, if it is for that package", () => {
    const own = planOf(approvedRows, [file(1, `verdict: rejected\n${inFile("WP01")}`)]);
    expect(eventsOf(own)).toContainEqual(
      expect.objectContaining({ type: "VerdictOverridden", by: "ops", reason: "fixed since" }),
    );
    expect(consistencyOf(own)).toMatchObject([{ verdict: "overridden" }]);
    const foreign = planOf(approvedRows, [file(1, `verdict: rejected\n${inFile("WP02")}`)]);
    expect(consistencyOf(foreign)).toMatchObject([{ verdict: "artifact_rejects" }]);
  });

  test("an override in an older file answers for nothing", () => {
    const files = [file(1, `verdict: rejected\n${inFile("WP01")}`), file(2, "verdict: rejected")];
    expect(consistencyOf(planOf(approvedRows, files))).toMatchObject([{ verdict: "artifact_rejects" }]);
  });

  test("an override in the log answers for the verdict that is older than it, and for no later one", () => {
    expect(consistencyOf(planOf([...rejectedRows, annotationRow(3, "WP01", override(3))]))).toMatchObject([
      { verdict: "overridden", contradictions: [{ override: { by: "ops", reason: "fixed since" } }] },
    ]);
    expect(consistencyOf(planOf([...rejectedRows, annotationRow(3, "WP01", override(1))]))).toMatchObject([
      { verdict: "verdict_rejects" },
    ]);
    expect(
      consistencyOf(planOf([...rejectedRows, annotationRow(3, "WP01", override(3, "WP02"))])),
    ).toMatchObject([{ verdict: "verdict_rejects" }]);
  });

  test("an approval clears an older rejection of the log, by evidence too", () => {
    const rows = [
      transitionRow(1, "WP01", "in_review", "in_progress", { ...review("changes_requested") }),
      transitionRow(2, "WP01", "in_progress", "approved"),
    ];
    expect(consistencyOf(planOf(rows))).toMatchObject([{ verdict: "consistent", restsOn: "source" }]);
  });

  test("goes into a ledger, may be repeated, and its log comes out byte for byte", async () => {
    const files = [file(1, "verdict: rejected"), file("x", "verdict: approved"), file(3, "verdict: nobody")];
    const plan = planOf(approvedRows, files);
    const ledger = ledgerOver({ store: openMemoryStore(), actor: "tester" });
    const outcome = await runImport(ledger, plan);
    expect(outcome.findings).toMatchObject({
      review_cycle_gap: 1,
      review_file_misnamed: 1,
      review_file_without_verdict: 1,
    });
    expect(await runImport(ledger, planOf(approvedRows, [...files].reverse()))).toMatchObject({ written: 0 });
    const exported = await exportStatusLog(ledger.mission("build-a-raft").history());
    expect(exported).toEqual(utf8Bytes(logOf(...approvedRows)));
  });

  test("of a package that is not in the mission is told", () => {
    const plan = planOf(approvedRows, [file(1, "verdict: rejected", "WP09-keel")]);
    expect(plan.findings.map(({ kind }) => kind)).toContain("review_file_without_package");
    expect(eventsOf(plan).some(({ type }) => type === "HistoricReviewRecorded")).toBe(false);
  });

  test("makes the same commands as ever where there are neither review files nor overrides", () => {
    const { commands } = planOf(approvedRows);
    expect(commands[0]?.commandId).toBe(
      planImport({ folderName: "build-a-raft", log: utf8Bytes(logOf(...approvedRows)) }).commands[0]
        ?.commandId,
    );
  });
});
