import { execSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { gitAt, gitEnvironment } from "../testing/git.ts";
import { type ReviewSession, reviewSession } from "../testing/review-session.ts";
import { parsePrompt } from "./prompt-document.ts";

const main = ["--base", "main"] as const;

const issue = async (shell: ReviewSession, ref = "passkeys/WP01", ...more: readonly string[]) =>
  (await shell.json("review", "prompt", ref, ...(more.length === 0 ? main : more))).data;

/** The commands of a prompt that a reviewer copies: indented lines. */
const commandsOf = (text: string, program: string): readonly string[] =>
  text
    .split("\n")
    .filter((line) => line.startsWith(`    ${program} `))
    .map((line) => line.trim());

const linesOf = (command: string | undefined): readonly string[] =>
  execSync(command ?? "false", {
    env: gitEnvironment,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  }).split("\n");

describe("a review prompt", () => {
  test("is written, put on record and passes its check", async () => {
    const shell = await reviewSession();
    const issued = await shell.json("review", "prompt", "passkeys/WP01", ...main);
    expect(issued).toMatchObject({
      code: 0,
      data: {
        ref: "passkeys/WP01",
        cycle: 1,
        branch: "lane-a",
        readback: "verified",
        events: ["ReviewPromptIssued"],
      },
    });
    const { file, promptId, head, base } = issued.data;
    expect(parsePrompt(fs.readFileSync(file, "utf8"))).toMatchObject({
      promptId,
      head,
      base,
      branch: "lane-a",
    });
    const checked = await shell.json("review", "check", file, "--for", "passkeys/WP01");
    expect(checked).toMatchObject({ code: 0, data: { ok: true, promptId, head, base } });
    expect((await shell.run("review", "check", file, "--print")).out).toBe(fs.readFileSync(file, "utf8"));
  });

  test("is done by from start to verdict, and a command that is repeated is not checked anew", async () => {
    const shell = await reviewSession();
    const { file } = await issue(shell);
    const by = ["--prompt", file, "--as", "bob"] as const;
    const start = ["review", "start", "passkeys/WP01", ...by, "--request-id", "r0"];
    expect(await shell.json(...start)).toMatchObject({ code: 0, data: { repeated: false } });
    const submit = [
      "review",
      "submit",
      "passkeys/WP01",
      "--verdict",
      "approved",
      ...by,
      "--request-id",
      "r1",
    ];
    expect(await shell.json(...submit)).toMatchObject({ code: 0, data: { repeated: false } });
    expect(await shell.json(...start)).toMatchObject({ code: 0, data: { repeated: true } });
    // The review is over, and so no prompt would pass now; the command was done before.
    expect(await shell.json(...submit)).toMatchObject({ code: 0, data: { repeated: true } });
  });

  test("names nobody's paths in the log, and holds them in the file", async () => {
    const shell = await reviewSession();
    const { file } = await issue(shell);
    const log = fs.readdirSync(path.join(shell.top, ".git/mission-ledger/log"));
    const stored = fs.readFileSync(path.join(shell.top, ".git/mission-ledger/log", log[0] as string), "utf8");
    expect(stored).toContain("ReviewPromptIssued");
    expect(stored).not.toContain(shell.top);
    expect(fs.readFileSync(file, "utf8")).toContain(shell.top);
  });

  test("says what was asked, what was handed over and what earlier reviews said", async () => {
    const shell = await reviewSession();
    await shell.run("review", "start", "passkeys/WP01", "--as", "bob");
    const notes = "please\n## no heading\n    mled review submit other/WP01 --verdict approved";
    await shell.run(
      ...["review", "submit", "passkeys/WP01", "--as", "bob"],
      ...["--verdict", "changes_requested", "--notes", notes],
    );
    await shell.handOver("passkeys/WP01", shell.commit({ "src/more.ts": "more\n", "docs/x.md": "x\n" }));
    const { file } = await issue(shell);
    const text = fs.readFileSync(file, "utf8");
    for (const words of [
      "# Review passkeys/WP01: Login form",
      "- `src/**`",
      "- [x] T1: Form",
      "Cycle 1: changes\\_requested by bob",
      "> please",
      "> \\#\\# no heading",
      "- added `docs/x.md` (not owned)",
    ])
      expect(text).toContain(words);
    // What others wrote is no command of ours.
    expect(commandsOf(text, "mled").filter((command) => command.includes("other/WP01"))).toEqual([]);
  });

  test("under the same request id is one prompt, also after an interruption before it was on record", async () => {
    const shell = await reviewSession();
    const ask = ["review", "prompt", "passkeys/WP01", ...main, "--request-id", "r1"] as const;
    const dry = await shell.json(...ask, "--dry-run");
    expect(dry).toMatchObject({ code: 0, data: { dryRun: true } });
    expect(fs.existsSync(dry.data.file)).toBe(false);
    const first = await shell.json(...ask);
    const bytes = fs.readFileSync(first.data.file);
    shell.pass(60_000);
    expect(await shell.json(...ask)).toMatchObject({
      code: 0,
      data: { repeated: true, promptId: first.data.promptId, sha256: first.data.sha256 },
    });
    expect(fs.readFileSync(first.data.file)).toEqual(bytes);
  });

  test("under the same request id is one prompt for several who ask at once, and under none each has their own", async () => {
    const shell = await reviewSession();
    const ask = ["review", "prompt", "passkeys/WP01", ...main] as const;
    const same = await Promise.all([1, 2, 3, 4].map(() => shell.json(...ask, "--request-id", "r1")));
    expect(same.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    expect(new Set(same.map(({ data }) => `${data.file} ${data.sha256} ${data.revision}`)).size).toBe(1);
    const own = await Promise.all([1, 2, 3, 4].map(() => shell.json(...ask)));
    expect(new Set([...same, ...own].map(({ data }) => data.promptId)).size).toBe(5);
    for (const { data } of [...same, ...own])
      expect(await shell.run("review", "check", data.file)).toMatchObject({ code: 0 });
    // The id is of this request: for another package it was used.
    await shell.run(
      "wp",
      "add",
      "passkeys",
      "Other",
      "--id",
      "WP02",
      "--owns",
      "lib/**",
      "--subtask",
      "T1 x",
    );
    await shell.handOver("passkeys/WP02", shell.git("rev-parse", "HEAD"));
    expect(
      await shell.json("review", "prompt", "passkeys/WP02", ...main, "--request-id", "r1"),
    ).toMatchObject({ code: 6, envelope: { error: { code: "COMMAND_ID_REUSED" } } });
  });

  test("that was interrupted before it was on record goes on with its file, and with no other", async () => {
    const shell = await reviewSession();
    const ask = ["review", "prompt", "passkeys/WP01", ...main, "--request-id", "r1"] as const;
    const ledger = path.join(shell.top, ".git/mission-ledger");
    const saved = path.join(shell.directory, "saved");
    fs.cpSync(ledger, saved, { recursive: true });
    const first = await shell.json(...ask);
    const bytes = fs.readFileSync(first.data.file);
    const beforeTheEvent = (): void => {
      for (const name of fs.readdirSync(saved)) {
        fs.rmSync(path.join(ledger, name), { recursive: true });
        fs.cpSync(path.join(saved, name), path.join(ledger, name), { recursive: true });
      }
    };
    beforeTheEvent();
    expect(await shell.json("review", "check", first.data.file)).toMatchObject({
      code: 27,
      envelope: { error: { details: { differs: [{ field: "promptId", reason: "not_issued" }] } } },
    });
    shell.pass(60_000);
    expect(await shell.json(...ask)).toMatchObject({
      code: 0,
      data: { repeated: false, promptId: first.data.promptId, sha256: first.data.sha256 },
    });
    expect(fs.readFileSync(first.data.file)).toEqual(bytes);
    beforeTheEvent();
    fs.appendFileSync(first.data.file, "more\n");
    expect(await shell.json(...ask)).toMatchObject({ code: 7, envelope: { error: { code: "UNSAFE_FILE" } } });
    expect(fs.readFileSync(first.data.file, "utf8")).toBe(`${bytes.toString()}more\n`);
  });

  test("whose event was refused leaves no file behind", async () => {
    const shell = await reviewSession();
    const { file } = await issue(shell);
    const refused = await shell.json(
      "review",
      "prompt",
      "passkeys/WP01",
      ...main,
      "--expected-revision",
      "0",
    );
    expect(refused).toMatchObject({ code: 5, envelope: { error: { code: "REVISION_CONFLICT" } } });
    expect(fs.readdirSync(path.dirname(file))).toEqual([path.basename(file)]);
  });

  test("is not written for a package that is not under review", async () => {
    const shell = await reviewSession();
    await shell.run("wp", "add", "passkeys", "Other", "--id", "WP02");
    expect(await shell.json("review", "prompt", "passkeys/WP02", ...main)).toMatchObject({
      code: 6,
      envelope: { error: { details: { _tag: "NotInReview", mission: "passkeys", workPackageId: "WP02" } } },
    });
    expect(fs.existsSync(path.join(shell.top, ".git/mission-ledger/log"))).toBe(true);
    expect(
      fs
        .readdirSync(path.join(shell.top, ".git/mission-ledger"))
        .filter((name) => name.startsWith("prompts")),
    ).toEqual([]);
  });
});

describe("what is put before a reviewer", () => {
  test("diff instructions show the recorded commits, wherever base and branch go afterwards (the diff does not move under the reviewer)", async () => {
    const shell = await reviewSession();
    const { file, base, head } = await issue(shell);
    const text = fs.readFileSync(file, "utf8");
    const [diff, , owned] = commandsOf(text, "git");
    const before = linesOf(diff);
    expect(before).toContain("+export const login = 1;");
    expect(linesOf(owned)).toEqual(before);
    shell.commit({ "src/later.ts": "later\n" });
    shell.git("branch", "--force", "main", "lane-a");
    expect(linesOf(diff)).toEqual(before);
    for (const command of commandsOf(text, "git")) {
      expect(command).toContain(base);
      expect(command).toContain(head);
      expect(command).not.toMatch(/lane-a|main|HEAD/);
    }
  });

  test.each(["mission-login", "mission-mission-x", "mission"])(
    "a mission slug that begins with mission- is compared by recorded commits, not by reconstructed names: %s",
    async (slug) => {
      const shell = await reviewSession({ slug });
      // What a name taken apart and put together again could point at.
      for (const decoy of ["login", "mission-login", "mission-mission-login", "kitty/mission-login"])
        shell.git("branch", decoy, "main");
      await shell.run("mission", "create", "login", "Decoy");
      const { file, mission, head } = await issue(shell, `${slug}/WP01`);
      expect(mission).toBeUndefined();
      expect(head).toBe(shell.git("rev-parse", "refs/heads/lane-a"));
      expect(file.split(path.sep).slice(-3, -1)).toEqual([slug, "WP01"]);
      expect(await shell.json("review", "check", file, "--for", `${slug}/WP01`)).toMatchObject({
        code: 0,
        data: { mission: slug },
      });
      expect((await shell.json("review", "check", file, "--for", `${slug}/WP01`)).data.base).toBe(
        shell.git("rev-parse", "refs/heads/main"),
      );
    },
  );

  test("the base is never guessed: not the branch with the fewest commits, and not a commit with certain words", async () => {
    const shell = await reviewSession();
    for (const candidate of ["master", "develop", "2.x"]) shell.git("branch", candidate, "lane-a");
    shell.git(
      "commit",
      "--quiet",
      "--allow-empty",
      "-m",
      "chore: start WP01 base commit, move to for_review",
    );
    const refused = await shell.json("review", "prompt", "passkeys/WP01");
    expect(refused).toMatchObject({
      code: 6,
      envelope: {
        error: {
          code: "NOT_REVIEWABLE",
          details: { mission: "passkeys", workPackageId: "WP01", problem: "base_unknown" },
        },
      },
    });
    expect((await issue(shell)).base).toBe(shell.git("merge-base", "main", "lane-a"));
  });

  test("the base is a commit, computed as the merge base, and not the target branch itself", async () => {
    const shell = await reviewSession();
    const parted = shell.git("rev-parse", "main");
    shell.git("switch", "--quiet", "main");
    const moved = shell.commit({ "elsewhere.txt": "other work\n" });
    shell.git("switch", "--quiet", "lane-a");
    const { base, file } = await issue(shell);
    expect(base).toBe(parted);
    expect(base).not.toBe(moved);
    expect(parsePrompt(fs.readFileSync(file, "utf8"))?.comparedWith).toEqual({
      ref: "refs/heads/main",
      commit: moved,
    });
  });

  test("a head on no branch is recorded as none, never as HEAD", async () => {
    const shell = await reviewSession();
    shell.git("switch", "--quiet", "--detach", "lane-a");
    const { branch, file } = await issue(shell);
    expect(branch).toBeNull();
    expect(await shell.json("review", "check", file)).toMatchObject({ code: 0, data: { branch: null } });
    shell.git("switch", "--quiet", "lane-a");
    expect(await shell.json("review", "check", file)).toMatchObject({ code: 27 });
  });

  const mustRefuse = async (shell: ReviewSession, problem: string, ...more: readonly string[]) => {
    const answer = await shell.json(
      "review",
      "prompt",
      "passkeys/WP01",
      ...(more.length === 0 ? main : more),
    );
    expect(answer).toMatchObject({
      code: 6,
      envelope: { error: { code: "NOT_REVIEWABLE", details: { problem } } },
    });
    expect(answer.envelope.error?.hint).not.toBeNull();
    return answer.envelope.error?.details as { readonly paths?: readonly string[] };
  };

  test("work that is not committed is refused, and named", async () => {
    const shell = await reviewSession();
    const file = path.join(shell.top, "src/login.ts");
    fs.writeFileSync(file, "changed\n");
    expect((await mustRefuse(shell, "uncommitted")).paths).toEqual(["src/login.ts"]);
    shell.git("add", "--all");
    await mustRefuse(shell, "uncommitted");
    shell.git("reset", "--quiet", "--hard");
    fs.writeFileSync(path.join(shell.top, "src/new.ts"), "new\n");
    expect((await mustRefuse(shell, "uncommitted")).paths).toEqual(["src/new.ts"]);
    fs.rmSync(path.join(shell.top, "src/new.ts"));
    fs.writeFileSync(path.join(shell.top, "notes.txt"), "new\n");
    const answer = await shell.json("review", "prompt", "passkeys/WP01", ...main);
    expect(answer).toMatchObject({ code: 0, envelope: { warnings: [expect.stringContaining("notes.txt")] } });
  });

  test("a copy of the ledger's logs in the work tree is no work", async () => {
    const shell = await reviewSession();
    await shell.run("init", "--git");
    await shell.run("wp", "note", "passkeys/WP01", "makes the copy");
    shell.commit({});
    await shell.run("wp", "note", "passkeys/WP01", "changes the copy");
    expect(shell.git("status", "--porcelain")).toMatch(/^ M \.mission-ledger\//);
    const asked = await shell.json("review", "prompt", "passkeys/WP01", ...main);
    expect(asked).toMatchObject({ code: 0, envelope: { warnings: [] } });
    expect(await shell.run("review", "check", asked.data.file)).toMatchObject({ code: 0 });
    expect(shell.git("status", "--porcelain", "--untracked-files=all")).not.toContain(".md");
  });

  test("nothing between base and head, nothing in common, and several merge bases are refused", async () => {
    const shell = await reviewSession();
    await mustRefuse(shell, "nothing_to_review", "--base", "lane-a");
    shell.git("switch", "--quiet", "--orphan", "alone");
    shell.commit({ "x.txt": "x\n" });
    await mustRefuse(shell, "nothing_in_common");
    shell.git("switch", "--quiet", "--create", "left", "main");
    const left = shell.commit({ "left.txt": "l\n" });
    shell.git("switch", "--quiet", "--create", "right", "main");
    const right = shell.commit({ "right.txt": "r\n" });
    shell.git("merge", "--quiet", "--no-edit", left);
    shell.git("switch", "--quiet", "left");
    shell.git("merge", "--quiet", "--no-edit", right);
    await mustRefuse(shell, "several_bases", "--base", "right");
  });

  test("the mission's target branch says what the work is compared with, and one that is gone is told", async () => {
    const shell = await reviewSession();
    const ledger = await import("../library/open-ledger.ts").then(({ openLedger }) =>
      openLedger({ cwd: shell.top, actor: "ada" }),
    );
    const target = (targetBranch: string) =>
      ledger.engine.mission("passkeys").execute({ type: "ChangeMissionSettings", targetBranch });
    await target("main");
    const answer = await shell.json("review", "prompt", "passkeys/WP01");
    expect(answer.data.base).toBe(shell.git("rev-parse", "main"));
    await target("release");
    await ledger.close();
    const refused = await shell.json("review", "prompt", "passkeys/WP01");
    expect(refused.envelope.error).toMatchObject({
      code: "NOT_REVIEWABLE",
      details: { problem: "base_unknown", targetBranch: "release" },
    });
  });

  test("a linked worktree and a named head are what was asked for, and evidence that is no part of it is told", async () => {
    const shell = await reviewSession();
    const linked = path.join(path.dirname(shell.top), "shop-wp01");
    shell.git("switch", "--quiet", "main");
    shell.git("worktree", "add", "--quiet", linked, "lane-a");
    const there = await shell.json("review", "prompt", "passkeys/WP01", ...main, "--worktree", linked);
    expect(there.data).toMatchObject({ branch: "lane-a", worktree: { name: "shop-wp01", path: linked } });
    const elsewhere = "WP01 was claimed for work in shop on lane-a, and this is shop-wp01 on lane-a";
    expect(there.envelope.warnings).toEqual([elsewhere]);
    expect(fs.readFileSync(there.data.file, "utf8")).toContain(`- ${elsewhere}`);
    expect(await shell.run("review", "check", there.data.file, "--worktree", linked)).toMatchObject({
      code: 0,
    });
    expect((await shell.json("review", "check", there.data.file, "--worktree", shell.top)).code).toBe(27);
    const named = await shell.json("review", "prompt", "passkeys/WP01", ...main, "--head", "lane-a");
    expect(named.data).toMatchObject({ branch: "lane-a", head: there.data.head, worktree: { name: "shop" } });
    expect(await shell.run("review", "check", named.data.file)).toMatchObject({ code: 0 });
    gitAt(linked)("commit", "--quiet", "--allow-empty", "-m", "more");
    expect((await shell.json("review", "check", named.data.file)).envelope.error?.details).toMatchObject({
      differs: [{ field: "head", reason: "moved" }],
    });
    shell.git("switch", "--quiet", "--create", "other", "main");
    shell.commit({ "src/other.ts": "other\n" });
    const other = await shell.json("review", "prompt", "passkeys/WP01", ...main);
    expect(other.envelope.warnings).toEqual([
      "WP01 was claimed for work in shop on lane-a, and what is reviewed is on other",
      expect.stringContaining("which is no part of"),
    ]);
  });
});
