import fs from "node:fs";
import path from "node:path";
import type { Claim } from "@mission-ledger/core/mission";
import { describe, expect, test } from "vitest";
import { fakeMachine } from "../testing/fake-machine.ts";
import { gitAt, gitEnvironment } from "../testing/git.ts";
import { planned, scratch } from "../testing/session.ts";
import { claimLooker } from "./look-after-claims.ts";
import { observeWorkplace } from "./observe-workplace.ts";
import { ownProgram } from "./program.ts";

const env = gitEnvironment;
const git = (cwd: string, ...args: readonly string[]): void => {
  gitAt(cwd)(...args);
};
const machine = fakeMachine();

const over = Date.parse("2026-03-01T10:00:00.000Z");

/** A repository, a worktree `lane-a` of it, and a claim for the work there. */
const claimedInLane = async () => {
  const root = fs.realpathSync(scratch());
  const main = path.join(root, "passkeys");
  fs.mkdirSync(main);
  git(main, "init", "--initial-branch=main");
  git(main, "commit", "--allow-empty", "-m", "first");
  git(main, "worktree", "add", "../lane-a", "-b", "lane-a");
  const lane = path.join(root, "lane-a");
  const workplace = await observeWorkplace({ cwd: lane, env, machine });
  return { root, main, lane, claim: claimOf(workplace) };
};
const claimOf = (workplace: Claim["workplace"]): Claim => ({
  kind: "implement",
  holder: "ada",
  fence: 1,
  leaseMs: 60_000,
  expiresAt: "2026-03-01T10:00:00.000Z",
  ...(workplace === undefined ? {} : { workplace }),
});
const seenFrom = (cwd: string, claim: Claim, from = machine) =>
  claimLooker({ cwd, env, machine: from }).lookForDeath(claim)?.signal;

describe("a worktree that a claim names", () => {
  test("is there as long as its folder is, seen from any folder of the repository", async () => {
    const { main, lane, claim } = await claimedInLane();
    expect([seenFrom(main, claim), seenFrom(lane, claim)]).toEqual([undefined, undefined]);
  });

  test("is gone when git removed it, and when somebody deleted it", async () => {
    for (const removed of [true, false]) {
      const { main, lane, claim } = await claimedInLane();
      if (removed) git(main, "worktree", "remove", lane);
      else fs.rmSync(lane, { recursive: true });
      expect(seenFrom(main, claim)).toBe("worktree_gone");
    }
  });

  test("is not gone when it was moved: somebody may be working there", async () => {
    const { main, claim } = await claimedInLane();
    git(main, "worktree", "move", "../lane-a", "../elsewhere");
    expect(seenFrom(main, claim)).toBeUndefined();
  });

  test("is not gone when it was moved without git's knowledge, alone or with the folder around it", async () => {
    for (const [from, to] of [
      ["trees/lane-b", "trees/renamed"],
      ["trees", "woods"],
    ] as const) {
      const { root, main } = await claimedInLane();
      const lane = path.join(root, "trees", "lane-b");
      git(main, "worktree", "add", lane, "-b", "lane-b");
      const claim = claimOf(await observeWorkplace({ cwd: lane, env, machine }));
      fs.renameSync(path.join(root, from), path.join(root, to));
      expect(seenFrom(main, claim)).toBeUndefined();
    }
  });

  test("is not gone when it is locked, as one on a disk that is not mounted", async () => {
    const { main, lane, claim } = await claimedInLane();
    git(main, "worktree", "lock", lane);
    fs.rmSync(lane, { recursive: true });
    expect(seenFrom(main, claim)).toBeUndefined();
  });

  test("is not judged from another machine, another repository, or a repository that cannot be read", async () => {
    const { root, main, lane, claim } = await claimedInLane();
    fs.rmSync(lane, { recursive: true });
    const elsewhere = fakeMachine({ files: { "/etc/machine-id": "cd".repeat(16) } });
    expect(seenFrom(main, claim, elsewhere)).toBeUndefined();
    expect(seenFrom(main, claim, fakeMachine({ files: {} }))).toBeUndefined();
    expect(seenFrom(root, claim)).toBeUndefined();
    const other = path.join(root, "other", "passkeys");
    fs.mkdirSync(other, { recursive: true });
    git(other, "init", "--initial-branch=main");
    expect(seenFrom(other, claim)).toBeUndefined();
    fs.writeFileSync(path.join(main, ".git", "worktrees", "lane-a", "gitdir"), "");
    expect(seenFrom(main, claim)).toBeUndefined();
  });
});

describe("a branch that a claim names", () => {
  test("shows that nothing was committed since, as long as it stands where it stood", async () => {
    const { main, lane, claim } = await claimedInLane();
    const looker = claimLooker({ cwd: main, env, machine });
    expect(looker.lookForDeath(claim)).toBeUndefined();
    expect(looker.look(claim, over)).toEqual({
      signal: "no_commit",
      branch: "lane-a",
      head: claim.workplace?.head,
    });
    expect(looker.look(claim, over - 1)).toBeUndefined();
    git(lane, "commit", "--allow-empty", "-m", "work");
    expect(looker.look(claim, over)).toBeUndefined();
  });
});

describe("a claim", () => {
  test("that names no place, or a place without git, is left to its lease", async () => {
    const { main } = await claimedInLane();
    const host = (await observeWorkplace({ cwd: main, env, machine })).host;
    for (const claim of [claimOf(undefined), claimOf({ host })]) {
      const looker = claimLooker({ cwd: main, env, machine });
      expect([looker.lookForDeath(claim), looker.look(claim, over)]).toEqual([undefined, undefined]);
    }
  });

  test("of a program that lives is left to it, whatever became of its worktree's commits", async () => {
    const { main, claim } = await claimedInLane();
    const program = ownProgram(machine);
    const held = claimOf({
      ...(claim.workplace ?? { host: "" }),
      ...(program === undefined ? {} : { program }),
    });
    expect(seenFrom(main, held)).toBeUndefined();
    const restarted = fakeMachine({ own: { pid: 99, start: "9" } });
    expect(seenFrom(main, held, restarted)).toBe("process_gone");
  });
});

describe("wp recover", () => {
  test("says which signal it used: the lease, and whether anything was committed since", async () => {
    const shell = await planned({ machine });
    await shell.run("wp", "claim", "p/WP01", "--lease", "1m");
    expect(await shell.json("wp", "recover", "p/WP01", "--reason", "x")).toMatchObject({
      code: 5,
      envelope: { error: { code: "CLAIM_ALIVE" } },
    });
    shell.pass(60_000);
    const { data } = await shell.json("wp", "recover", "p/WP01", "--reason", "x");
    expect(data).toMatchObject({ signal: "lease_expired", lane: "planned", holder: null });

    git(shell.directory, "init", "--initial-branch=main");
    git(shell.directory, "commit", "--allow-empty", "-m", "first");
    const at = ["--ledger", path.join(shell.directory, ".mission-ledger")];
    await shell.run("wp", "claim", "p/WP01", "--lease", "1m", ...at);
    shell.pass(60_000);
    const again = await shell.run("wp", "recover", "p/WP01", "--reason", "x", ...at);
    expect(again.out).toContain(
      "recovered p/WP01   its lease was over, and no commit since it was claimed   now planned",
    );
  });

  test("has no flag by which a caller could name a signal", async () => {
    const shell = await planned({ machine });
    await shell.run("wp", "claim", "p/WP01");
    for (const flag of ["--signal=process_gone", "--observed=process_gone", "--process-gone"])
      expect((await shell.run("wp", "recover", "p/WP01", "--reason", "x", flag)).code).toBe(2);
  });
});
