import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { utf8Bytes } from "../bytes.ts";
import { annotationRow, logOf, rowText, transitionRow } from "../testing/rows.ts";
import { parseStatusLog, type Row } from "./rows.ts";

const kindsOf = (log: string | Uint8Array): readonly string[] =>
  parseStatusLog(log).rows.map(({ kind }) => kind);
const onlyRow = (text: string): Row => parseStatusLog(text).rows[0] as Row;

describe("kinds of rows", () => {
  test.each([
    ["transition", transitionRow(1, "WP01", "planned", "claimed")],
    ["annotation", annotationRow(1, "WP01", { note: "hello" })],
    [
      "annotation",
      annotationRow(1, "WP01", { note: "hello" }, { event_type: "WPCreated", event_name: "retrospective.x" }),
    ],
    ["unknown", rowText({ kind: "telepathy", event_type: "WPCreated" })],
    ["retrospective", rowText({ event_name: "retrospective.requested", event_type: "x" })],
    ["retrospective", rowText({ type: "RetrospectiveSkipped", event_type: "x" })],
    ["lifecycle", rowText({ event_type: null })],
    ["transition", transitionRow(1, "WP01", "planned", "claimed", { kind: null })],
    ["malformed", rowText({ event_name: "retro" })],
    ["malformed", "[1, 2]"],
    ["malformed", "{"],
    ["blank", " \t "],
  ])("%s", (kind, row) => {
    expect(kindsOf(`${row}\n`)).toEqual([kind]);
  });
});

describe("eras of the transition row", () => {
  test.each([
    [
      "0: feature_slug and twelve fields",
      {
        mission_slug: undefined,
        feature_slug: "build-a-raft",
        policy_metadata: undefined,
        mission_id: undefined,
      },
    ],
    ["1: policy_metadata", { mission_slug: undefined, feature_slug: "build-a-raft", mission_id: undefined }],
    [
      "1b: work_package_id",
      {
        mission_slug: undefined,
        feature_slug: "build-a-raft",
        work_package_id: "WP01",
        mission_id: undefined,
      },
    ],
    ["2: mission_slug", { mission_id: undefined }],
    ["2b: legacy_aggregate_id", { legacy_aggregate_id: "build-a-raft" }],
    ["3: the long-lived shape", {}],
    ["4: review_result", { review_result: { reviewer: "heron", verdict: "approved", reference: "ref" } }],
    ["5: review_result null", { review_result: null }],
  ])("%s", (_, changes) => {
    const row = onlyRow(transitionRow(1, "WP01", "planned", "claimed", changes));
    expect(row).toMatchObject({
      kind: "transition",
      problems: [],
      transition: { wpId: "WP01", missionSlug: "build-a-raft", from: "planned", to: "claimed" },
    });
  });

  test("an actor is a name, or a binding of which the tool and else the role is shown", () => {
    const binding = { role: "reviewer", profile: null, tool: "claw", model: null };
    const actorOf = (actor: Parameters<typeof transitionRow>[4]) => {
      const row = onlyRow(transitionRow(1, "WP01", "planned", "claimed", actor));
      return row.kind === "transition" ? row.transition.actor : row.kind;
    };
    expect(actorOf({ actor: binding })).toBe("claw");
    expect(actorOf({ actor: { ...binding, tool: null } })).toBe("reviewer");
    expect(actorOf({ actor: "claw:model:profile:role" })).toBe("claw:model:profile:role");
  });
});

