/**
 * A mission from its first word to its release, typed as people and agents type it: the built program, a real repository with a
 * worktree, a bare repository next to it as its remote. No event is written but by commands.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { program as bin, buildFirst } from "../packages/cli/src/testing/built-program.ts";

buildFirst();

const env = {
  PATH: process.env.PATH ?? "",
  HOME: "/nonexistent",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_NOSYSTEM: "1",
  // Whatever would leave this machine is refused by git.
  GIT_ALLOW_PROTOCOL: "file",
  GIT_AUTHOR_NAME: "Ada",
  GIT_AUTHOR_EMAIL: "ada@example.org",
  GIT_AUTHOR_DATE: "2026-01-02T03:04:05Z",
  GIT_COMMITTER_NAME: "Ada",
  GIT_COMMITTER_EMAIL: "ada@example.org",
  GIT_COMMITTER_DATE: "2026-01-02T03:04:05Z",
};

interface Step {
  readonly said: string;
  readonly code: number | null;
  readonly document: unknown;
}

// biome-ignore lint/suspicious/noExplicitAny: steps look into documents of many shapes
type Data = any;

/** What differs from run to run and says nothing: where, when, and ids made by chance. Commits stay: they are the same each time. */
const normalised = (text: string, root: string): string =>
  text
    .replaceAll(root, "<root>")
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, "<time>")
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "<id>")
    .replace(/\b[0-9a-f]{64}\b/g, "<digest>")
    .replace(/\b[0-9a-f]{32}\b/g, "<place>")
    .replace(/"(waitedMs|ageSeconds|pid|bytes|durationMs)":\d+(\.\d+)?/g, '"$1":"<n>"')
    .replace(/(?<=fetch )\d+ ?\w+ ago/g, "<age>")
    .replace(/(?<=review prompt )[0-9a-f]{8}/g, "<id>")
    .replace(/ until \d\d:\d\d/g, " until <clock>");

