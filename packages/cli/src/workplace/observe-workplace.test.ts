import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { fakeMachine } from "../testing/fake-machine.ts";
import { gitAt, gitEnvironment } from "../testing/git.ts";
import { observeWorkplace } from "./observe-workplace.ts";
import { hostId, placeName } from "./places.ts";

const machine = fakeMachine();

const scratch = (): string => {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), "workplace-")));
  onTestFinished(() => fs.rmSync(folder, { recursive: true, force: true }));
  return folder;
};

const env = gitEnvironment;

const git = (cwd: string, ...args: readonly string[]): string => gitAt(cwd)(...args);

const repositoryAt = (folder: string, ...init: readonly string[]): string => {
  fs.mkdirSync(folder, { recursive: true });
  git(folder, "init", "--initial-branch=main", ...init);
  return folder;
};

const committed = (folder: string): string => {
  git(folder, "commit", "--allow-empty", "-m", "first");
  return git(folder, "rev-parse", "HEAD");
};

const here = (cwd: string) => observeWorkplace({ cwd, env, machine });

describe("a workplace", () => {
  test("is a repository, its work tree, the branch and the commit, and no path", async () => {
    const folder = repositoryAt(path.join(scratch(), "passkeys"));
    const head = committed(folder);
    fs.mkdirSync(path.join(folder, "src"));
    const seen = await here(path.join(folder, "src"));
    expect(seen).toEqual({
      host: hostId(machine),
      repository: placeName(path.join(folder, ".git"), machine),
      worktree: placeName(folder, machine),
      branch: "main",
      head,
    });
    expect(seen.repository?.name).toBe("passkeys");
    expect(JSON.stringify(seen)).not.toContain(path.dirname(folder));
  });

  test("in a linked worktree is its own, in the repository of the main one", async () => {
    const folder = repositoryAt(path.join(scratch(), "passkeys"));
    committed(folder);
    git(folder, "worktree", "add", "../lane-a", "-b", "feature/lane-a");
    const lane = path.join(path.dirname(folder), "lane-a");
    git(lane, "commit", "--allow-empty", "-m", "second");
    const [main, linked] = [await here(folder), await here(lane)];
    expect(linked.repository).toEqual(main.repository);
    expect(linked.worktree).toEqual(placeName(lane, machine));
    expect(linked.branch).toBe("feature/lane-a");
    expect(linked.head).toBe(git(lane, "rev-parse", "HEAD"));
    expect(linked.head).not.toBe(main.head);
  });

  test("knows a commit that git has packed, and one that is packed and written anew", async () => {
    const folder = repositoryAt(scratch());
    const first = committed(folder);
    git(folder, "pack-refs", "--all");
    expect(await here(folder)).toMatchObject({ branch: "main", head: first });
    const second = committed(folder);
    expect(await here(folder)).toMatchObject({ branch: "main", head: second });
  });

  test("is not fooled by a branch whose name is the end of another's", async () => {
    const folder = repositoryAt(scratch());
    committed(folder);
    git(folder, "branch", "x/main");
    const head = committed(folder);
    git(folder, "pack-refs", "--all");
    expect(await here(folder)).toMatchObject({ branch: "main", head });
  });

  test("without a branch, without a commit and without a repository says so", async () => {
    const folder = repositoryAt(scratch());
    expect(await here(folder)).toMatchObject({ branch: "main" });
    expect(await here(folder)).not.toHaveProperty("head");
    const head = committed(folder);
    git(folder, "checkout", "--detach");
    expect(await here(folder)).toMatchObject({ branch: null, head });
    expect(await here(scratch())).toEqual({ host: hostId(machine) });
  });

  test("of a bare repository has no work tree", async () => {
    const folder = repositoryAt(path.join(scratch(), "passkeys.git"), "--bare");
    const seen = await here(folder);
    expect(seen.repository).toEqual(placeName(folder, machine));
    expect(seen).not.toHaveProperty("worktree");
    expect(seen.branch).toBe("main");
  });

  test("is where the environment says, as it is for git in a hook", async () => {
    const folder = repositoryAt(scratch());
    const head = committed(folder);
    const elsewhere = scratch();
    const seen = await observeWorkplace({
      cwd: elsewhere,
      env: { ...env, GIT_DIR: path.join(folder, ".git"), GIT_WORK_TREE: folder },
      machine,
    });
    expect(seen).toMatchObject({ worktree: placeName(folder, machine), branch: "main", head });
  });

  test("reached through a link is the place that the link leads to", async () => {
    const root = scratch();
    const folder = repositoryAt(path.join(root, "real"));
    committed(folder);
    fs.symlinkSync(folder, path.join(root, "link"));
    expect(await here(path.join(root, "link"))).toEqual(await here(folder));
  });

  test.each([
    ["HEAD leads out of the refs", "HEAD", "ref: refs/heads/../../../etc/passwd\n"],
    ["HEAD says nothing", "HEAD", ""],
    ["HEAD is garbage", "HEAD", "\u0000\u0001".repeat(5_000)],
    ["the branch is garbage", "refs/heads/main", "not a commit\n"],
  ])("with damaged files of git is what can be seen of it: %s", async (_, file, text) => {
    const folder = repositoryAt(scratch());
    committed(folder);
    fs.writeFileSync(path.join(folder, ".git", file), text);
    const seen = await here(folder);
    expect(seen.host).toBe(hostId(machine));
    expect(seen).not.toHaveProperty("head");
  });

  test("in a repository whose refs are not files is asked of git", async () => {
    const folder = scratch();
    try {
      git(folder, "init", "--initial-branch=main", "--ref-format=reftable");
    } catch {
      return; // git before 2.45
    }
    const head = committed(folder);
    expect(await here(folder)).toMatchObject({ branch: "main", head });
  });
});