describe("rows that are not sound", () => {
  test.each([
    [{ wp_id: undefined, at: undefined }, "lacks wp_id, at"],
    [{ to_lane: "doing" }, "has a to_lane that is no lane"],
    [{ from_lane: 7 }, "has a from_lane that is no lane"],
    [{ force: "yes" }, "has a force that is neither true nor false"],
    [{ event_id: 12 }, "has an event_id that is no string"],
  ])("%j makes a transition malformed", (changes, problem) => {
    expect(onlyRow(transitionRow(1, "WP01", "planned", "claimed", changes))).toMatchObject({
      kind: "malformed",
      problem,
    });
  });

  test.each([
    [{ event_id: "not-a-ulid" }, "has an event_id that is no ULID"],
    [{ delta: [] }, "has a delta that is no object"],
    [{ at: undefined }, "lacks at"],
  ])("%j makes an annotation malformed", (changes, problem) => {
    expect(onlyRow(annotationRow(1, "WP01", {}, changes))).toMatchObject({ kind: "malformed", problem });
  });

  test("an unsound optional part is left out, named, and does not cost the transition", () => {
    const row = onlyRow(
      transitionRow(1, "WP01", "planned", "claimed", {
        review_result: { verdict: "approved" },
        evidence: { repos: [] },
        policy_metadata: "x",
        actor: { a: 1 },
      }),
    );
    expect(row.kind === "transition" && row.problems.length).toBe(4);
    expect(row).toMatchObject({
      transition: { reviewResult: undefined, approval: undefined, policyMetadata: undefined, actor: "" },
    });
    const annotation = onlyRow(
      annotationRow(1, "WP01", {
        subtasks: { T001: "finished" },
        review: { at: "" },
        tracker_refs: 4,
        shell_pid: "x",
      }),
    );
    expect(annotation.kind === "annotation" && annotation.problems.length).toBe(4);
  });
});

describe("bytes of a log", () => {
  const row = transitionRow(1, "WP01", "planned", "claimed");

  test("LF, CR LF and CR end a row, and a missing last newline is noticed", () => {
    expect(kindsOf(`${row}\r\n${row}\n\n${row}\r${row}`)).toEqual([
      "transition",
      "transition",
      "blank",
      "transition",
      "transition",
    ]);
    expect(parseStatusLog(`${row}\r\n`).endsWithNewline).toBe(true);
    expect(parseStatusLog(row).endsWithNewline).toBe(false);
    expect(parseStatusLog("")).toEqual({ rows: [], byteOrderMark: false, endsWithNewline: false });
  });

  test("a byte order mark is noticed and the row behind it is read", () => {
    expect(parseStatusLog(`\ufeff${row}\n`)).toMatchObject({
      byteOrderMark: true,
      rows: [{ kind: "transition" }],
    });
  });

  test("bytes that are not UTF-8 cost their own row only", () => {
    const log = new Uint8Array([...utf8Bytes(`${row}\n`), 0xff, 0xfe, 0x0a, ...utf8Bytes(`${row}\n`)]);
    expect(kindsOf(log)).toEqual(["transition", "malformed", "transition"]);
  });

  test("NUL, a torn row and endless nesting cost their own row only", () => {
    expect(kindsOf(`\u0000\u0000\n${"[".repeat(500_000)}\n${row}\n${row.slice(0, 40)}`)).toEqual([
      "malformed",
      "malformed",
      "transition",
      "malformed",
    ]);
  });

  test("a row of a megabyte is a row", () => {
    const big = transitionRow(1, "WP01", "planned", "claimed", { reason: "x".repeat(1_000_000) });
    expect(kindsOf(logOf(big, row))).toEqual(["transition", "transition"]);
  });

  test("prototype keys are kept as members and reach no prototype", () => {
    const hostile = `{"__proto__": {"kind": "annotation"}, "constructor": {"prototype": {"x": 1}}, ${row.slice(1)}`;
    expect(kindsOf(hostile)).toEqual(["transition"]);
    expect(Reflect.get({}, "kind")).toBeUndefined();
  });

  test("the rows' bytes joined are the log, whatever it holds", () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 20 }),
      fc.constantFrom("\n", "\r", "\r\n", "\ufeff", row, row.slice(0, 30)).map(utf8Bytes),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const log = Uint8Array.from(pieces.flatMap((bytes) => [...bytes]));
        const { rows } = parseStatusLog(log);
        expect(Uint8Array.from(rows.flatMap(({ start, end }) => [...log.subarray(start, end)]))).toEqual(log);
        expect(rows.map(({ line }) => line)).toEqual(rows.map((_, index) => index + 1));
      }),
    );
  });
});
