import fs from "node:fs";
import path from "node:path";
import { sha256Hex } from "@mission-ledger/core";
import { type PromptOnRecord, prompts } from "@mission-ledger/core/mission";
import { describe, expect, test } from "vitest";
import { openLedger } from "../library/open-ledger.ts";
import { runLedger } from "../run/run-ledger.ts";
import { gitAt } from "../testing/git.ts";
import { type ReviewSession, reviewSession } from "../testing/review-session.ts";

interface Difference {
  readonly field: string;
  readonly reason: string;
  readonly recorded: unknown;
  readonly found: unknown;
}

const issue = async (shell: ReviewSession, ref = "passkeys/WP01") => {
  const { data, envelope } = await shell.json("review", "prompt", ref, "--base", "main");
  expect(envelope.error).toBeNull();
  return data as {
    readonly file: string;
    readonly promptId: string;
    readonly head: string;
    readonly subject: string;
  };
};

/** Checks a file and answers what differs; a check that ends in any other way fails the test. */
const differencesOf = async (
  shell: ReviewSession,
  file: string,
  ...more: readonly string[]
): Promise<readonly Difference[]> => {
  const { code, envelope } = await shell.json("review", "check", file, ...more);
  expect(envelope.error, "it passed").not.toBeNull();
  expect([code, envelope.error?.code]).toEqual([27, "PROMPT_MISMATCH"]);
  expect(envelope.error?.hint).toContain("mled review prompt");
  const { differs } = (envelope.error?.details ?? {}) as { readonly differs: readonly Difference[] };
  for (const { recorded, found } of differs) expect(recorded).not.toEqual(found);
  return differs;
};

const fieldsOf = async (...asked: Parameters<typeof differencesOf>): Promise<readonly string[]> =>
  (await differencesOf(...asked)).map(({ field, reason }) => `${field} ${reason}`);

const rewrite = (file: string, change: (text: string) => string): void =>
  fs.writeFileSync(file, change(fs.readFileSync(file, "utf8")));

/** Another package of the same mission that is up for review as well. */
const second = async (shell: ReviewSession, id = "WP02"): Promise<void> => {
  await shell.run("wp", "add", "passkeys", "Other", "--id", id, "--owns", "lib/**", "--subtask", "T1 x");
  await shell.handOver(`passkeys/${id}`, shell.commit({ [`lib/${id}.ts`]: "x\n" }));
};

