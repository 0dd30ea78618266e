import fs from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { approve, type Clone, clone, forceTo } from "../testing/clones.ts";

const preflight = (at: Clone, ...more: readonly string[]) => at.shell.json("preflight", "p", ...more);

/** Types the printed commands one after the other; those with a place to fill in are for people. */
const follow = async (at: Clone, steps: readonly { readonly command: string }[]): Promise<void> => {
  for (const { command } of steps) {
    if (command.includes("<")) continue;
    const ran = await at.type(command);
    expect(ran.code, `${command}: ${ran.err}${ran.out}`).toBe(0);
  }
};

const unsynced = (state: string, more: object = {}) => ({
  code: "TARGET_NOT_IN_SYNC",
  details: expect.objectContaining({
    mission: "p",
    invariant: "the local target branch stands where its upstream stands",
    target: "main",
    state,
    ...more,
  }),
});

describe("a target that is where its upstream is", () => {
  test("passes, says how old that knowledge is, and asks nobody on the network", async () => {
    const at = await clone({ changes: { clock: { now: () => Date.parse("2026-01-02T05:04:05Z") } } });
    fs.rmSync(at.origin, { recursive: true });
    const { code, envelope, data } = await preflight(at);
    expect(code).toBe(0);
    expect(envelope.error).toBeNull();
    expect(data).toMatchObject({
      mission: "p",
      ok: true,
      target: "main",
      upstream: "origin/main",
      state: "in_sync",
      ahead: 0,
      behind: 0,
      fetch: "not_asked",
      remediation: [],
      reviews: { ok: true, contradictions: [] },
    });
    expect(data).toMatchObject({ fetchedAt: "2026-01-02T03:04:05.000Z", ageSeconds: 7_200 });
    expect((await at.shell.run("preflight", "p")).out).toMatch(
      /^ok +main is where origin\/main is, as of the last fetch 2h ago\n/,
    );
  });

  test("an age that nothing tells is said to be unknown, and none is made up", async () => {
    const at = await clone();
    fs.rmSync(path.join(at.folder, ".git", "logs"), { recursive: true });
    const { code, data } = await preflight(at);
    expect(code).toBe(0);
    expect(data).toMatchObject({ fetchedAt: null, ageSeconds: null });
    expect(data.circumstances).toMatchObject([{ code: "FETCH_AGE_UNKNOWN" }]);
    expect((await at.shell.run("preflight", "p")).out).toContain("whose age nothing tells");
  });

  test("a fetch shows what was not known before", async () => {
    const at = await clone();
    at.commitThere("two", { "readme.md": "more\n" });
    expect((await preflight(at)).data.state).toBe("in_sync");
    const { code, data } = await preflight(at, "--fetch");
    expect(code).toBe(25);
    expect(data).toMatchObject({ state: "behind", behind: 1, fetch: "fetched" });
  });
});