const shop = () => {
  const root = realpathSync(mkdtempSync(path.join(tmpdir(), "mled-smoke-")));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const [origin, main, lane] = ["origin.git", "shop", "shop-lane-a"].map((name) => path.join(root, name)) as [
    string,
    string,
    string,
  ];
  const steps: Step[] = [];
  /** Runs a command of ours, holds it to its exit code and to one document, and answers what it says. */
  const mled = (cwd: string, code: number, ...argv: readonly string[]): Data => {
    const ran = spawnSync(process.execPath, [bin, ...argv, "--json"], { cwd, env, encoding: "utf8" });
    const said = normalised(argv.join(" "), root);
    expect({ said, code: ran.status, err: ran.stderr }, ran.stdout).toEqual({ said, code, err: "" });
    steps.push({ said, code, document: JSON.parse(normalised(ran.stdout, root)) });
    return JSON.parse(ran.stdout);
  };
  const git = (cwd: string, ...args: readonly string[]): string =>
    execFileSync("git", args, { cwd, env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trimEnd();
  const write = (cwd: string, file: string, text: string): void => {
    mkdirSync(path.dirname(path.join(cwd, file)), { recursive: true });
    writeFileSync(path.join(cwd, file), text);
  };
  const commit = (cwd: string, message: string): string => {
    git(cwd, "commit", "--quiet", "-m", message);
    return git(cwd, "rev-parse", "HEAD");
  };
  return { root, origin, main, lane, steps, mled, git, write, commit };
};

/** The whole way once; answers each step with its exit code and its document. */
const walk = (): readonly Step[] => {
  const { root, origin, main, lane, steps, mled, git, write, commit } = shop();
  const [ada, bob] = [
    ["--as", "agent:ada"],
    ["--as", "agent:bob"],
  ] as const;

  git(root, "init", "--quiet", "--bare", "--initial-branch=main", origin);
  git(root, "clone", "--quiet", origin, main);
  git(main, "switch", "--quiet", "--create", "main");
  write(main, "readme.md", "shop\n");
  git(main, "add", "--all");
  commit(main, "Begin");
  git(main, "push", "--quiet", "--set-upstream", "origin", "main");

  // Create and plan.
  mled(main, 0, "init");
  mled(main, 0, "mission", "create", "passkeys", "Log in with passkeys", "--target", "main", ...ada);
  const add = ["wp", "add", "passkeys"];
  mled(
    main,
    0,
    ...add,
    "Login form",
    "--id",
    "WP01",
    "--owns",
    "src/login/**",
    "--execution-lane",
    "lane-a",
    ...ada,
  );
  mled(
    main,
    0,
    ...add,
    "Verify token",
    "--id",
    "WP02",
    "--owns",
    "src/auth/**",
    "--execution-lane",
    "lane-a",
    ...ada,
  );
  expect(mled(main, 0, "ready").data.items).toHaveLength(2);

  // Claim and implement, in a worktree.
  git(main, "worktree", "add", "--quiet", "-b", "lane-a", lane);
  mled(lane, 21, "guard");
  mled(lane, 0, "wp", "claim", "passkeys/WP01", ...ada);
  mled(main, 5, "wp", "claim", "passkeys/WP01", ...bob);
  mled(lane, 0, "wp", "move", "passkeys/WP01", "in_progress", ...ada);
  write(lane, "src/login/form.ts", "export const form = 1;\n");
  write(lane, "src/auth/token.ts", "export const token = 1;\n");
  git(lane, "add", "--all");
  expect(JSON.stringify(mled(lane, 20, "guard").error)).toContain("src/auth/token.ts");
  git(lane, "rm", "--quiet", "--cached", "src/auth/token.ts");
  rmSync(path.join(lane, "src", "auth"), { recursive: true });
  mled(lane, 0, "guard");
  const first = commit(lane, "Add the login form");
  const handOver = (ref: string, id: string): void => {
    mled(lane, 0, "wp", "move", ref, "for_review", "--evidence", `commit=${id}`, ...ada);
  };
  handOver("passkeys/WP01", first);

  // Review: rejected, mended, approved. A prompt is good for its own cycle.
  const prompted = (ref: string): string => {
    const { file } = mled(lane, 0, "review", "prompt", ref, ...bob).data;
    mled(lane, 0, "review", "check", file, "--for", ref);
    return file;
  };
  const judge = (ref: string, file: string, verdict: string): void => {
    mled(lane, 0, "review", "start", ref, "--prompt", file, ...bob);
    const notes = ["--verdict", verdict, "--notes", `It is ${verdict}.`];
    mled(lane, 0, "review", "submit", ref, "--prompt", file, ...notes, ...bob);
  };
  const old = prompted("passkeys/WP01");
  mled(lane, 6, "review", "start", "passkeys/WP01", ...ada);
  judge("passkeys/WP01", old, "changes_requested");
  mled(lane, 0, "wp", "claim", "passkeys/WP01", ...ada);
  mled(lane, 0, "wp", "move", "passkeys/WP01", "in_progress", ...ada);
  write(lane, "src/login/form.ts", "export const form = 2;\n");
  git(lane, "add", "--all");
  mled(lane, 0, "guard");
  handOver("passkeys/WP01", commit(lane, "Mend the login form"));
  mled(lane, 27, "review", "check", old);
  judge("passkeys/WP01", prompted("passkeys/WP01"), "approved");

  // The lane goes on to the next package, and the guard with it.
  mled(lane, 0, "wp", "claim", "passkeys/WP02", ...ada);
  mled(lane, 0, "wp", "move", "passkeys/WP02", "in_progress", ...ada);
  write(lane, "src/auth/token.ts", "export const token = 2;\n");
  git(lane, "add", "--all");
  mled(lane, 0, "guard");
  mled(lane, 22, "guard", "--package", "passkeys/WP01");
  handOver("passkeys/WP02", commit(lane, "Verify the token"));
  judge("passkeys/WP02", prompted("passkeys/WP02"), "approved");
  for (const ref of ["passkeys/WP01", "passkeys/WP02"]) mled(main, 0, "wp", "move", ref, "done", ...ada);
  mled(main, 0, "mission", "review", "passkeys");

  // Preflight, merge, ship.
  mled(main, 0, "preflight", "passkeys");
  mled(main, 6, "ship", "passkeys", ...ada);
  git(main, "merge", "--quiet", "--no-ff", "-m", "Merge lane-a", "lane-a");
  mled(main, 25, "preflight", "passkeys");
  mled(main, 25, "ship", "passkeys", ...ada);
  git(main, "push", "--quiet", "origin", "main");
  mled(main, 0, "preflight", "passkeys", "--fetch");
  const shipped = mled(main, 0, "ship", "passkeys", ...ada).data;
  expect(shipped).toMatchObject({ shipped: true, readback: "verified" });
  expect(git(origin, "rev-parse", "main")).toBe(git(main, "rev-parse", "main"));

  mled(main, 0, "verify");
  mled(main, 0, "log", "passkeys", "--limit", "500");
  return steps;
};

test("ends the same three times in a row, with no network", () => {
  const [first, ...others] = [walk(), walk(), walk()];
  expect(first?.length).toBeGreaterThan(40);
  for (const other of others) expect(other).toEqual(first);
});
