/** Each defect that is known of another system's review gate, as a fact about this one. */
import { describe, expect, test } from "vitest";
import { type Clone, clone } from "../testing/clones.ts";
import { type MadeMission, makeSpecKittyMission, reviewName } from "../testing/spec-kitty-mission.ts";

const gate = async (
  made: MadeMission,
): Promise<{
  readonly at: Clone;
  readonly code: number;
  readonly verdict: string;
  readonly error: unknown;
}> => {
  const at = await clone();
  const folder = makeSpecKittyMission(at.folder, made);
  expect((await at.shell.run("import", "spec-kitty", folder)).code).toBe(0);
  const { code, data, envelope } = await at.shell.json("mission", "review", "raft");
  return { at, code, verdict: data.packages[0].verdict, error: envelope.error };
};

const reviews = (...contents: readonly string[]): Record<string, string> =>
  Object.fromEntries(contents.map((content, index) => [reviewName(index + 1), content]));

describe("the review gate", () => {
  test("reads the review files: an approved package whose newest one says rejected does not pass because its log has no verdict", async () => {
    expect(await gate({ to: "approved", reviews: reviews("verdict: rejected") })).toMatchObject({
      code: 26,
      verdict: "artifact_rejects",
    });
  });

  test("does not take a rejection for cleared because the slot of the log is null", async () => {
    const made = {
      to: "approved",
      verdict: "approved",
      reviews: reviews("verdict: approved", "verdict: rejected"),
    };
    expect(await gate(made)).toMatchObject({ code: 26, verdict: "artifact_rejects" });
  });

  test("blocks an absent review and a damaged one, each by its own name", async () => {
    expect(await gate({ forced: true })).toMatchObject({ code: 26, verdict: "no_review" });
    expect(await gate({ reviews: reviews("verdict: approved", "") })).toMatchObject({
      code: 26,
      verdict: "artifact_unreadable",
    });
    expect(await gate({ reviews: reviews("verdict: approved", "---\nwp_id: WP01\n---\n") })).toMatchObject({
      code: 26,
      verdict: "artifact_without_verdict",
    });
  });

  test("names the review file and the number of its cycle", async () => {
    const { error } = await gate({
      reviews: reviews("verdict: approved", "verdict: approved", "verdict: reject"),
    });
    expect(error).toMatchObject({
      code: "REVIEW_CONTRADICTED",
      details: {
        mission: "raft",
        workPackageId: "WP01",
        lane: "done",
        file: `tasks/WP01-mast/${reviewName(3)}`,
        cycle: 3,
        invariant: "what is approved or done is not rejected by its newest review",
      },
    });
  });

  test("does not block for a rejection that sticks to the log when an approval came after it", async () => {
    const at = await clone();
    const folder = makeSpecKittyMission(at.folder, {
      reviews: reviews("verdict: rejected", "verdict: approved"),
      history: [{ to: "in_progress", verdict: "changes_requested" }],
    });
    expect((await at.shell.run("import", "spec-kitty", folder)).code).toBe(0);
    const { code, data } = await at.shell.json("mission", "review", "raft");
    expect([code, data.packages[0].verdict]).toEqual([0, "consistent"]);
  });

  test("takes a review file that was merged with both of its sides for no approval", async () => {
    const both =
      "<<<<<<< ours\n---\nverdict: approved\n---\n=======\n---\nverdict: approved\n---\n>>>>>>> theirs\n";
    expect(await gate({ verdict: "approved", reviews: reviews(both) })).toMatchObject({
      code: 26,
      verdict: "artifact_unreadable",
    });
  });

  test("is passed over by nobody without a name and a reason, and never for what comes later", async () => {
    const { at } = await gate({ reviews: reviews("verdict: rejected") });
    expect((await at.shell.run("override", "raft/WP01")).code).toBe(2);
    expect((await at.shell.run("override", "raft/WP01", "--reason", "fixed in 9c1f2ab")).code).toBe(0);
    const { events } = (await at.shell.json("log", "raft")).data;
    expect(events.at(-1)).toMatchObject({ type: "VerdictOverridden", actor: "tester" });
    for (const lane of ["planned", "done"])
      expect((await at.shell.run("wp", "force", "raft/WP01", lane, "--reason", "again")).code).toBe(0);
    expect((await at.shell.json("mission", "review", "raft")).code).toBe(26);
  });
});

describe("ship", () => {
  test("mints no evidence and marks nothing done: it writes that the mission was shipped, and nothing else", async () => {
    const at = await clone();
    await at.shell.run("wp", "force", "p/WP01", "done", "--reason", "x");
    await at.shell.run("override", "p/WP01", "--reason", "x");
    const before = (await at.shell.json("wp", "show", "p/WP01")).data;
    expect((await at.shell.json("ship", "p")).data.events).toEqual(["MissionShipped"]);
    const { position: _, ...after } = (await at.shell.json("wp", "show", "p/WP01")).data;
    expect(after).toMatchObject({ lane: before.lane, evidence: [] });
  });

  test("looks at a package that was done before and was reopened as at any other", async () => {
    const at = await clone();
    await at.shell.run("wp", "force", "p/WP01", "done", "--reason", "x");
    await at.shell.run("override", "p/WP01", "--reason", "x");
    expect((await at.shell.json("ship", "p")).code).toBe(0);
    await at.shell.run("wp", "force", "p/WP01", "planned", "--reason", "a bug");
    expect((await at.shell.json("ship", "p")).data.blockers).toMatchObject([{ kind: "open" }]);
    await at.shell.run("wp", "force", "p/WP01", "done", "--reason", "x");
    expect((await at.shell.json("ship", "p")).code).toBe(26);
  });
});
