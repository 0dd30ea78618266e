import { openMemoryStore } from "@mission-ledger/core";
import {
  type Ledger,
  ledgerOver,
  type MissionHandle,
  type MissionRequest,
} from "@mission-ledger/core/mission";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readableText, utf8Bytes } from "../bytes.ts";
import { stateObject } from "../files/snapshot.ts";
import { findings } from "../findings/findings.ts";
import { planImport } from "../import/plan.ts";
import { runImport } from "../import/run.ts";
import { compactJson } from "../json/write.ts";
import { type Reduction, reduceStatusLog, verdictOf } from "../log/reduce.ts";
import { parseStatusLog, type StatusLog } from "../log/rows.ts";
import { idOf, logOf, transitionRow } from "../testing/rows.ts";
import { exportStatusLog } from "./export.ts";
import { rowClock, rowId } from "./row-clock.ts";

const slug = "build-a-raft";
/** A clock that stands still: every event of a test is recorded in one millisecond, unless it says otherwise. */
const openLedger = (now: () => number = () => Date.UTC(2026, 2, 1, 12)): Ledger =>
  ledgerOver({ store: openMemoryStore(), actor: "otter", clock: { now } });
const planned = (...ids: readonly string[]): MissionRequest => ({
  type: "AddWorkPackages",
  workPackages: ids.map((workPackageId) => ({
    workPackageId,
    title: workPackageId,
    dependsOn: [],
    owns: [],
    subtasks: [{ id: "T001", title: "Fell" }],
    executionLane: null,
  })),
});
const created: MissionRequest = {
  type: "CreateMission",
  slug,
  title: "A raft",
  missionId: "01J0000000000000000MISS1ON",
  dependencyMetAt: "approved",
};
const about = { workPackageId: "WP01" } as const;
const leaseMs = 60_000;

const exported = async (
  handle: MissionHandle,
): Promise<{ readonly text: string; readonly log: StatusLog; readonly reduction: Reduction }> => {
  const bytes = await exportStatusLog(handle.history());
  const log = parseStatusLog(bytes);
  return { text: readableText(bytes), log, reduction: reduceStatusLog(log.rows) };
};

/** Spec Kitty's reducer, fed with the export, sees what the ledger sees. */
const expectAgreement = async (handle: MissionHandle): Promise<void> => {
  const { log, reduction } = await exported(handle);
  const state = await handle.state();
  if (state._tag !== "Open") throw new Error("no mission");
  expect(log.rows.every(({ kind }) => kind === "transition" || kind === "annotation")).toBe(true);
  for (const [id, { lane, forceCount }] of Object.entries(state.workPackages)) {
    const reduced = reduction.workPackages.get(id);
    expect([id, reduced?.lane ?? "genesis", reduced?.forceCount ?? 0]).toEqual([id, lane, forceCount]);
  }
  expect(reduction.duplicates).toEqual([]);
  expect(
    findings(log, reduction).filter(
      ({ kind }) => kind === "chain_break" || kind === "malformed_row" || kind === "malformed_field",
    ),
  ).toEqual([]);
};

const throughReview: readonly (readonly [string, MissionRequest])[] = [
  ["otter", { type: "ClaimWorkPackage", ...about, kind: "implement", leaseMs }],
  ["otter", { type: "MoveWorkPackage", ...about, to: "in_progress" }],
  ["otter", { type: "MarkSubtask", ...about, subtaskId: "T001", done: true }],
  ["otter", { type: "AddNote", ...about, text: "größer\u2028" }],
  [
    "otter",
    { type: "MoveWorkPackage", ...about, to: "for_review", evidence: [{ kind: "commit", ref: "abcdef1" }] },
  ],
  ["heron", { type: "ClaimWorkPackage", ...about, kind: "review", leaseMs }],
  ["heron", { type: "SubmitReview", ...about, verdict: "changes_requested", notes: "one more knot" }],
  ["otter", { type: "ClaimWorkPackage", ...about, kind: "implement", leaseMs }],
  ["otter", { type: "MoveWorkPackage", ...about, to: "in_progress" }],
  [
    "otter",
    { type: "MoveWorkPackage", ...about, to: "for_review", evidence: [{ kind: "commit", ref: "abcdef2" }] },
  ],
  ["heron", { type: "ClaimWorkPackage", ...about, kind: "review", leaseMs }],
  ["heron", { type: "SubmitReview", ...about, verdict: "approved" }],
  ["otter", { type: "MoveWorkPackage", ...about, to: "done" }],
];