describe("a target that is not in sync blocks", () => {
  test("a local merge onto a diverged main is stopped, with nothing pushed or asked to be", async () => {
    const at = await clone();
    at.commitThere("two", { "readme.md": "more\n" });
    at.git("fetch", "--quiet");
    at.commit("local", { "notes.txt": "mine\n" });
    const { code, envelope, data } = await preflight(at);
    expect(code).toBe(25);
    expect(envelope.error).toMatchObject(unsynced("diverged", { ahead: 1, behind: 1 }));
    expect(data).toMatchObject({ ok: false, localChanges: { owned: 0, unrelated: 1 } });
    await follow(at, data.remediation);
    expect((await preflight(at)).data.state).toBe("in_sync");
    expect(at.git("log", "--format=%s", "--all")).toContain("local");
  });

  test("ahead blocks: unrelated local commits are not pushed along", async () => {
    const at = await clone();
    at.commit("local", { "notes.txt": "mine\n" });
    const { code, envelope, data } = await preflight(at);
    expect(code).toBe(25);
    expect(envelope.error).toMatchObject(unsynced("ahead", { ahead: 1, behind: 0 }));
    expect(data.remediation.map(({ command }: { command: string }) => command).join("\n")).not.toContain(
      "push origin",
    );
    await follow(at, data.remediation);
    expect((await preflight(at)).data.state).toBe("in_sync");
    expect(at.there("log", "--format=%s", "main")).toBe("one");
  });

  test("ahead by nothing but what the mission owns is published", async () => {
    const at = await clone();
    await approve(at);
    const commit = at.commit("form", { "src/login/form.ts": "better\n" });
    const { data } = await preflight(at);
    expect(data).toMatchObject({ state: "ahead", localChanges: { owned: 1, unrelated: 0 } });
    expect(data.remediation).toMatchObject([{ command: "git push origin refs/heads/main:refs/heads/main" }]);
    await follow(at, data.remediation);
    expect((await preflight(at)).data.state).toBe("in_sync");
    expect(at.there("rev-parse", "main")).toBe(commit);
  });

  test.each(["checked out here", "not checked out", "checked out elsewhere"])(
    "behind is moved forward, %s",
    async (where) => {
      const at = await clone();
      at.commitThere("two", { "readme.md": "more\n" });
      if (where !== "checked out here") at.git("checkout", "--quiet", "-b", "other");
      const elsewhere = path.join(path.dirname(at.folder), "a tree's");
      if (where === "checked out elsewhere") at.git("worktree", "add", "--quiet", elsewhere, "main");
      at.git("fetch", "--quiet");
      const { code, envelope, data } = await preflight(at);
      expect(code).toBe(25);
      expect(envelope.error).toMatchObject(unsynced("behind", { ahead: 0, behind: 1 }));
      await follow(at, data.remediation);
      expect((await preflight(at)).data.state).toBe("in_sync");
      if (where === "checked out elsewhere")
        expect(fs.readFileSync(path.join(elsewhere, "readme.md"), "utf8")).toBe("more\n");
    },
  );

  test("changes that nobody committed come through the remediation", async () => {
    const at = await clone();
    at.commitThere("two", { "readme.md": "shop\n\n\n\n\nmore\n" });
    at.git("fetch", "--quiet");
    at.commit("local", { "notes.txt": "mine\n" });
    at.write({ "readme.md": "my shop\n", "src/login/form.ts": "unsaved\n" });
    const { data } = await preflight(at);
    expect(data.circumstances).toMatchObject([{ code: "TARGET_HAS_CHANGES", path: at.folder }]);
    const commands: readonly string[] = data.remediation.map(({ command }: { command: string }) => command);
    expect(commands[0]).toMatch(/^git branch /);
    expect(commands.slice(1)).toEqual([
      "git stash push --include-untracked",
      "git reset --keep refs/remotes/origin/main",
      "git stash pop",
    ]);
    for (const command of commands.slice(0, -1)) expect((await at.type(command)).code).toBe(0);
    expect((await preflight(at)).data.state).toBe("in_sync");
    expect(at.git("show", "stash@{0}:readme.md")).toBe("my shop");
    expect(at.git("show", "stash@{0}:src/login/form.ts")).toBe("unsaved");
  });

  test("a target without an upstream gets the one that is remembered", async () => {
    const at = await clone();
    at.git("branch", "--unset-upstream", "main");
    const { code, envelope, data } = await preflight(at);
    expect(code).toBe(25);
    expect(envelope.error).toMatchObject(unsynced("upstream_not_configured"));
    expect(data).toMatchObject({ upstream: null, ahead: null, behind: null, fetchedAt: null });
    await follow(at, data.remediation);
    expect((await preflight(at)).data.state).toBe("in_sync");
  });

  test("a target that the remote does not have is asked for, and then begun there", async () => {
    const at = await clone();
    at.git("branch", "next", "main");
    const { data } = await preflight(at, "--target", "next");
    expect(data.remediation).toMatchObject([{ command: "mled preflight p --target next --fetch" }]);
    const asked = await at.shell.json(...data.remediation[0].command.split(" ").slice(1));
    expect(asked.data).toMatchObject({ state: "upstream_not_configured", fetch: "gone_there" });
    await follow(at, asked.data.remediation);
    expect((await preflight(at, "--target", "next")).data.state).toBe("in_sync");
  });

  test("without any remote there is nothing to be in sync with", async () => {
    const at = await clone();
    at.git("remote", "remove", "origin");
    const { code, data } = await preflight(at);
    expect(code).toBe(25);
    expect(data).toMatchObject({ state: "upstream_not_configured" });
    expect(data.remediation[0].command).toBe("git remote add origin <url>");
    at.git("remote", "add", "origin", at.origin);
    await follow(at, data.remediation);
    expect((await preflight(at)).data.state).toBe("in_sync");
  });

  test("an upstream that was deleted there is told from one that was never fetched", async () => {
    const at = await clone();
    at.git("checkout", "--quiet", "-b", "next");
    at.git("push", "--quiet", "--set-upstream", "origin", "next");
    at.git("update-ref", "-d", "refs/remotes/origin/next");
    const unfetched = await preflight(at, "--target", "next");
    expect(unfetched.code).toBe(25);
    expect(unfetched.data).toMatchObject({ state: "upstream_missing", fetch: "not_asked" });
    expect((await at.type(unfetched.data.remediation[0].command)).code).toBe(0);
    expect((await preflight(at, "--target", "next")).data.state).toBe("in_sync");
    at.there("update-ref", "-d", "refs/heads/next");
    const gone = await preflight(at, "--target", "next", "--fetch");
    expect(gone.data).toMatchObject({ state: "upstream_missing", fetch: "gone_there" });
    await follow(at, gone.data.remediation);
    expect((await preflight(at, "--target", "next", "--fetch")).data.state).toBe("in_sync");
  });

  test("a local branch that is missing is made from what is remembered", async () => {
    const at = await clone();
    at.git("checkout", "--quiet", "-b", "other");
    at.git("branch", "--quiet", "-D", "main");
    const { code, envelope, data } = await preflight(at);
    expect(code).toBe(25);
    expect(envelope.error).toMatchObject(unsynced("local_missing"));
    await follow(at, data.remediation);
    expect((await preflight(at)).data.state).toBe("in_sync");
  });

  test("a mistyped target is missing, and the way to name another is printed", async () => {
    const at = await clone();
    const { code, data } = await preflight(at, "--target", "mian", "--fetch");
    expect(code).toBe(25);
    expect(data).toMatchObject({ state: "local_missing", fetch: "gone_there" });
    expect(data.remediation).toMatchObject([{ command: "mled mission set p --target <branch>" }]);
  });

  test("a fetch that fails blocks when it was asked for, and says what was known before", async () => {
    const at = await clone();
    fs.renameSync(at.origin, `${at.origin}.away`);
    const { code, envelope, data } = await preflight(at, "--fetch");
    expect(code).toBe(25);
    expect(envelope.error).toMatchObject(unsynced("fetch_failed"));
    expect(data).toMatchObject({ lastKnown: "in_sync", fetch: "unreachable", ahead: 0, behind: 0 });
    expect((await preflight(at)).code).toBe(0);
    fs.renameSync(`${at.origin}.away`, at.origin);
    await follow(at, data.remediation);
    expect((await preflight(at, "--fetch")).data.state).toBe("in_sync");
  });
});

