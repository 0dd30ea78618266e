/** One line for each command that succeeds, and what must have happened before: tables of tests run over all commands with it. */
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { clone } from "./clones.ts";
import { reviewSession } from "./review-session.ts";
import { planned, type Session, session } from "./session.ts";

type Ground = "planned" | "publishing" | "merging" | "branches" | "cloned" | "reviewing";

export interface Sample {
  /** Lines that are run first, each of which succeeds. An hour passes before the sample itself. */
  readonly before?: readonly (readonly string[])[];
  /** A function where it names what was made in the folder. */
  readonly argv: readonly string[] | ((directory: string) => readonly string[]);
  /** What is in the folder before the first line. @defaultValue `planned` */
  readonly ground?: Ground;
}

/** Ledger with the mission `p`; folders of all kinds that a sample names. */
const plannedGround = async (): Promise<Session> => {
  const shell = await planned();
  const folder = path.join(shell.directory, "project", "kitty-specs", "001-a");
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, "status.events.jsonl"), `${specKittyRow}\n`);
  return shell;
};

const publishingGround = async (): Promise<Session> => {
  const shell = session();
  execFileSync("git", ["init", "-q", shell.directory]);
  await run(shell, ["init", "--git"], ["mission", "create", "p", "Passkeys"]);
  return shell;
};

/** Two copies of one log for git to merge: one went on where the other stopped. */
const mergingGround = async (): Promise<Session> => {
  const shell = await publishingGround();
  const copyOf = (name: string): void =>
    copyFileSync(
      path.join(shell.directory, ".mission-ledger", "log", "mission-p.jsonl"),
      path.join(shell.directory, name),
    );
  for (const name of ["base", "ours"]) copyOf(name);
  await run(shell, ["wp", "add", "p", "Login form"]);
  copyOf("theirs");
  return shell;
};

/** A mission whose package owns `src/**`; `main` is one commit of that ahead of the branch it is measured against, `calm` is in step. */
const branchesGround = async (): Promise<Session> => {
  const shell = session();
  const git = (...args: readonly string[]): void => {
    const as = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"];
    execFileSync("git", ["-C", shell.directory, ...as, ...args], { stdio: "ignore" });
  };
  git("init", "--quiet", "--initial-branch=main");
  git("commit", "--quiet", "--allow-empty", "--no-verify", "-m", "one");
  git("branch", "upstream");
  git("branch", "calm");
  for (const branch of ["main", "calm"]) git("branch", "--quiet", "--set-upstream-to=upstream", branch);
  await run(
    shell,
    ["init"],
    ["mission", "create", "p", "Passkeys", "--target", "main"],
    ["wp", "add", "p", "Login form", "--id", "WP01", "--owns", "src/**"],
    ["wp", "force", "p/WP01", "in_progress", "--reason", "for the test"],
  );
  mkdirSync(path.join(shell.directory, "src"));
  writeFileSync(path.join(shell.directory, "src", "form.ts"), "form\n");
  git("add", "--all");
  git("commit", "--quiet", "--no-verify", "-m", "two");
  return shell;
};

/** A work tree with a package that was handed over for review. */
const reviewingGround = async (): Promise<Session> => {
  const shell = await reviewSession({ slug: "p" });
  return { ...shell, directory: shell.top };
};

/** The one review prompt that was written. */
const promptBelow = (directory: string): string => {
  const found = readdirSync(directory, { recursive: true, encoding: "utf8" }).find((file) =>
    /prompts\b.*\.md$/.test(file),
  );
  return path.join(directory, found ?? "no prompt");
};

const grounds: Readonly<Record<Ground, () => Promise<Session>>> = {
  planned: plannedGround,
  publishing: publishingGround,
  merging: mergingGround,
  branches: branchesGround,
  // In step with its remote, with a mission `p` of one package.
  cloned: async () => {
    const { shell, folder } = await clone();
    return { ...shell, directory: folder };
  },
  reviewing: reviewingGround,
};

const forReview = ["wp", "force", "p/WP01", "for_review", "--reason", "for the test"];
const inReview = [forReview, ["review", "start", "p/WP01", "--as", "reviewer"]];
const allDone = ["WP01", "WP02", "WP03"].map((id) => ["wp", "force", `p/${id}`, "done", "--reason", "x"]);
const claimed = ["wp", "claim", "p/WP01", "--lease", "4h"];

