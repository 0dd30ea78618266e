/** Two clones of one repository, real git, the built program as merge driver: what people go through, from init to agreement. */
import { execFileSync, spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { buildFirst, mledWith } from "./testing/built-program.ts";
import { scratch } from "./testing/session.ts";

buildFirst();

const environment = (home: string): Record<string, string> => ({
  PATH: process.env.PATH ?? "",
  HOME: home,
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_AUTHOR_NAME: "t",
  GIT_AUTHOR_EMAIL: "t@example.org",
  GIT_COMMITTER_NAME: "t",
  GIT_COMMITTER_EMAIL: "t@example.org",
  MISSION_LEDGER_ACTOR: "ada",
});

interface Clone {
  readonly folder: string;
  git(...args: readonly string[]): string;
  /** Git when it may fail. */
  tryGit(...args: readonly string[]): number;
  mled(...args: readonly string[]): { readonly code: number; readonly out: string; readonly err: string };
  // biome-ignore lint/suspicious/noExplicitAny: tests look into documents of many shapes
  json(...args: readonly string[]): any;
  readonly copy: string;
  commit(): void;
}

const cloneAt = (folder: string, home: string): Clone => {
  const env = environment(home);
  const git = (...args: readonly string[]): string =>
    execFileSync("git", ["-C", folder, ...args], { env, stdio: ["ignore", "pipe", "pipe"] }).toString();
  const run = mledWith(env);
  const mled: Clone["mled"] = (...args) => {
    const { status, stdout, stderr } = run(folder, ...args);
    return { code: status ?? -1, out: stdout, err: stderr };
  };
  return {
    folder,
    git,
    tryGit: (...args) => spawnSync("git", ["-C", folder, ...args], { env }).status ?? -1,
    mled,
    json: (...args) => JSON.parse(mled(...args, "--json").out),
    copy: path.join(folder, ".mission-ledger", "log", "mission-p.jsonl"),
    commit: () => {
      git("add", "-A");
      git("commit", "-q", "-m", "work");
    },
  };
};

/** A bare repository and two clones, one of which has published a mission with two work packages. */
const twoClones = (): readonly [here: Clone, there: Clone] => {
  const root = scratch();
  const bare = path.join(root, "bare.git");
  const env = environment(root);
  execFileSync("git", ["init", "-q", "--bare", "-b", "main", bare], { env });
  const made = ["here", "there"].map((name) => {
    const folder = path.join(root, name);
    execFileSync("git", ["clone", "-q", bare, folder], { env, stdio: "ignore" });
    return cloneAt(folder, root);
  }) as [Clone, Clone];
  const [here, there] = made;
  here.git("checkout", "-q", "-b", "main");
  fs.writeFileSync(path.join(here.folder, "readme"), "work\n");
  expect(here.mled("init", "--git").code).toBe(0);
  for (const line of ["mission create p Plan", "wp add p Login --id WP01", "wp add p Token --id WP02"])
    expect(here.mled(...line.split(" ")).err).toBe("");
  here.commit();
  here.git("push", "-q", "origin", "main");
  there.git("pull", "-q", "origin", "main");
  there.git("checkout", "-q", "main");
  return made;
};

const boardOf = (clone: Clone): unknown => clone.json("board", "p").data;
const historyOf = (clone: Clone): readonly string[] =>
  (clone.json("log", "p").data.events as { eventId: string }[]).map(({ eventId }) => eventId);

describe("two clones of a repository", () => {
  test("a fresh clone says what it has not taken in, and its first command takes in everything", () => {
    const [here, there] = twoClones();
    const looked = there.mled("mission", "list");
    expect(looked.err).toContain("mled publish");
    expect(there.mled("board", "p").err).toMatch(/mled publish\nNOT_FOUND/);
    expect(fs.existsSync(path.join(there.folder, ".git", "mission-ledger", "log", "mission-p.jsonl"))).toBe(
      false,
    );
    expect(there.mled("wp", "claim", "p/WP01").code).toBe(0);
    expect(there.mled("board", "p").err).toBe("");
    there.commit();
    there.git("push", "-q", "origin", "main");
    here.git("pull", "-q", "--ff-only", "origin", "main");
    expect(here.mled("publish").out).toContain("1 record taken in");
    expect(boardOf(here)).toEqual(boardOf(there));
  });

  test.each([
    ["the driver", (clone: Clone) => clone.mled("init", "--git")],
    [
      "git's union merge",
      (clone: Clone) =>
        clone.git("config", "merge.mission-ledger.driver", "git merge-file --quiet --union %A %O %B"),
    ],
    ["conflict markers", () => undefined],
  ])("a fork that %s merged is shown in both, decided in one, and equal in both", (how, configure) => {
    const [here, there] = twoClones();
    configure(there);
    expect(there.mled("wp", "claim", "p/WP01", "--as", "bob").code).toBe(0);
    there.commit();
    expect(here.mled("wp", "claim", "p/WP01", "--as", "ada").code).toBe(0);
    expect(here.mled("wp", "move", "p/WP01", "in_progress", "--as", "ada").code).toBe(0);
    here.commit();
    here.git("push", "-q", "origin", "main");
    const pulled = there.tryGit("pull", "-q", "--no-rebase", "--no-edit", "origin", "main");
    expect(pulled === 0).toBe(how !== "conflict markers");

    const refused = there.mled("wp", "claim", "p/WP02", "--as", "bob");
    expect(refused.err).toContain("FORK_DETECTED");
    expect(refused.err).toContain("mled reconcile p");
    const board = there.mled("board", "p");
    expect(board.err).toContain("FORK_DETECTED");
    const again = there.mled("publish");
    expect(again.out).toContain("forked  p: ");
    expect(again.err).toContain("FORK_DETECTED");
    expect(there.mled("verify").err).toContain("see both sides, and decide: mled reconcile p");
    const doctor = there.mled("doctor");
    expect(doctor.out).toContain("mled reconcile p");
    expect(doctor.code).toBe(8);
    const [fork] = there.json("reconcile").data.forks;
    expect(fork.local.commands.map(({ actor }: { actor: string }) => actor)).toEqual(["bob"]);
    expect(fork.branch.commands.map(({ actor }: { actor: string }) => actor)).toEqual(["ada", "ada"]);

    const decided = there.mled(
      "reconcile",
      "p",
      "--winner",
      fork.branch.eventId.slice(0, 8),
      "--reason",
      "ada has begun",
    );
    expect(decided.err).toBe("");
    expect(decided.out).toContain("read back");
    expect(decided.out).toContain("WP01 was claimed by bob there and is claimed by ada");
    expect(there.mled("wp", "claim", "p/WP02", "--as", "bob").err).toBe("");
    expect(fs.readFileSync(there.copy, "utf8")).toContain("StreamReconciled");
    there.commit();
    there.git("push", "-q", "origin", "main");
    here.git("pull", "-q", "--no-rebase", "--no-edit", "origin", "main");
    expect(here.mled("publish").code).toBe(0);
    expect(historyOf(here)).toEqual(historyOf(there));
    expect(boardOf(here)).toEqual(boardOf(there));
    expect(here.mled("doctor").code).toBe(0);
    expect(here.mled("wp", "note", "p/WP01", "agreed", "--as", "ada").err).toBe("");
  });

  test("a side that was decided against elsewhere gives way, and says nothing false", () => {
    const [here, there] = twoClones();
    there.mled("init", "--git");
    here.mled("init", "--git");
    expect(there.mled("wp", "claim", "p/WP01", "--as", "bob").code).toBe(0);
    there.commit();
    expect(here.mled("wp", "claim", "p/WP01", "--as", "ada").code).toBe(0);
    here.commit();
    here.git("push", "-q", "origin", "main");
    there.git("pull", "-q", "--no-rebase", "--no-edit", "origin", "main");
    expect(there.mled("reconcile", "p", "--winner", "local").code).toBe(0);
    expect(fs.readFileSync(there.copy, "utf8")).toContain("StreamReconciled");
    there.commit();
    there.git("push", "-q", "origin", "main");
    here.git("pull", "-q", "--no-rebase", "--no-edit", "origin", "main");
    const published = here.mled("publish");
    expect(published.out).toContain("a decision that was made elsewhere changed it");
    expect(historyOf(here)).toEqual(historyOf(there));
    expect(here.mled("wp", "show", "p/WP01").out).toContain("bob");
  });
});

describe("init --git", () => {
  const repository = (): Clone => {
    const root = scratch();
    const folder = path.join(root, "it's 100% here");
    execFileSync("git", ["init", "-q", "-b", "main", folder], { env: environment(root) });
    return cloneAt(folder, root);
  };

  test("shows first, does it once, and takes it back", () => {
    const clone = repository();
    expect(clone.mled("init", "--git", "--hook", "--dry-run").out).toContain("would");
    expect(fs.existsSync(path.join(clone.folder, ".mission-ledger"))).toBe(false);
    expect(clone.mled("init", "--git", "--hook").out).toContain("merge.mission-ledger.driver");
    const again = clone.json("init", "--git", "--hook").data.steps as { state: string }[];
    expect(new Set(again.map(({ state }) => state))).toEqual(new Set(["done"]));
    expect(clone.git("check-attr", "merge", "text", "--", ".mission-ledger/log/mission-p.jsonl")).toMatch(
      /merge: mission-ledger\n.*text: unset/,
    );
    expect(clone.mled("init", "--git", "--undo").out).toContain("removed");
    expect(clone.tryGit("config", "--get", "merge.mission-ledger.driver")).toBe(1);
    expect(fs.existsSync(path.join(clone.folder, ".git", "hooks", "pre-commit"))).toBe(false);
  });

  test("a hook of somebody else's is left alone, and the line to add is shown", () => {
    const clone = repository();
    const hook = path.join(clone.folder, ".git", "hooks", "pre-commit");
    fs.mkdirSync(path.dirname(hook), { recursive: true });
    fs.writeFileSync(hook, "#!/bin/sh\nexit 0\n");
    expect(clone.mled("init", "--git", "--hook").out).toContain("check-copies --staged");
    expect(fs.readFileSync(hook, "utf8")).toBe("#!/bin/sh\nexit 0\n");
  });

  test("the hook lets whole copies pass, and no torn, damaged or conflicted one", () => {
    const clone = repository();
    expect(clone.mled("init", "--git", "--hook").code).toBe(0);
    expect(clone.mled("mission", "create", "p", "Plan").code).toBe(0);
    clone.commit();
    const whole = fs.readFileSync(clone.copy);
    for (const [bad, why] of [
      ['{"v":1,"torn', "torn"],
      ["<<<<<<< HEAD\n", "conflict"],
      [`${whole.toString("latin1").replace("Plan", "Plot")}`, "damage"],
    ] as const) {
      fs.writeFileSync(clone.copy, Buffer.concat([whole, Buffer.from(bad, "latin1")]));
      clone.git("add", "-A");
      expect(clone.tryGit("commit", "-q", "-m", "bad"), why).not.toBe(0);
    }
    expect(clone.mled("publish").code).toBe(0);
    expect(fs.readFileSync(clone.copy)).toEqual(whole);
  });
});
