import { describe, expect, test } from "vitest";
import { approve, type Clone, clone, forceTo } from "../testing/clones.ts";
import { makeSpecKittyMission, reviewName, writeReview } from "../testing/spec-kitty-mission.ts";

const ship = ({ shell }: Clone, ...more: readonly string[]) => shell.json("ship", "p", ...more);

/** Done, reviewed, with its commit on main here and there. */
const ready = async (): Promise<Clone> => {
  const at = await clone();
  const commit = at.commit("login", { "src/login/form.ts": "better form\n" });
  await finish(at, commit);
  at.git("push", "--quiet", "origin", "main");
  return at;
};

const finish = async ({ shell }: Clone, commit: string, id = "WP01"): Promise<void> => {
  const ref = `p/${id}`;
  for (const line of [
    ["wp", "claim", ref, "--as", "ada"],
    ["wp", "move", ref, "in_progress", "--as", "ada"],
    ["wp", "move", ref, "for_review", "--as", "ada", "--evidence", `commit=${commit.slice(0, 12)}`],
    ["review", "start", ref, "--as", "bob"],
    ["review", "submit", ref, "--as", "bob", "--verdict", "approved", "--to", "done"],
  ]) {
    const { code, err } = await shell.run(...line);
    if (code !== 0) throw new Error(`${line.join(" ")}: ${err}`);
  }
};

const eventsOf = async ({ shell }: Clone): Promise<readonly string[]> =>
  (await shell.json("log", "p")).data.events.map(({ type }: { type: string }) => type);