describe("a mission that was never imported", () => {
  test("comes out whole, and Spec Kitty's reducer agrees at every step although no time passes", async () => {
    const handle = openLedger().mission(slug);
    await handle.execute(created);
    await handle.execute(planned("WP01", "WP02"));
    for (const [actor, request] of throughReview) {
      await handle.execute(request, { actor });
      await expectAgreement(handle);
    }
    const { log, reduction, text } = await exported(handle);
    const state = reduction.workPackages.get("WP01");
    expect(state && verdictOf(state)).toBe("approved");
    expect(state && JSON.parse(compactJson(stateObject(state)))).toMatchObject({
      lane: "done",
      agent: null,
      subtasks: { T001: "done" },
      notes: ["größer\u2028"],
    });
    expect(findings(log, reduction, { slug, missionId: "01J0000000000000000MISS1ON" })).toEqual([]);
    expect(text.split("\n")[0]).toBe(
      `{"actor": "otter", "at": "2026-03-01T12:00:00.000000+00:00", "event_id": "${log.rows[0]?.kind === "transition" ? log.rows[0].transition.eventId : ""}", "evidence": null, "execution_mode": "worktree", "force": false, "from_lane": "genesis", "mission_id": "01J0000000000000000MISS1ON", "mission_slug": "build-a-raft", "policy_metadata": null, "reason": null, "review_ref": null, "to_lane": "planned", "wp_id": "WP01"}`,
    );
    expect(text).toContain("gr\\u00f6\\u00dfer\\u2028");
  });

  test("comes out the same every time, and longer only at its end", async () => {
    const handle = openLedger().mission(slug);
    await handle.execute(created);
    await handle.execute(planned("WP01"));
    let before = "";
    for (const [actor, request] of throughReview) {
      await handle.execute(request, { actor });
      const { text } = await exported(handle);
      expect((await exported(handle)).text).toBe(text);
      expect(text.startsWith(before)).toBe(true);
      before = text;
    }
  });

  test("a forced move is forced, a release clears the agent, a reopening carries its link", async () => {
    const handle = openLedger().mission(slug);
    await handle.execute(created);
    await handle.execute(planned("WP01"));
    await handle.execute({ type: "ForceWorkPackage", ...about, to: "done", reason: "it floats" });
    await handle.execute({
      type: "MoveWorkPackage",
      ...about,
      to: "in_progress",
      reason: "it leaks",
      link: "https://example.org/leak",
    });
    await expectAgreement(handle);
    const { reduction } = await exported(handle);
    expect(
      reduction.transitions.map(({ row: { transition } }) => [
        transition.to,
        transition.forced,
        transition.reason,
        transition.reviewRef,
      ]),
    ).toEqual([
      ["planned", false, null, null],
      ["done", true, "it floats", null],
      ["in_progress", false, "it leaks", "https://example.org/leak"],
    ]);
  });
});

