import fs from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { fakeMachine } from "../testing/fake-machine.ts";
import { gitAt } from "../testing/git.ts";
import { planned } from "../testing/session.ts";
import { placeName } from "./places.ts";

const machine = fakeMachine();

const git = (cwd: string, ...args: readonly string[]): string => gitAt(cwd)(...args);

/** A ledger in a repository with a commit and a linked worktree `lane-a`. */
const inRepository = async () => {
  const shell = await planned({ machine });
  const root = fs.realpathSync(shell.directory);
  git(root, "init", "--initial-branch=main");
  git(root, "commit", "--allow-empty", "-m", "first");
  git(root, "worktree", "add", "lane-a", "-b", "lane-a");
  return {
    shell,
    root,
    head: git(root, "rev-parse", "HEAD"),
    at: ["--ledger", path.join(root, ".mission-ledger")],
  };
};

describe("a claim", () => {
  test("names the place its work is done in, and no program, since the command that made it ends at once", async () => {
    const { shell, root, head, at } = await inRepository();
    const { data } = await shell.json("wp", "claim", "p/WP01", ...at);
    expect(data.workplace).toEqual({
      host: expect.stringMatching(/^[0-9a-f]{32}$/),
      repository: placeName(path.join(root, ".git"), machine),
      worktree: placeName(root, machine),
      branch: "main",
      head,
    });
    const { data: shown } = await shell.json("wp", "show", "p/WP01", ...at);
    expect(shown.claim.workplace).toEqual(data.workplace);
  });

  test("may be made on behalf of another worktree", async () => {
    const { shell, root, head, at } = await inRepository();
    const { data } = await shell.json("wp", "claim", "p/WP01", "--worktree", "lane-a", ...at);
    expect(data.workplace).toMatchObject({
      worktree: placeName(path.join(root, "lane-a"), machine),
      branch: "lane-a",
      head,
    });
  });

  test("is shown with the names of its place, for people", async () => {
    const { shell, head, at } = await inRepository();
    await shell.run("wp", "claim", "p/WP01", "--worktree", "lane-a", ...at);
    const { out } = await shell.run("wp", "show", "p/WP01", ...at);
    expect(out).toContain(`works in        lane-a, branch lane-a, at ${head.slice(0, 7)}`);
  });

  test("is not made for a worktree that is not there, or is none", async () => {
    const { shell, root, at } = await inRepository();
    fs.writeFileSync(path.join(root, "file"), "");
    for (const [folder, said] of [
      ["nowhere", "there is no folder"],
      ["file", "there is no folder"],
      [path.join(root, "..", "..", "..", ".."), "is in no git work tree"],
    ] as const) {
      const { code, envelope } = await shell.json("wp", "claim", "p/WP01", "--worktree", folder, ...at);
      expect([code, envelope.error?.code]).toEqual([2, "USAGE"]);
      expect(envelope.error?.message).toContain(said);
    }
    expect((await shell.json("wp", "show", "p/WP01", ...at)).data.claim).toBeNull();
  });

  test("of a review and of the next package names its place too", async () => {
    const { shell, root, at } = await inRepository();
    const next = await shell.json("next", "--claim", ...at);
    expect(next.data.item.workplace.worktree).toEqual(placeName(root, machine));
    await shell.run("wp", "move", "p/WP01", "in_progress", ...at);
    await shell.run("wp", "move", "p/WP01", "for_review", "--evidence", "note=done", ...at);
    const review = await shell.json(
      "review",
      "start",
      "p/WP01",
      "--as",
      "bob",
      "--worktree",
      "lane-a",
      ...at,
    );
    expect(review.data.workplace.branch).toBe("lane-a");
  });

  test("outside of every repository names the machine alone", async () => {
    const shell = await planned({ machine });
    const { data } = await shell.json("wp", "claim", "p/WP01");
    expect(Object.keys(data.workplace)).toEqual(["host"]);
  });
});

describe("a log", () => {
  test("shows neither a path nor a host's name", async () => {
    const { shell, root, at } = await inRepository();
    await shell.run("wp", "claim", "p/WP01", "--worktree", "lane-a", ...at);
    const log = fs.readFileSync(path.join(root, ".mission-ledger/log/mission-p.jsonl"), "utf8");
    expect(log).toContain('"worktree"');
    expect(log).not.toContain(root);
    expect(log).not.toContain(path.dirname(root));
    expect(log).not.toContain("abababab");
  });
});