describe("what is around the target", () => {
  test("in another worktree with changes, a merge under way, a sparse checkout and a detached HEAD are facts", async () => {
    const at = await clone();
    at.git("checkout", "--quiet", "-b", "other");
    at.commit("theirs", { "readme.md": "theirs\n" });
    at.git("checkout", "--quiet", "--detach");
    const elsewhere = path.join(path.dirname(at.folder), "tree");
    at.git("worktree", "add", "--quiet", elsewhere, "main");
    fs.writeFileSync(path.join(elsewhere, "readme.md"), "ours\n");
    at.git("-C", elsewhere, "commit", "--quiet", "-a", "-m", "ours");
    await at.type(`git -C ${elsewhere} merge other`);
    at.git("-C", elsewhere, "config", "core.sparseCheckout", "true");
    const { code, data } = await preflight(at);
    expect(code).toBe(25);
    expect(data.circumstances.map(({ code: one }: { code: string }) => one)).toEqual([
      "DETACHED_HEAD",
      "TARGET_IN_OTHER_WORKTREE",
      "OPERATION_UNDER_WAY",
      "SPARSE_CHECKOUT",
      "TARGET_HAS_CHANGES",
    ]);
    expect(data.remediation[0].command).toBe(`git -C ${elsewhere} merge --abort`);
    await follow(at, data.remediation);
    expect((await preflight(at)).data.state).toBe("in_sync");
  });

  test("a shallow clone is named, and its history is fetched first", async () => {
    const at = await clone();
    at.commitThere("two", { "readme.md": "2\n" });
    const folder = path.join(path.dirname(at.folder), "shallow");
    at.git("clone", "--quiet", "--depth", "1", `file://${at.origin}`, folder);
    at.commitThere("three", { "readme.md": "3\n" });
    at.git("-C", folder, "fetch", "--quiet", "--depth", "1");
    const inThere = ["--ledger", path.join(at.folder, ".git", "mission-ledger"), "--cwd", folder];
    const { data } = await at.shell.json("preflight", "p", ...inThere);
    expect(data.state).not.toBe("in_sync");
    expect(data.circumstances).toMatchObject([{ code: "SHALLOW_CLONE" }]);
    expect(data.remediation[0].command).toBe("git fetch --unshallow origin");
  });

  test("a partial clone answers, whatever it has not fetched", async () => {
    const at = await clone();
    at.commitThere("two", { "lib/big.ts": "big\n".repeat(50), "src/login/token.ts": "token\n" });
    at.commitThere("three", { "lib/big.ts": "big\n".repeat(60) });
    at.there("config", "uploadpack.allowFilter", "true");
    const folder = path.join(path.dirname(at.folder), "partial");
    const quietly = [
      "clone",
      "--quiet",
      "--filter=blob:none",
      "--no-checkout",
      `file://${at.origin}`,
      folder,
    ];
    at.there(...quietly);
    const there = (...args: readonly string[]) => at.git("-C", folder, ...args);
    there("read-tree", "HEAD");
    there("update-index", "--force-remove", "lib/big.ts");
    there(
      "update-index",
      "--add",
      "--cacheinfo",
      `100644,${there("hash-object", "-w", "/dev/null")},lib/moved.ts`,
    );
    there(
      "update-index",
      "--cacheinfo",
      `100755,${there("rev-parse", "HEAD:src/login/token.ts")},src/login/token.ts`,
    );
    there("commit", "--quiet", "-m", "local");
    const inThere = ["--ledger", path.join(at.folder, ".git", "mission-ledger"), "--cwd", folder];
    await approve(at);
    const { code, data } = await at.shell.json("preflight", "p", ...inThere);
    expect(code).toBe(25);
    expect(data).toMatchObject({ state: "ahead", ahead: 1 });
    const focused = await at.shell.json("focus", "p", "--apply", ...inThere);
    expect(focused.envelope.error).toBeNull();
    expect(focused.data).toMatchObject({
      outcome: "created",
      paths: [{ path: "src/login/token.ts" }],
      crossings: null,
    });
  });

  test("an upstream that is a branch of this repository is said to be one", async () => {
    const at = await clone();
    at.git("branch", "--quiet", "--track", "next", "main");
    const { code, data } = await preflight(at, "--target", "next");
    expect(code).toBe(0);
    expect(data).toMatchObject({ upstream: "main", fetchedAt: null });
    expect(data.circumstances).toMatchObject([{ code: "UPSTREAM_IS_LOCAL" }]);
  });

  test("names with quotes and spaces come back whole from the printed commands", async () => {
    const at = await clone({ name: "it's $(touch here)" });
    at.git("push", "--quiet", "origin", "main:refs/heads/rel'1&2");
    at.git("fetch", "--quiet");
    at.git("branch", "--track", "rel'1&2", "origin/rel'1&2");
    at.commitThere("two", { "readme.md": "2\n" }, "rel'1&2");
    at.git("fetch", "--quiet");
    const { data } = await preflight(at, "--target", "rel'1&2");
    expect(data.state).toBe("behind");
    await follow(at, data.remediation);
    expect((await preflight(at, "--target", "rel'1&2")).data.state).toBe("in_sync");
  });
});

