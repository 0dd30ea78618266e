import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { utf8Bytes } from "../bytes.ts";
import { newestReviews, observedReviews, type ReviewFolder } from "./newest-reviews.ts";
import { readReviewFile } from "./review-file.ts";

const name = "tasks/WP01-mast/review-cycle-2.md";
const headed = (yaml: string, body = "# Review\n"): Uint8Array => utf8Bytes(`---\n${yaml}\n---\n\n${body}`);
const read = (bytes: Uint8Array | string, called = name) =>
  readReviewFile({ name: called, bytes: typeof bytes === "string" ? utf8Bytes(bytes) : bytes });

describe("a review file", () => {
  test.each([
    ["approved", "approved"],
    ["arbiter_override", "approved"],
    ["approved_after_orchestrator_fix", "approved"],
    [" Approved ", "approved"],
    ["rejected", "changes_requested"],
    ["reject", "changes_requested"],
    ["changes_requested", "changes_requested"],
    ["changes_requested_for_arbiter", "changes_requested"],
    ["looks fine", "missing"],
    ["true", "missing"],
    ["constructor", "missing"],
    ["[approved]", "missing"],
    ["", "missing"],
  ])("that says %j is %s", (word, verdict) => {
    expect(read(headed(`wp_id: WP01\nverdict: ${word}`)).verdict).toBe(verdict);
  });

  test("says who reviewed it, when, and which package it is about", () => {
    expect(
      read(
        headed("verdict: rejected\nreviewer_agent: beaver\nreviewed_at: '2026-04-09T15:01:19Z'\nwp_id: WP01"),
      ),
    ).toMatchObject({
      folder: "WP01-mast",
      cycle: 2,
      verdict: "changes_requested",
      word: "rejected",
      by: "beaver",
      reviewedAt: "2026-04-09T15:01:19Z",
      wpId: "WP01",
      override: undefined,
      problem: undefined,
    });
  });

  test.each([
    ["that is empty", ""],
    ["without a head", "# Approved\n\nverdict: approved\n"],
    ["whose head does not end", "---\nverdict: approved\n"],
    ["whose head is no mapping", "---\n- approved\n---\n"],
    ["whose head is no YAML", "---\nverdict: [approved\n---\n"],
    ["that says it twice", "---\nverdict: approved\nverdict: approved\n---\n"],
    [
      "that was merged with both sides",
      "<<<<<<< ours\n---\nverdict: approved\n---\n=======\n---\nverdict: approved\n---\n>>>>>>> theirs\n",
    ],
    [
      "with a conflict in its head",
      "---\n<<<<<<< ours\nverdict: approved\n=======\nverdict: approved\n>>>>>>> theirs\n---\n",
    ],
    [
      "with a conflict in its body",
      "---\nverdict: approved\n---\nfine\n<<<<<<< HEAD\nfine\n=======\nnot\n>>>>>>> theirs\n",
    ],
    ["with half a conflict", "---\nverdict: approved\n---\nfine\n>>>>>>> theirs\n"],
  ])("%s approves nothing", (_, text) => {
    expect(read(text)).toMatchObject({ verdict: "unreadable", word: undefined, problem: expect.any(String) });
  });

  test("that is not UTF-8 approves nothing", () => {
    expect(read(Uint8Array.from([...headed("verdict: approved"), 0xff])).verdict).toBe("approved");
    expect(read(Uint8Array.from([0x2d, 0x2d, 0x2d, 0x0a, 0xff, 0x0a, 0x2d, 0x2d, 0x2d])).verdict).toBe(
      "unreadable",
    );
  });

  test("whose conflict markers stand beside bytes that are no text approves nothing", () => {
    const bytes = Uint8Array.from([
      ...headed("verdict: approved"),
      ...utf8Bytes("<<<<<<< HEAD\n"),
      0xff,
      0x0a,
    ]);
    expect(read(bytes).verdict).toBe("unreadable");
  });

  test("that could not be read at all approves nothing and says why", () => {
    expect(
      readReviewFile({ name, bytes: new Uint8Array(), problem: "cannot be read: EACCES" }),
    ).toMatchObject({
      verdict: "unreadable",
      problem: "cannot be read: EACCES",
    });
  });

  test("with a tool's head before the author's rejects when either does", () => {
    expect(read(headed("verdict: approved", "---\nverdict: reject\n---\n# Review\n"))).toMatchObject({
      verdict: "changes_requested",
      word: "reject",
    });
    expect(read(headed("verdict: rejected", "---\nverdict: approved\n---\n")).verdict).toBe(
      "changes_requested",
    );
  });

  test("names an override only with actor, reason, time and package", () => {
    const keys = ["actor: ops", "reason: fixed since", "at: '2026-04-10T00:00:00Z'", "wp_id: WP01"];
    const lines = (some: readonly string[]): string =>
      some.map((key) => `review_artifact_override_${key}`).join("\n");
    expect(read(headed(`verdict: rejected\n${lines(keys)}`))).toMatchObject({
      verdict: "changes_requested",
      override: { by: "ops", reason: "fixed since", at: "2026-04-10T00:00:00Z", wpId: "WP01" },
    });
    for (const key of keys)
      expect(
        read(headed(`verdict: rejected\n${lines(keys.filter((one) => one !== key))}`)).override,
      ).toBeUndefined();
  });

  test.each([
    ["review-cycle-1.md", 1],
    ["review-cycle-12.md", 12],
    ["review-cycle-02.md", 2],
    ["Review-Cycle-2.MD", 2],
    ["review-cycle-0.md", null],
    ["review-cycle-.md", null],
    ["review-cycle-2b.md", null],
    ["review-cycle-final.md", null],
    ["review-cycle-99999999999.md", null],
  ])("called %s is of cycle %s", (called, cycle) => {
    expect(read(headed("verdict: approved"), `tasks/WP01-mast/${called}`).cycle).toBe(cycle);
  });

  test("of any bytes is read without throwing, and approves only by its word", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc
            .string({ unit: fc.constantFrom(..."-:[]{}<>|\n aprovedct") })
            .map((yaml) => utf8Bytes(`---\n${yaml}\n---\n`)),
        ),
        (bytes) => {
          const { verdict, word } = read(bytes);
          if (verdict === "approved") expect(word?.toLowerCase()).toMatch(/^(approved|arbiter_override)/);
        },
      ),
    );
  });
});