describe("ship", () => {
  test("records the commit of the target, with proof, and says what it looked at", async () => {
    const at = await ready();
    const { code, data } = await ship(at);
    expect(code).toBe(0);
    expect(data).toMatchObject({
      mission: "p",
      target: "main",
      commit: at.git("rev-parse", "main"),
      ok: true,
      blockers: [],
      shipped: true,
      readback: "verified",
      commits: [{ workPackageId: "WP01", onTarget: true }],
    });
    expect(data.preflight).toMatchObject({ upstreamRef: "refs/remotes/origin/main", state: "in_sync" });
    expect((await eventsOf(at)).at(-1)).toBe("MissionShipped");
    const shipped = { targetBranch: "main", commit: at.git("rev-parse", "origin/main") };
    expect((await at.shell.json("mission", "show", "p")).data.shipped).toMatchObject(shipped);
  });

  test("is told where the mission is shown, and whether that still holds", async () => {
    const at = await ready();
    expect((await at.shell.run("mission", "show", "p")).out).not.toContain("shipped");
    await ship(at);
    const shipped = `shipped to main at ${at.git("rev-parse", "main").slice(0, 12)}`;
    expect((await at.shell.run("mission", "show", "p")).out).toContain(`${shipped}\n`);
    expect((await at.shell.run("mission", "list")).out).toContain("(shipped)");
    await at.shell.run("wp", "add", "p", "Another");
    expect((await at.shell.run("mission", "show", "p")).out).toContain(
      `${shipped}; packages were added or moved since`,
    );
  });

  test("a focused branch that was merged ships the work that it was made of, under its other ids", async () => {
    const at = await clone();
    at.commit("mine", { "notes.txt": "mine\n" });
    const commit = at.commit("login", { "src/login/form.ts": "better form\n", "lib/mixed.ts": "x\n" });
    await finish(at, commit);
    const blocked = await ship(at);
    expect(blocked.code).toBe(25);
    for (const { command } of blocked.data.preflight.remediation)
      expect((await at.type(command)).code).toBe(0);
    expect((await ship(at)).envelope.error).toMatchObject({ code: "GUARD_FAILED" });
    at.git("push", "--quiet", "origin", "focus/p-to-main:main");
    at.git("pull", "--quiet", "--ff-only");
    const { code, data } = await ship(at);
    expect(code).toBe(0);
    expect(data).toMatchObject({ shipped: true, commits: [{ commit, onTarget: true, by: "content" }] });
  });

  test("work that names no commit is looked for by the branch it was done on", async () => {
    const at = await clone();
    at.git("checkout", "--quiet", "-b", "lane-a");
    await approve(at);
    await at.shell.run("wp", "move", "p/WP01", "done", "--as", "bob");
    at.commit("login", { "src/login/form.ts": "better form\n" });
    const { envelope } = await ship(at);
    expect(envelope.error).toMatchObject({
      code: "GUARD_FAILED",
      details: { workPackageId: "WP01", blockers: [{ kind: "commit" }] },
    });
    expect((await eventsOf(at)).at(-1)).not.toBe("MissionShipped");
    at.git("push", "--quiet", "origin", "lane-a:main");
    at.git("branch", "--force", "main", "origin/main");
    expect(await ship(at)).toMatchObject({
      code: 0,
      data: { unnamed: [{ branch: "lane-a", onTarget: true }] },
    });
  });

  test("work that nothing shows on the target is told as such", async () => {
    const at = await clone();
    await approve(at);
    await at.shell.run("wp", "move", "p/WP01", "done", "--as", "bob");
    const { code, out } = await at.shell.run("ship", "p");
    expect(code).toBe(0);
    expect(out).toContain("nothing shows that the work of WP01 is on main");
    expect(out).not.toContain("named as evidence");
  });

  test("a commit that a shallow clone lacks is asked for where it may be", async () => {
    const at = await clone();
    await finish(at, "ab".repeat(20));
    expect((await ship(at)).data.blockers).toMatchObject([{ kind: "commit", command: "git fetch --all" }]);
    at.commitThere("two", { "notes.txt": "n\n" });
    at.git("fetch", "--quiet", "--depth=1");
    at.git("reset", "--quiet", "--hard", "origin/main");
    expect((await ship(at)).data.blockers).toMatchObject([{ command: "git fetch --unshallow" }]);
  });

  test("work that was taken back on the target is not shipped, and is once it is there again", async () => {
    const at = await ready();
    at.git("revert", "--no-edit", "HEAD");
    at.git("push", "--quiet", "origin", "main");
    const { envelope } = await ship(at);
    expect(envelope.error).toMatchObject({
      code: "GUARD_FAILED",
      message: expect.stringContaining("was taken back"),
      details: { workPackageId: "WP01" },
    });
    at.commit("again, and more", { "src/login/form.ts": "best form\n" });
    at.git("push", "--quiet", "origin", "main");
    expect(await ship(at)).toMatchObject({ code: 0, data: { shipped: true, takenBack: [] } });
  });

  test("asked again does nothing, also when others have gone on; a reopened mission is shipped again", async () => {
    const at = await ready();
    const text = await at.shell.run("ship", "p");
    expect(text.out).toContain("shipped p to main at");
    expect((await ship(at)).data).toMatchObject({ eventIds: [], shipped: true });
    at.commit("unrelated", { "notes.txt": "n\n" });
    at.git("push", "--quiet", "origin", "main");
    expect((await ship(at)).data.eventIds).toEqual([]);
    expect((await at.shell.run("ship", "p")).out).toContain("nothing has changed since");

    expect((await at.shell.run("wp", "force", "p/WP01", "planned", "--reason", "a bug")).code).toBe(0);
    expect((await ship(at)).code).toBe(6);
    const commit = at.commit("mended", { "src/login/form.ts": "best form\n" });
    await finish(at, commit);
    at.git("push", "--quiet", "origin", "main");
    expect((await ship(at)).data.eventIds).toHaveLength(1);
    expect((await eventsOf(at)).filter((type) => type === "MissionShipped")).toHaveLength(2);
  });

  test("a dry run says what would be written, or what blocks, and writes nothing", async () => {
    const at = await ready();
    const before = await eventsOf(at);
    expect((await ship(at, "--dry-run")).data).toMatchObject({
      ok: true,
      shipped: false,
      dryRun: true,
      events: ["MissionShipped"],
    });
    at.commit("local", { "notes.txt": "n\n" });
    const { code, data } = await ship(at, "--dry-run");
    expect(code).toBe(25);
    expect(data).toMatchObject({ ok: false, shipped: false, blockers: [{ kind: "target" }] });
    expect(await eventsOf(at)).toEqual(before);
  });
});