describe("the preflight as a whole", () => {
  test("a rejected review blocks with a code of its own, and is told beside a target that is not in sync", async () => {
    const at = await clone();
    await forceTo(at, "approved");
    const alone = await preflight(at);
    expect(alone.code).toBe(26);
    expect(alone.envelope.error).toMatchObject({
      code: "REVIEW_CONTRADICTED",
      details: { mission: "p", workPackageId: "WP01" },
    });
    at.commit("local", { "notes.txt": "mine\n" });
    const both = await preflight(at);
    expect(both.code).toBe(25);
    expect(both.data.reviews).toMatchObject({ ok: false, contradictions: [{ workPackageId: "WP01" }] });
  });

  test("without a target, without git and without the mission it says what is missing", async () => {
    const at = await clone();
    await at.shell.run("mission", "set", "p", "--clear-target");
    const untold = await preflight(at);
    expect(untold.code).toBe(4);
    expect(untold.envelope.error).toMatchObject({ code: "INPUT_REQUIRED", details: { mission: "p" } });
    expect((await at.shell.json("preflight", "q")).code).toBe(3);
    const bare = await at.shell.json(
      "preflight",
      "p",
      "--target",
      "main",
      "--ledger",
      path.join(at.folder, ".git", "mission-ledger"),
      "--cwd",
      path.dirname(at.folder),
    );
    expect(bare.envelope.error).toMatchObject({ code: "GIT_NO_REPOSITORY" });
  });

  test("it writes nothing: refs, index and status stay byte for byte", async () => {
    const at = await clone();
    at.commit("local", { "notes.txt": "mine\n" });
    at.write({ "readme.md": "changed\n" });
    const seen = () =>
      [
        at.git("for-each-ref"),
        at.git("status", "--porcelain=v2"),
        fs.readFileSync(path.join(at.folder, ".git", "index")).toString("base64"),
      ].join("\n");
    const before = seen();
    await preflight(at);
    expect(seen()).toBe(before);
  });
});