const folder = (files: Readonly<Record<string, string>>, more: Partial<ReviewFolder> = {}) =>
  newestReviews({
    reviewFiles: Object.entries(files).map(([called, yaml]) => ({
      name: `tasks/${called}`,
      bytes: headed(yaml),
    })),
    ...more,
  });
const kindsOf = ({ findings }: ReturnType<typeof folder>): readonly string[] =>
  findings.map(({ kind }) => kind);

describe("of a package's review files", () => {
  test("the one with the highest number is the newest, whatever order they come in", () => {
    const found = folder({
      "WP01-mast/review-cycle-10.md": "verdict: rejected",
      "WP01-mast/review-cycle-9.md": "verdict: approved",
      "WP01-mast/review-cycle-2.md": "verdict: approved",
      "WP02-sail/review-cycle-1.md": "verdict: approved",
    });
    expect(observedReviews(found.newest)).toMatchObject([
      {
        workPackageId: "WP01",
        file: "tasks/WP01-mast/review-cycle-10.md",
        cycle: 10,
        verdict: "changes_requested",
      },
      { workPackageId: "WP02", cycle: 1, verdict: "approved" },
    ]);
  });

  test("gaps in the numbers are told", () => {
    const found = folder({
      "WP01-mast/review-cycle-2.md": "verdict: approved",
      "WP01-mast/review-cycle-5.md": "verdict: approved",
    });
    expect(found.findings).toMatchObject([
      { kind: "review_cycle_gap", wpId: "WP01", message: expect.stringContaining("lacks 3") },
    ]);
  });

  test("one without a number is told, and is newest only where none has a number or it does not approve", () => {
    const beside = folder({
      "WP01-mast/review-cycle-final.md": "verdict: approved",
      "WP01-mast/review-cycle-1.md": "verdict: rejected",
    });
    expect(kindsOf(beside)).toEqual(["review_file_misnamed"]);
    expect(beside.newest[0]?.file.verdict).toBe("changes_requested");
    const against = folder({
      "WP01-mast/review-cycle-final.md": "verdict: rejected",
      "WP01-mast/review-cycle-1.md": "verdict: approved",
      "WP01-mast/review-cycle-2.md": "verdict: approved",
    });
    expect(against.newest[0]?.file).toMatchObject({ cycle: null, verdict: "changes_requested" });
    const alone = folder({
      "WP01-mast/review-cycle-a.md": "verdict: rejected",
      "WP01-mast/review-cycle-b.md": "verdict: approved",
    });
    expect(alone.newest[0]?.file).toMatchObject({ cycle: null, verdict: "changes_requested" });
  });

  test("one that is about another package is unreadable, and told", () => {
    const found = folder({ "WP01-mast/review-cycle-1.md": "verdict: approved\nwp_id: WP02" });
    expect(found.newest[0]?.file.verdict).toBe("unreadable");
    expect(kindsOf(found)).toEqual(["review_file_unreadable"]);
  });

  test("the folder's package is that of the file of its name, or what its name begins with", () => {
    const files = [{ name: "tasks/mast.md", bytes: headed("work_package_id: WP07") }];
    const found = folder(
      { "mast/review-cycle-1.md": "verdict: approved", "elsewhere/review-cycle-1.md": "verdict: approved" },
      { workPackageFiles: files },
    );
    expect(found.newest.map(({ workPackageId }) => workPackageId)).toEqual(["WP07"]);
    expect(kindsOf(found)).toEqual(["review_file_without_package"]);
  });

  test("one without a verdict has the one that the log gives for this very file", () => {
    const asked: string[] = [];
    const found = folder(
      { "WP01-mast/review-cycle-1.md": "wp_id: WP01", "WP02-sail/review-cycle-1.md": "verdict: perhaps" },
      {
        verdictInLog: (file, id) => {
          asked.push(`${id} ${file}`);
          return "approved";
        },
      },
    );
    expect(asked).toEqual(["WP01 WP01-mast/review-cycle-1.md"]);
    expect(found.newest.map(({ file }) => file.verdict)).toEqual(["approved", "missing"]);
    expect(kindsOf(found)).toEqual(["review_file_without_verdict"]);
  });
});
