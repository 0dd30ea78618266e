import { canonicalJson } from "@mission-ledger/core";
import { limits } from "@mission-ledger/core/mission";
import { missionEvent } from "@mission-ledger/core/schemas";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { toBase64, utf8Bytes } from "../bytes.ts";
import { annotationRow, idOf, logOf, rowText, timeOf, transitionRow } from "../testing/rows.ts";
import { cutIntoChunks, joinChunks } from "./chunks.ts";
import { envelopeBytes, maxChunkBytes, maxCommandBytes, maxEventsPerCommand, maxLengths } from "./limits.ts";
import { type ImportPlan, type MissionFolder, planImport } from "./plan.ts";

const folder = (log: string | Uint8Array, more: Partial<MissionFolder> = {}): MissionFolder => ({
  folderName: "build-a-raft",
  log: typeof log === "string" ? utf8Bytes(log) : log,
  ...more,
});
const eventsOf = (plan: ImportPlan) =>
  plan.commands.flatMap(({ request }) => (request.type === "ContinueImport" ? request.history : []));
const eventsOfType = (plan: ImportPlan, type: string) =>
  eventsOf(plan).filter((event) => event.type === type);
const file = (name: string, yaml: string) => ({
  name,
  bytes: utf8Bytes(`---\n${yaml}\n---\nbody that stays behind\n`),
});
const planned = transitionRow(1, "WP01", "genesis", "planned");

describe("chunks", () => {
  const awkward = fc.oneof(
    fc.string({ unit: "grapheme" }),
    fc.string({ unit: fc.constantFrom("\u0000", "\n", '"', "😀", "é", "a") }),
  );

  test("joined are the file, are each within bounds, and never part a character", () => {
    fc.assert(
      fc.property(fc.array(awkward, { maxLength: 20 }), fc.integer({ min: 12, max: 60 }), (parts, max) => {
        const bytes = utf8Bytes(parts.join("\n"));
        const chunks = cutIntoChunks(bytes, max);
        expect(joinChunks(chunks)).toEqual(bytes);
        for (const { text } of chunks) {
          expect(Buffer.byteLength(JSON.stringify(text)) - 2).toBeLessThanOrEqual(max);
          expect(Reflect.apply(Reflect.get(String.prototype, "isWellFormed"), text, [])).toBe(true);
        }
      }),
    );
  });

  test("of bytes that are no text are base64", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), (tail) => {
        const bytes = Uint8Array.from([0xff, ...tail]);
        const chunks = cutIntoChunks(bytes, 40);
        expect(chunks.every(({ encoding, text }) => encoding === "base64" && text.length <= 40)).toBe(true);
        expect(joinChunks(chunks)).toEqual(bytes);
      }),
    );
  });

  test("end with a line where they can", () => {
    const line = `${"x".repeat(99)}\n`;
    const chunks = cutIntoChunks(utf8Bytes(line.repeat(1_000)));
    expect(chunks.length).toBeGreaterThan(3);
    expect(chunks.every(({ text }) => text.endsWith("\n"))).toBe(true);
  });

  test("of an empty file are none", () => {
    expect(cutIntoChunks(new Uint8Array())).toEqual([]);
  });
});