describe("ship is blocked before anything is written", () => {
  const blocked = async (at: Clone, code: number, kind: string, ...more: readonly string[]) => {
    const before = await eventsOf(at);
    const ran = await ship(at, ...more);
    expect(ran.code).toBe(code);
    expect(ran.data).toMatchObject({ ok: false, shipped: false });
    expect(ran.data.blockers[0].kind).toBe(kind);
    expect(ran.envelope.error).toMatchObject({ details: { mission: "p", invariant: expect.any(String) } });
    expect(await eventsOf(at)).toEqual(before);
    return ran;
  };

  test("by a target that is not where its upstream is, before anything else", async () => {
    const at = await clone();
    at.commit("local", { "notes.txt": "n\n" });
    const { data } = await blocked(at, 25, "target");
    expect(data.blockers.map(({ kind }: { kind: string }) => kind)).toEqual(["target", "open"]);
  });

  test("by a package that is not done, with the step that is missing", async () => {
    const at = await clone();
    await approve(at);
    const { data } = await blocked(at, 6, "open");
    expect((await at.type(data.blockers[0].command)).code).toBe(0);
    expect((await ship(at)).code).toBe(0);
  });

  test("by a review that contradicts what is done, until somebody answers for it", async () => {
    const at = await clone();
    await forceTo(at, "done");
    const { data, envelope } = await blocked(at, 26, "review");
    expect(envelope.error).toMatchObject({ code: "REVIEW_CONTRADICTED", details: { workPackageId: "WP01" } });
    expect((await at.type(data.blockers[0].command)).code).toBe(0);
    const answered = "1 contradiction, answered for";
    expect((await at.shell.run("preflight", "p")).out).toContain(answered);
    expect((await at.shell.run("ship", "p")).out).toContain(`1 package done; ${answered}`);
  });

  test("by a commit that a done package names and the target does not have", async () => {
    const at = await clone();
    at.git("checkout", "--quiet", "-b", "topic");
    const commit = at.commit("login", { "src/login/form.ts": "better form\n" });
    await finish(at, commit);
    const { data } = await blocked(at, 6, "commit");
    expect(data.blockers[0].message).toContain("not on main");
    at.git("checkout", "--quiet", "main");
    at.git("merge", "--quiet", "--no-ff", "-m", "merge", "topic");
    at.git("push", "--quiet", "origin", "main");
    expect((await ship(at)).data).toMatchObject({ shipped: true, commits: [{ commit, onTarget: true }] });
  });

  test("by a squash that lacks a part of what a package without owned paths changed", async () => {
    const at = await clone();
    await at.shell.run("wp", "move", "p/WP01", "canceled", "--reason", "another way");
    await at.shell.run("wp", "add", "p", "Everything", "--id", "WP02");
    at.git("checkout", "--quiet", "-b", "topic");
    const commit = at.commit("all", { "src/login/form.ts": "better form\n", "notes.txt": "n\n" });
    await finish(at, commit, "WP02");
    at.git("checkout", "--quiet", "main");
    at.commit("part", { "src/login/form.ts": "better form\n" });
    at.git("push", "--quiet", "origin", "main");
    await blocked(at, 6, "commit");
    at.commit("rest", { "notes.txt": "n\n" });
    at.git("push", "--quiet", "origin", "main");
    expect((await ship(at)).data).toMatchObject({ shipped: true, commits: [{ by: "content" }] });
  });

  test("by a commit that is nowhere here, even where a branch is called like it", async () => {
    const at = await clone();
    await finish(at, "abcdef1");
    const { data } = await blocked(at, 6, "commit");
    expect(data.blockers[0].message).toContain("not in this repository");
    at.git("branch", "abcdef1", "main");
    await blocked(at, 6, "commit");
  });

  test("where every package is canceled", async () => {
    const at = await clone();
    await at.shell.run("wp", "move", "p/WP01", "canceled", "--reason", "no use");
    await blocked(at, 6, "nothing_done");
  });

  test("where nobody named a target", async () => {
    const at = await clone();
    await at.shell.run("mission", "set", "p", "--clear-target");
    const { code, envelope } = await ship(at);
    expect(code).toBe(4);
    expect(envelope.error?.hint).toContain("mission set p --target main");
  });

  test("by a review file that changed after the import, if the folder is named", async () => {
    const at = await clone();
    const folder = makeSpecKittyMission(at.folder, { reviews: { [reviewName(1)]: "verdict: approved" } });
    for (const line of [
      ["import", "spec-kitty", folder],
      ["mission", "set", "raft", "--target", "main"],
    ])
      expect((await at.shell.run(...line)).code).toBe(0);
    const again = (...more: readonly string[]) => at.shell.json("ship", "raft", ...more);
    expect((await again("--dry-run")).code).toBe(0);
    writeReview(folder, reviewName(2), "verdict: rejected");
    expect((await again("--artifacts", folder)).code).toBe(26);
    writeReview(folder, reviewName(3), "verdict: approved");
    const { data } = await again("--artifacts", folder);
    expect(data.events).toEqual(["HistoricReviewRecorded", "MissionShipped"]);
  });
});