describe("an imported mission", () => {
  const imported = async (log: string | Uint8Array, now?: () => number): Promise<MissionHandle> => {
    const ledger = openLedger(now);
    await runImport(
      ledger,
      planImport({ folderName: slug, log: typeof log === "string" ? utf8Bytes(log) : log }),
    );
    return ledger.mission(slug);
  };

  test("keeps its log to the byte in front of later rows, a missing newline made up for", async () => {
    const log = logOf(transitionRow(1, "WP01", "genesis", "planned")).trimEnd();
    const handle = await imported(log);
    expect((await exported(handle)).text).toBe(log);
    for (const [actor, request] of throughReview.filter(([, { type }]) => type !== "MarkSubtask"))
      await handle.execute(request, { actor });
    await expectAgreement(handle);
    expect((await exported(handle)).text.startsWith(`${log}\n{`)).toBe(true);
  });

  test.each(["2026-09-01T10:00:48Z", "2026-09-01T10:00:48.999999+00:00", "2026-09-01T23:59:59.9+05:00"])(
    "whose log is ahead of our clock at %s still reduces to the ledger's lanes",
    async (at) => {
      const handle = await imported(logOf(transitionRow(1, "WP01", "genesis", "planned", { at })));
      for (const [actor, request] of throughReview.filter(([, { type }]) => type !== "MarkSubtask")) {
        await handle.execute(request, { actor });
        await expectAgreement(handle);
      }
    },
  );

  test("a clock that runs backwards does not turn the order of rows", async () => {
    let now = Date.UTC(2026, 2, 1, 12);
    const handle = await imported(logOf(transitionRow(1, "WP01", "genesis", "planned")), () => {
      now -= 60;
      return now;
    });
    for (const [actor, request] of throughReview.filter(([, { type }]) => type !== "MarkSubtask"))
      await handle.execute(request, { actor });
    await expectAgreement(handle);
  });

  test("whose rows name no mission id gets rows without one", async () => {
    const handle = await imported(
      logOf(transitionRow(1, "WP01", "genesis", "planned", { mission_id: undefined })),
    );
    await handle.execute({ type: "MoveWorkPackage", ...about, to: "canceled", reason: "too wet" });
    expect((await exported(handle)).text.split("\n")[1]).not.toContain("mission_id");
  });

  test("a finished approval is evidence for done", async () => {
    const reviewResult = { reviewer: "heron", verdict: "approved", reference: "ref" };
    const handle = await imported(
      logOf(transitionRow(1, "WP01", "in_review", "approved", { review_result: reviewResult })),
    );
    const { reduction } = await exported(handle);
    expect(reduction.eventCount).toBe(1);
    await handle.execute({ type: "ForceWorkPackage", ...about, to: "done", reason: "merged" });
    expect((await exported(handle)).text).toContain(
      '"evidence": {"review": {"reference": "ref", "reviewer": "heron", "verdict": "approved"}}',
    );
  });

  test("what was undone is so for Spec Kitty's reducer too, and a verdict taken back is evidence of nothing", async () => {
    const handle = openLedger().mission(slug);
    await handle.execute(created);
    await handle.execute(planned("WP01"));
    const undo = async (): Promise<void> => {
      const { revision } = await handle.execute({ type: "AddNote", ...about, text: "a mistake" });
      await handle.execute({ type: "Undo", event: { revision: revision - 1 }, reason: "a mistake" });
      await expectAgreement(handle);
    };
    await handle.execute({ type: "ClaimWorkPackage", ...about, kind: "implement", leaseMs });
    await undo();
    await handle.execute({ type: "ClaimWorkPackage", ...about, kind: "implement", leaseMs });
    await handle.execute({ type: "MoveWorkPackage", ...about, to: "in_progress" });
    await undo();
    await handle.execute({ type: "MoveWorkPackage", ...about, to: "canceled", reason: "too wet" });
    await undo();
    await handle.execute({ type: "ForceWorkPackage", ...about, to: "for_review", reason: "look" });
    const actor = { actor: "rex" };
    await handle.execute({ type: "ClaimWorkPackage", ...about, kind: "review", leaseMs }, actor);
    const { revision } = await handle.execute({ type: "SubmitReview", ...about, verdict: "approved" }, actor);
    await handle.execute({ type: "Undo", event: { revision }, reason: "a mistake" }, actor);
    await expectAgreement(handle);
    await handle.execute({ type: "ForceWorkPackage", ...about, to: "done", reason: "merged" });
    const last = (await exported(handle)).text.trimEnd().split("\n").at(-1);
    expect(last).toContain('"evidence": null');
    expect(last).toContain('"to_lane": "done"');
  });

  test("any bytes go in and come out", async () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.string({ unit: "binary" }).map(utf8Bytes),
      fc
        .constantFrom(
          "\n",
          "\r\n",
          "{",
          "\u0000",
          "\ufeff",
          logOf(transitionRow(1, "WP01", "planned", "done")),
        )
        .map(utf8Bytes),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 8 }), async (pieces) => {
        const log = Uint8Array.from(pieces.flatMap((bytes) => [...bytes]));
        expect(await exportStatusLog((await imported(log)).history())).toEqual(log);
      }),
    );
  });
});

describe("times and ids of rows", () => {
  test("each time sorts behind the last as text", () => {
    const moments = fc.oneof(
      fc
        .date({ min: new Date("2020-01-01"), max: new Date("2030-01-01"), noInvalidDate: true })
        .map((date) => date.toISOString()),
      fc.constantFrom(
        "2026-03-01T10:00:48Z",
        "2026-03-01T10:00:48.1+00:00",
        "2026-03-01T10:00:48+00:00",
        "2026-03-01T10:00:48.999999999Z",
      ),
    );
    fc.assert(
      fc.property(fc.array(moments), fc.array(moments), (seen, recorded) => {
        const clock = rowClock();
        for (const at of seen) clock.saw(at);
        const times = recorded.map((at) => clock.next(at));
        expect([...seen, ...times].sort().slice(seen.length)).toEqual(times);
        expect(new Set(times).size).toBe(times.length);
      }),
    );
  });

  test("ids have the form of a ULID and sort with their revision", () => {
    const at = "2026-03-01T10:00:00.000000+00:00";
    expect(rowId(at, 1, "e")).toMatch(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/);
    expect(rowId(at, 1, "e") < rowId(at, 2, "a")).toBe(true);
    expect(rowId(at, 1, "e")).not.toBe(rowId(at, 1, "f"));
    expect(idOf(1)).toMatch(/^[0-9A-HJKMNP-TV-Z]{26}$/);
  });
});