describe("the plan", () => {
  const log = logOf(
    planned,
    transitionRow(2, "WP01", "planned", "claimed"),
    annotationRow(3, "WP01", { note: "hello" }),
  );

  test("begins, brings the source, the packages and the history in the reducer's order, and completes", () => {
    const plan = planImport(
      folder(log, { meta: '{"friendly_name": "A raft", "mission_id": "01J0000000000000000MISS1ON"}' }),
    );
    expect(plan).toMatchObject({
      slug: "build-a-raft",
      title: "A raft",
      missionId: "01J0000000000000000MISS1ON",
      findings: [],
    });
    expect(plan.commands.map(({ request }) => request.type)).toEqual([
      "BeginImport",
      "ContinueImport",
      "CompleteImport",
    ]);
    expect(eventsOf(plan).map((event) => event.type)).toEqual([
      "SourceChunkRecorded",
      "SourceChunkRecorded",
      "WorkPackageAdded",
      "HistoricTransitionRecorded",
      "HistoricTransitionRecorded",
      "HistoricAnnotationRecorded",
    ]);
    expect(plan.commands.at(-1)?.request).toEqual({
      type: "CompleteImport",
      rows: 3,
      transitions: 2,
      annotations: 1,
      otherRows: 0,
      findings: {},
    });
    expect(plan.report.workPackages).toEqual({
      WP01: { lane: "claimed", forceCount: 0, lastEventId: idOf(2) },
    });
  });

  test("is the same for the same files, and has other command ids for any other", () => {
    const ids = (given: MissionFolder) => planImport(given).commands.map(({ commandId }) => commandId);
    expect(ids(folder(log))).toEqual(ids(folder(log)));
    expect(new Set(ids(folder(log))).size).toBe(3);
    for (const other of [
      folder(`${log}\n`),
      folder(log, { meta: "{}" }),
      { ...folder(log), folderName: "build-a-boat" },
    ])
      expect(ids(other).filter((id) => ids(folder(log)).includes(id))).toEqual([]);
    expect(ids(folder(log, { status: "{}" }))).toEqual(ids(folder(log)));
  });

  test("finds a mission id in the folder, else in the rows, else derives one", () => {
    expect(planImport(folder(log)).missionId).toBe("01J0000000000000000MISS1ON");
    expect(planImport(folder(log, { meta: '{"mission_id": "../x"}' })).missionId).toBe(
      "01J0000000000000000MISS1ON",
    );
    const derived = planImport(folder("")).missionId;
    expect(derived).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5/);
    expect(planImport(folder("\n")).missionId).toBe(derived);
  });

  test("lists each kept file with its size and digest", () => {
    const [begin] = planImport(
      folder("abc", {
        lanes: '{"lanes": []}',
        workPackageFiles: [
          file("tasks/WP01-x.md", "title: x"),
          { name: "tasks/WP02.md", bytes: utf8Bytes("no head") },
        ],
      }),
    ).commands;
    expect(begin?.request).toMatchObject({
      files: [
        {
          name: "status.events.jsonl",
          bytes: 3,
          sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        },
        { name: "lanes.json", bytes: 13 },
        { name: "tasks/WP01-x.md#frontmatter", bytes: 17 },
      ],
    });
  });

  test("knows packages from their files, from lifecycle rows and from the log, in this order", () => {
    const created = (id: string, title: string, dependsOn: readonly string[]) =>
      rowText({
        event_type: "WPCreated",
        event_id: idOf(9),
        payload: { wp_id: id, wp_title: title, depends_on: dependsOn },
      });
    const plan = planImport(
      folder(
        logOf(
          planned,
          created("WP01", "from the row", []),
          created("WP02", "two", ["WP01"]),
          annotationRow(3, "WP03", {}),
        ),
        {
          lanes: '{"lanes": [{"lane_id": "lane-a", "wp_ids": ["WP01"]}]}',
          workPackageFiles: [
            file(
              "tasks/WP01-x.md",
              "title: from the file\nowned_files: [src/**]\nsubtasks: [T001, T001]\ndependencies: [WP04]",
            ),
          ],
        },
      ),
    );
    expect(eventsOfType(plan, "WorkPackageAdded")).toEqual([
      {
        type: "WorkPackageAdded",
        workPackageId: "WP01",
        title: "from the file",
        dependsOn: [],
        owns: ["src/**"],
        subtasks: [{ id: "T001", title: "T001" }],
        executionLane: "lane-a",
      },
      {
        type: "WorkPackageAdded",
        workPackageId: "WP02",
        title: "two",
        dependsOn: ["WP01"],
        owns: [],
        subtasks: [],
        executionLane: null,
      },
      {
        type: "WorkPackageAdded",
        workPackageId: "WP03",
        title: "WP03",
        dependsOn: [],
        owns: [],
        subtasks: [],
        executionLane: null,
      },
    ]);
    expect(plan.report.findings).toMatchObject({ unknown_dependency: 1 });
  });

  test("drops dependencies that lead in a circle, and plans beyond what a ledger holds, and says so", () => {
    const plan = planImport(
      folder("", {
        workPackageFiles: [
          file("tasks/WP01.md", "dependencies: [WP02, WP01]"),
          file("tasks/WP02.md", "dependencies: [WP03]"),
          file(
            "tasks/WP03.md",
            `dependencies: [WP01]\nowned_files: ["${"x".repeat(limits.glob + 1)}"]\nsubtasks: ["-"]`,
          ),
        ],
      }),
    );
    expect(
      eventsOfType(plan, "WorkPackageAdded").map(
        (event) => event.type === "WorkPackageAdded" && event.dependsOn,
      ),
    ).toEqual([["WP02"], ["WP03"], []]);
    expect(plan.report.findings).toEqual({ dependency_cycle: 2, plan_trimmed: 2 });
  });

  test("keeps rows of unusable ids in the source only", () => {
    const plan = planImport(
      folder(
        logOf(
          transitionRow(1, "__proto__", "genesis", "planned"),
          annotationRow(2, "constructor", {}),
          transitionRow(3, "WP1", "genesis", "planned"),
        ),
      ),
    );
    expect(
      eventsOf(plan)
        .filter((event) => "workPackageId" in event)
        .map((event) => "workPackageId" in event && event.workPackageId),
    ).toEqual(["WP1", "WP1"]);
    expect(plan.report).toMatchObject({
      rows: 3,
      transitions: 2,
      annotations: 1,
      findings: { unusable_work_package_id: 2 },
    });
    expect(Object.keys(plan.report.workPackages)).toEqual(["WP1"]);
  });

  test("records a verdict only where a transition writes it", () => {
    const result = { reviewer: "heron", verdict: "approved", reference: "ref", feedback_path: "f.md" };
    const rows = [
      transitionRow(1, "WP01", "for_review", "in_review"),
      transitionRow(2, "WP01", "in_review", "approved", { review_result: result }),
      transitionRow(3, "WP01", "in_review", "planned", { force: true, reason: "again" }),
    ];
    const [first, second, third] = eventsOfType(
      planImport(folder(logOf(...rows))),
      "HistoricTransitionRecorded",
    );
    expect(first).not.toHaveProperty("verdict");
    expect(first).not.toHaveProperty("reason");
    expect(second).toMatchObject({ verdict: { reviewer: "heron", verdict: "approved", reference: "ref" } });
    expect(third).toMatchObject({ verdict: null, forced: true, reason: "again", by: "otter", at: timeOf(3) });
  });

  test("skips a transition that a rollback beat, and repeats of an id", () => {
    const back = transitionRow(1, "WP01", "in_review", "in_progress", { force: true });
    const forward = transitionRow(2, "WP01", "in_review", "approved", { at: timeOf(1), force: true });
    const plan = planImport(folder(logOf(back, forward, back)));
    expect(eventsOfType(plan, "HistoricTransitionRecorded").length).toBe(1);
    expect(plan.report).toMatchObject({
      transitions: 3,
      findings: { duplicate_event_id: 1, rollback_won: 1 },
    });
  });

  test("cuts long texts and hostile deltas, since the source keeps them", () => {
    const nested = JSON.parse(`${'{"a":'.repeat(20)}1${"}".repeat(20)}`);
    const rows = [
      transitionRow(1, "WP01", "genesis", "planned", {
        reason: "\u0001😀".repeat(9_000),
        actor: "",
        event_id: "x".repeat(500),
      }),
      annotationRow(2, "WP01", {
        note: "n".repeat(90_000),
        nested,
        tracker_refs: Array.from({ length: 9_000 }, () => "ref"),
        subtasks: { T001: "done" },
      }),
      `{"kind": "annotation", "event_id": "${idOf(3)}", "wp_id": "WP01", "at": "x", "actor": "\\ud800", "delta": {"__proto__": {"x": 1}, "shell_pid": 12345678901234567890, "note": 1e400}}`,
    ];
    const plan = planImport(folder(logOf(...rows)));
    const [transition] = eventsOfType(plan, "HistoricTransitionRecorded");
    expect(transition).toMatchObject({ by: "unknown" });
    expect(
      transition?.type === "HistoricTransitionRecorded" && [
        transition.reason?.length,
        transition.sourceEventId.length,
      ],
    ).toEqual([maxLengths.reason, maxLengths.sourceEventId]);
    const [big, hostile] = eventsOfType(plan, "HistoricAnnotationRecorded");
    expect(big?.type === "HistoricAnnotationRecorded" && Object.keys(big.delta)).toEqual([
      "subtasks",
      "nested",
      "note",
    ]);
    expect(hostile).toMatchObject({
      by: "\ufffd",
      delta: { shell_pid: "12345678901234567890", note: "Infinity" },
    });
    expect(canonicalJson(plan.commands.map(({ request }) => request))).not.toContain('__proto__":');
  });

  test("splits a row of a megabyte over several commands, each within the limit", () => {
    const rows = [
      transitionRow(1, "WP01", "genesis", "planned", {
        evidence: { review: { reviewer: "a", verdict: "b", reference: `"\u0000${"ü".repeat(300_000)}` } },
      }),
      planned,
    ];
    const plan = planImport(folder(logOf(...rows)));
    expect(plan.commands.length).toBeGreaterThan(20);
    expectWithinLimits(plan);
  });

  test("reports a snapshot that drifted without storing that", () => {
    const plan = planImport(folder(log, { status: "{}" }));
    expect(plan.report.findings).toEqual({ status_drift: 1 });
    expect(plan.commands.at(-1)?.request).toMatchObject({ findings: {} });
  });

  test("names files beside the log that cannot be read, twice there, or too many", () => {
    const bad = {
      name: "tasks/WP09.md",
      bytes: Uint8Array.from([0x2d, 0x2d, 0x2d, 0x0a, 0xff, 0x0a, 0x2d, 0x2d, 0x2d, 0x0a]),
    };
    const many = Array.from({ length: 500 }, (_, index) =>
      file(`tasks/WP${100 + index}-${"x".repeat(100)}.md`, "title: x"),
    );
    const { findings } = planImport(
      folder("", {
        meta: "{",
        lanes: "[]",
        workPackageFiles: [
          bad,
          file("notes.md", "title: x"),
          file("tasks/WP01.md", "title: x"),
          file("tasks/WP01.md", "title: y"),
          ...many,
        ],
      }),
    ).report;
    expect(findings).toMatchObject({ unreadable_file: 2, frontmatter_unreadable: 2 });
    expect(Object.entries(findings).find(([kind]) => kind === "file_left_out")?.[1]).toBeGreaterThan(100);
  });

  test("never throws and stays within the limits, whatever the bytes", () => {
    const anyBytes = fc.oneof(fc.uint8Array({ maxLength: 60 }), fc.string({ unit: "binary" }).map(utf8Bytes));
    const anyRow = fc
      .record({
        wp: fc.constantFrom("WP01", "WP02", "__proto__", "", "a b"),
        from: fc.constantFrom("planned", "in_review", "uninitialized", "doing"),
        to: fc.constantFrom("done", "planned", "uninitialized", "genesis"),
        reason: fc.string({ unit: "binary" }),
        at: fc.oneof(fc.string(), fc.constant("2026-03-01T10:00:00Z")),
        id: fc.oneof(fc.string({ maxLength: 3 }), fc.constant(idOf(1))),
        force: fc.constantFrom(true, false, "x"),
        actor: fc.oneof(fc.string(), fc.constant({ tool: "x" })),
        kind: fc.constantFrom(undefined, undefined, "annotation", "x"),
        delta: fc.constantFrom({ note: "x" }, { subtasks: { T001: "done" } }, { "\ud800": "\udfff" }, []),
      })
      .map(({ wp, from, to, reason, at, id, kind, ...rest }) =>
        utf8Bytes(`${transitionRow(1, wp, from, to, { ...rest, reason, at, event_id: id, kind })}\n`),
      );
    fc.assert(
      fc.property(
        fc.array(fc.oneof(anyBytes, anyRow), { maxLength: 8 }),
        anyBytes,
        anyBytes,
        (pieces, meta, head) => {
          const log = Uint8Array.from(pieces.flatMap((piece) => [...piece]));
          const plan = planImport(
            folder(log, {
              meta,
              lanes: meta,
              workPackageFiles: [{ name: "tasks/WP01.md", bytes: head }, file("WP02.md", toBase64(head))],
            }),
          );
          const chunks = eventsOf(plan).flatMap((event) =>
            event.type === "SourceChunkRecorded" && event.file === "status.events.jsonl" ? [event] : [],
          );
          expect(joinChunks(chunks)).toEqual(log);
          expectWithinLimits(plan);
          const { rows, transitions, annotations, otherRows } = plan.report;
          expect(transitions + annotations + otherRows).toBe(rows);
        },
      ),
    );
  });
});

const expectWithinLimits = ({ commands }: ImportPlan): void => {
  for (const { request } of commands) {
    const events = request.type === "ContinueImport" ? request.history : [];
    expect(events.length).toBeLessThanOrEqual(maxEventsPerCommand);
    expect(Buffer.byteLength(canonicalJson(request)) + events.length * envelopeBytes).toBeLessThanOrEqual(
      maxCommandBytes + 200,
    );
    for (const event of events) expect(missionEvent.safeParse(event)).toMatchObject({ success: true });
    for (const event of events)
      if (event.type === "SourceChunkRecorded")
        expect(Buffer.byteLength(JSON.stringify(event.text)) - 2).toBeLessThanOrEqual(maxChunkBytes);
  }
};