/** By name. A command that is not here fails the tests that ask for every command. */
export const samples: Readonly<Record<string, Sample>> = {
  archive: { before: allDone, argv: ["archive", "p"] },
  board: { argv: ["board", "p"] },
  "check-archive": {
    before: [...allDone, ["archive", "p", "--to", "p.jsonl.gz"]],
    argv: ["check-archive", "p.jsonl.gz"],
  },
  "check-copies": { ground: "publishing", argv: ["check-copies", "--staged"] },
  completion: { argv: ["completion", "bash"] },
  copy: { argv: ["copy", "file:.mission-ledger", "file:copy"] },
  diff: { argv: ["diff", "p", "0"] },
  doctor: { argv: ["doctor"] },
  explain: { argv: ["explain", "p/WP01", "lane"] },
  "export.spec-kitty": { argv: ["export", "spec-kitty", "p"] },
  guard: { ground: "publishing", argv: ["guard"] },
  focus: { ground: "branches", argv: ["focus", "p", "--packages", "all"] },
  help: { argv: ["help", "wp", "move"] },
  hold: { argv: ["hold", "p/WP01", "true"] },
  "hook.install": { ground: "publishing", argv: ["hook", "install"] },
  "hook.uninstall": {
    ground: "publishing",
    before: [["hook", "install"]],
    argv: ["hook", "uninstall"],
  },
  "import.spec-kitty": { argv: ["import", "spec-kitty", "project"] },
  init: { argv: ["init"] },
  log: { argv: ["log", "p"] },
  "merge-driver": {
    ground: "merging",
    argv: ["merge-driver", "base", "ours", "theirs", ".mission-ledger/log/mission-p.jsonl"],
  },
  "mission.create": { argv: ["mission", "create", "q", "Another"] },
  "mission.list": { argv: ["mission", "list"] },
  "mission.set": { argv: ["mission", "set", "p", "--target", "main"] },
  "mission.show": { argv: ["mission", "show", "p"] },
  "mission.review": { argv: ["mission", "review", "p"] },
  next: { argv: ["next", "--claim"] },
  preflight: { ground: "branches", argv: ["preflight", "p", "--target", "calm"] },
  override: {
    before: [["wp", "force", "p/WP01", "done", "--reason", "x"]],
    argv: ["override", "p/WP01", "--reason", "seen"],
  },
  publish: { ground: "publishing", argv: ["publish"] },
  ready: { argv: ["ready", "--why"] },
  rebuild: { argv: ["rebuild"] },
  reconcile: { argv: ["reconcile", "p", "--winner", "local"] },
  repair: { argv: ["repair"] },
  restore: { before: [...allDone, ["archive", "p"]], argv: ["restore", "p"] },
  "review.check": {
    ground: "reviewing",
    before: [["review", "prompt", "p/WP01", "--base", "main"]],
    argv: (directory) => ["review", "check", promptBelow(directory)],
  },
  "review.prompt": { ground: "reviewing", argv: ["review", "prompt", "p/WP01", "--base", "main"] },
  "review.prune": { argv: ["review", "prune"] },
  "review.start": { before: [forReview], argv: ["review", "start", "p/WP01", "--as", "reviewer"] },
  "review.submit": {
    before: inReview,
    argv: ["review", "submit", "p/WP01", "--verdict", "approved", "--as", "reviewer"],
  },
  schema: { argv: ["schema", "wp.move"] },
  ship: {
    ground: "cloned",
    before: [
      ["wp", "force", "p/WP01", "done", "--reason", "x"],
      ["override", "p/WP01", "--reason", "seen"],
    ],
    argv: ["ship", "p"],
  },
  sync: { argv: ["sync", "file:there"] },
  undo: { before: [claimed], argv: ["undo", "p", "7", "--reason", "a mistake"] },
  unlock: { argv: ["unlock", "p"] },
  verify: { argv: ["verify"] },
  watch: { argv: ["watch", "p", "--for", "1ms"] },
  where: { argv: ["where"] },
  "wp.add": { argv: ["wp", "add", "p", "More"] },
  "wp.claim": { argv: ["wp", "claim", "p/WP01"] },
  "wp.force": { argv: ["wp", "force", "p/WP01", "done", "--reason", "why not"] },
  "wp.list": { argv: ["wp", "list", "p"] },
  "wp.move": { before: [claimed], argv: ["wp", "move", "p/WP01", "in_progress"] },
  "wp.note": { argv: ["wp", "note", "p/WP01", "text"] },
  "wp.recover": {
    before: [["wp", "claim", "p/WP01", "--lease", "1m"]],
    argv: ["wp", "recover", "p/WP01", "--reason", "gone"],
  },
  "wp.release": { before: [claimed], argv: ["wp", "release", "p/WP01"] },
  "wp.renew": { before: [claimed], argv: ["wp", "renew", "p/WP01"] },
  "wp.revise": { argv: ["wp", "revise", "p/WP02", "--not-after", "WP01"] },
  "wp.show": { argv: ["wp", "show", "p/WP01"] },
  "wp.subtask": {
    before: [["wp", "claim", "p/WP03", "--lease", "4h"]],
    argv: ["wp", "subtask", "p/WP03", "T1"],
  },
};

/** A folder in which the sample of a command succeeds. */
export const preparedFor = async (name: string): Promise<Session> => {
  const { ground = "planned", before = [] } = sampleOf(name);
  const shell = await grounds[ground]();
  await run(shell, ...before);
  shell.pass(3_600_000);
  return shell;
};

/** The line itself, in that folder. */
export const lineOf = (name: string, directory: string): readonly string[] => {
  const { argv } = sampleOf(name);
  return typeof argv === "function" ? argv(directory) : argv;
};

/** Throws for a command that has none. */
const sampleOf = (name: string): Sample => {
  const sample = samples[name];
  if (sample === undefined)
    throw new Error(`${name} has no sample: add a line that succeeds to packages/cli/src/testing/samples.ts`);
  return sample;
};

const run = async (shell: Session, ...lines: readonly (readonly string[])[]): Promise<void> => {
  for (const argv of lines) {
    const { code, out, err } = await shell.run(...argv);
    if (code !== 0) throw new Error(`mled ${argv.join(" ")} ended with ${code}: ${out}${err}`);
  }
};

/** The one line of a log to import. */
export const specKittyRow: string = JSON.stringify({
  actor: "claude",
  at: "2026-01-01T00:00:00+00:00",
  event_id: "01AAAAAAAAAAAAAAAAAAAAAAAA",
  evidence: null,
  execution_mode: "worktree",
  feature_slug: "001-a",
  force: false,
  from_lane: "planned",
  reason: null,
  review_ref: null,
  to_lane: "claimed",
  wp_id: "WP01",
});