describe("a prompt's content", () => {
  test("is checked when it is opened for a review, not only right after writing", async () => {
    const shell = await reviewSession();
    const { file } = await issue(shell);
    expect(await shell.run("review", "check", file)).toMatchObject({ code: 0 });
    rewrite(file, (text) => text.replace("Login form", "Logout form"));
    for (const argv of [
      ["review", "check", file],
      ["review", "start", "passkeys/WP01", "--as", "bob", "--prompt", file],
    ])
      expect(await shell.json(...argv)).toMatchObject({
        code: 27,
        data: null,
        envelope: {
          error: {
            code: "PROMPT_MISMATCH",
            outcome: "not_written",
            details: {
              mission: "passkeys",
              workPackageId: "WP01",
              differs: [{ field: "sha256", reason: "content" }],
            },
          },
        },
      });
    expect((await shell.json("wp", "show", "passkeys/WP01")).data.lane).toBe("for_review");
  });

  test("edited in one byte anywhere, cut short or made longer is found by its hash", async () => {
    const shell = await reviewSession();
    const { file } = await issue(shell);
    const bytes = fs.readFileSync(file);
    const begin = bytes.indexOf("# Review");
    const edits = [begin, begin + 100, bytes.length - 1].map((at) => {
      const edited = Buffer.from(bytes);
      edited[at] = (edited[at] as number) ^ 1;
      return edited;
    });
    for (const edited of [...edits, bytes.subarray(0, -1), Buffer.concat([bytes, Buffer.from("\n")])]) {
      fs.writeFileSync(file, edited);
      expect(await fieldsOf(shell, file)).toEqual(["sha256 content"]);
    }
    fs.writeFileSync(file, bytes);
    expect(await shell.run("review", "check", file)).toMatchObject({ code: 0 });
  });

  test("swapped under a valid head is found: the hash is of every byte", async () => {
    const shell = await reviewSession();
    await second(shell);
    const [one, two] = [await issue(shell), await issue(shell, "passkeys/WP02")];
    const partsOf = (file: string): readonly string[] => fs.readFileSync(file, "utf8").split("\n---\n");
    const [[headOne], [, bodyTwo]] = [partsOf(one.file), partsOf(two.file)];
    fs.writeFileSync(one.file, `${headOne}\n---\n${bodyTwo}`);
    expect(await fieldsOf(shell, one.file)).toEqual(["sha256 content"]);
  });

  test.each([
    ["cycle", '"cycle": 1', '"cycle": 2', "cycle identity"],
    ["branch", '"branch": "lane-a"', '"branch": "main"', "branch identity"],
    ["repository path", '"path": "/', '"path": "/elsewhere/', "repository.path identity"],
    ["subject", /"subject": "../, '"subject": "zz', "subject identity"],
    ["missionId", '"missionId": "', '"missionId": "x', "missionId foreign"],
  ] as const)("says another %s than the record: both are named", async (_, from, to, expected) => {
    const shell = await reviewSession();
    const { file } = await issue(shell);
    rewrite(file, (text) => text.replace(from, to));
    const fields = await fieldsOf(shell, file);
    expect(fields).toContain(expected);
    expect(fields).toContain("sha256 content");
  });

  test.each([
    ["nothing", ""],
    ["no head", "# Review passkeys/WP01\n"],
    ["a head without an end", '---\n{"schema":'],
    ["a head that is no JSON", "---\nschema: mission-ledger/review-prompt/v1\n---\n"],
    ["a head of another schema", '---\n{"schema":"mission-ledger/review-prompt/v2"}\n---\n'],
    ["a list", "---\n[]\n---\n"],
    ["no text", Buffer.from([0x2d, 0x2d, 0x2d, 0x0a, 0xff])],
    ["too much", Buffer.alloc(1_048_577, "a")],
  ])("that is %s is no prompt", async (_, content) => {
    const shell = await reviewSession();
    const { file } = await issue(shell);
    fs.writeFileSync(file, content);
    expect(await fieldsOf(shell, file)).toEqual(["file file"]);
  });

  test("with more in its head than belongs there is no prompt", async () => {
    const shell = await reviewSession();
    const { file } = await issue(shell);
    rewrite(file, (text) => text.replace('"cycle": 1', '"cycle": 1,\n  "note": "trust me"'));
    expect(await fieldsOf(shell, file)).toEqual(["file file"]);
  });
});

describe("a prompt's file", () => {
  test("is read nowhere but where it was written, also as a copy that is the same in every byte", async () => {
    const shell = await reviewSession();
    const { file } = await issue(shell);
    const copies = [
      path.join(shell.top, "copy.md"),
      path.join(path.dirname(file), "3f0b8a52-93f5-4f2c-a5a0-1d5f3e0c9a11.md"),
      path.join(path.dirname(path.dirname(file)), "WP02", path.basename(file)),
    ];
    for (const copy of copies) {
      fs.mkdirSync(path.dirname(copy), { recursive: true, mode: 0o700 });
      fs.copyFileSync(file, copy, fs.constants.COPYFILE_EXCL);
      expect(await fieldsOf(shell, copy)).toEqual(["path file"]);
    }
    expect(await shell.run("review", "check", file)).toMatchObject({ code: 0 });
    // A way there that leads through a link to the ledger is a way there.
    fs.symlinkSync(path.join(shell.top, ".git"), path.join(shell.directory, "way"));
    const way = path.join(shell.directory, "way", path.relative(path.join(shell.top, ".git"), file));
    expect(await shell.run("review", "check", way)).toMatchObject({ code: 0 });
  });

  test("that changed places with another prompt is found", async () => {
    const shell = await reviewSession();
    await second(shell);
    const [one, two] = [await issue(shell), await issue(shell, "passkeys/WP02")];
    const [bytesOne, bytesTwo] = [fs.readFileSync(one.file), fs.readFileSync(two.file)];
    fs.writeFileSync(one.file, bytesTwo);
    fs.writeFileSync(two.file, bytesOne);
    expect(await fieldsOf(shell, one.file)).toEqual(["path file"]);
    expect(await fieldsOf(shell, two.file)).toEqual(["path file"]);
  });

  test("that is a planted symbolic link, hard link, folder or FIFO is not read", async () => {
    const shell = await reviewSession();
    const { file } = await issue(shell);
    const moved = path.join(shell.directory, "moved.md");
    fs.renameSync(file, moved);
    const found = async (): Promise<unknown> => (await differencesOf(shell, file))[0]?.found;
    expect(await found()).toBe("missing");
    fs.symlinkSync(moved, file);
    expect(await found()).toMatch(/symbolic link/);
    fs.rmSync(file);
    fs.linkSync(moved, file);
    expect(await found()).toMatch(/second name/);
    fs.rmSync(file);
    fs.mkdirSync(file);
    expect(await found()).toMatch(/./);
    fs.rmdirSync(file);
    gitAt(shell.top)("-c", `alias.fifo=!mkfifo '${file}'`, "fifo");
    expect(await found()).toMatch(/not a regular file/);
    fs.rmSync(file);
    fs.renameSync(moved, file);
    expect(await shell.run("review", "check", file)).toMatchObject({ code: 0 });
  });

  test("that others can write, or a folder of it, is not used", async () => {
    const shell = await reviewSession();
    const { file } = await issue(shell);
    const above = [
      file,
      path.dirname(file),
      path.dirname(path.dirname(file)),
      path.resolve(file, "../../.."),
    ];
    for (const open of above) {
      const { mode } = fs.statSync(open);
      for (const bit of [0o020, 0o002]) {
        fs.chmodSync(open, mode | bit);
        expect((await differencesOf(shell, file))[0]?.found).toMatch(/can be written by others/);
      }
      fs.chmodSync(open, mode);
    }
    expect(await shell.run("review", "check", file)).toMatchObject({ code: 0 });
  });

  test("is not looked for behind a folder that became a link", async () => {
    const shell = await reviewSession();
    const { file } = await issue(shell);
    const folder = path.dirname(file);
    const elsewhere = path.join(shell.directory, "elsewhere");
    fs.renameSync(folder, elsewhere);
    fs.symlinkSync(elsewhere, folder);
    expect(await fieldsOf(shell, file)).toEqual(["path file"]);
    const asked = await shell.json("review", "prompt", "passkeys/WP01", "--base", "main");
    expect(asked).toMatchObject({
      code: 7,
      envelope: { error: { code: "UNSAFE_FILE", outcome: "not_written" } },
    });
    expect(fs.readdirSync(elsewhere)).toHaveLength(1);
  });
});

describe("a prompt of another request", () => {
  test("that is named by WP01 only does not show another mission's work", async () => {
    const shell = await reviewSession();
    await shell.run("mission", "create", "billing", "Billing");
    await shell.run(
      "wp",
      "add",
      "billing",
      "Invoices",
      "--id",
      "WP01",
      "--owns",
      "src/**",
      "--subtask",
      "T1 x",
    );
    await shell.handOver("billing/WP01", shell.git("rev-parse", "lane-a"));
    const [one, two] = [await issue(shell, "passkeys/WP01"), await issue(shell, "billing/WP01")];
    expect(one.file).not.toBe(two.file);
    expect(await fieldsOf(shell, one.file, "--for", "billing/WP01")).toEqual(["mission foreign"]);
    const started = ["review", "start", "billing/WP01", "--as", "bob", "--prompt"] as const;
    expect(await shell.json(...started, one.file)).toMatchObject({ code: 27 });
    expect(await shell.json(...started, two.file)).toMatchObject({ code: 0 });
  });

  test("of another package is refused, under its own name and under this one's", async () => {
    const shell = await reviewSession();
    await second(shell);
    const [one, two] = [await issue(shell), await issue(shell, "passkeys/WP02")];
    expect(await fieldsOf(shell, two.file, "--for", "passkeys/WP01")).toEqual(["workPackage foreign"]);
    // The other package's id in this one's place: no event of it.
    const planted = path.join(path.dirname(one.file), path.basename(two.file));
    fs.writeFileSync(
      planted,
      fs.readFileSync(two.file, "utf8").replaceAll('"workPackageId": "WP02"', '"workPackageId": "WP01"'),
      { mode: 0o600 },
    );
    const fields = await fieldsOf(shell, planted);
    expect(fields).toContain("workPackage identity");
    expect(fields).toContain("sha256 content");
  });

  test("of an earlier cycle is refused when it is replayed, at the check and at the verdict", async () => {
    const shell = await reviewSession();
    const earlier = await issue(shell);
    const by = ["--as", "bob", "--prompt", earlier.file] as const;
    await shell.run("review", "start", "passkeys/WP01", ...by);
    const rejected = ["review", "submit", "passkeys/WP01", "--verdict", "changes_requested", ...by] as const;
    expect(await shell.run(...rejected, "--notes", "again")).toMatchObject({ code: 0 });
    expect(await fieldsOf(shell, earlier.file)).toEqual(["lane not_under_review"]);
    await shell.handOver("passkeys/WP01", shell.commit({ "src/login.ts": "export const login = 2;\n" }));
    await shell.run("review", "start", "passkeys/WP01", "--as", "bob");
    expect(await fieldsOf(shell, earlier.file)).toEqual([
      "head moved",
      "cycle not_under_review",
      "subject not_under_review",
    ]);
    expect(
      await shell.json("review", "submit", "passkeys/WP01", "--verdict", "approved", ...by),
    ).toMatchObject({ code: 27 });
    expect((await shell.json("wp", "show", "passkeys/WP01")).data.lane).toBe("in_review");
  });

  test("of a ledger that has no such event is refused, however well it is made", async () => {
    const shell = await reviewSession();
    const { file, promptId } = await issue(shell);
    const forged = "3f0b8a52-93f5-4f2c-a5a0-1d5f3e0c9a11";
    const planted = path.join(path.dirname(file), `${forged}.md`);
    fs.writeFileSync(planted, fs.readFileSync(file, "utf8").replaceAll(promptId, forged), { mode: 0o600 });
    expect(await fieldsOf(shell, planted)).toEqual(["promptId not_issued"]);

    // Nor is a remembered view believed, which whoever writes into the cache could have made.
    const ledger = await openLedger({ cwd: shell.top, actor: "ada" });
    const passkeys = ledger.engine.mission("passkeys");
    const seen = await passkeys.view(prompts);
    const [real] = seen.view as [PromptOnRecord];
    const sha256 = sha256Hex(fs.readFileSync(planted));
    const view = [...seen.view, { ...real, prompt: { ...real.prompt, promptId: forged, sha256 } }];
    await passkeys.remember(prompts, { ...seen, view });
    expect((await passkeys.view(prompts)).view).toHaveLength(2);
    await ledger.close();
    expect(await fieldsOf(shell, planted)).toEqual(["promptId not_issued"]);
  });
});

describe("the ground a prompt is about", () => {
  test("has moved: the branch, the head and a worktree that went on are told apart from a wrong repository", async () => {
    const shell = await reviewSession();
    const { file, head } = await issue(shell);
    const now = shell.commit({ "src/login.ts": "more\n" });
    expect(await differencesOf(shell, file)).toEqual([
      { field: "head", reason: "moved", recorded: head, found: now },
    ]);
    shell.git("reset", "--quiet", "--hard", head);
    shell.git("switch", "--quiet", "--create", "same-commit");
    expect(await fieldsOf(shell, file)).toEqual(["branch moved"]);
    shell.git("switch", "--quiet", "lane-a");
    expect(await shell.run("review", "check", file)).toMatchObject({ code: 0 });
  });

  test("lost its commits: a base that the repository does not have any more is told", async () => {
    const shell = await reviewSession();
    const { file } = await issue(shell);
    const base = shell.git("rev-parse", "main");
    shell.git("update-ref", "-d", "refs/heads/main");
    expect(await shell.run("review", "check", file)).toMatchObject({ code: 0 });
    fs.rmSync(path.join(shell.top, ".git/objects", base.slice(0, 2), base.slice(2)));
    expect(await differencesOf(shell, file)).toEqual([
      { field: "base", reason: "commit_missing", recorded: base, found: null },
    ]);
  });

  test("is gone: a worktree that was removed, or that is another repository's by now, is refused", async () => {
    const shell = await reviewSession();
    const linked = path.join(path.dirname(shell.top), "linked");
    shell.git("switch", "--quiet", "main");
    shell.git("worktree", "add", "--quiet", linked, "lane-a");
    const asked = ["review", "prompt", "passkeys/WP01", "--base", "main", "--worktree", linked] as const;
    const { file } = (await shell.json(...asked)).data;
    expect(await shell.run("review", "check", file)).toMatchObject({ code: 0 });
    fs.renameSync(linked, `${linked}-moved`);
    expect(await fieldsOf(shell, file)).toContain("worktree foreign");
    fs.mkdirSync(linked);
    shell.git("clone", "--quiet", "--branch", "lane-a", shell.top, linked);
    expect(await fieldsOf(shell, file)).toEqual(["worktree.repository foreign"]);
  });

  test("is not what the environment of a hook says: its own repository asks, and the prompt's worktree is looked at", async () => {
    const shell = await reviewSession();
    const { file } = await issue(shell);
    const other = await reviewSession();
    const ledger = path.join(shell.top, ".git/mission-ledger");
    const within = async (top: string): Promise<number> => {
      const env = { ...shell.io().env, GIT_DIR: path.join(top, ".git"), GIT_WORK_TREE: top };
      return runLedger(["review", "check", file, "--ledger", ledger], shell.io({ env }));
    };
    expect([await within(shell.top), await within(other.top)]).toEqual([0, 27]);
  });

  test("is not the repository that asks: a check from elsewhere is refused", async () => {
    const shell = await reviewSession();
    const { file } = await issue(shell);
    const ledger = path.join(shell.top, ".git/mission-ledger");
    const other = await reviewSession();
    expect(await fieldsOf(other, file, "--ledger", ledger)).toEqual(["repository foreign"]);
    const [difference] = await differencesOf(
      { ...shell, json: shell.json },
      file,
      "-C",
      shell.directory,
      "--ledger",
      ledger,
    );
    expect(difference).toMatchObject({ field: "repository", found: null });
  });
});
