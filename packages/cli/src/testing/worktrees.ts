/** A git repository with worktrees, and the command line run in each of them. */

import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import type { Io } from "../run/io.ts";
import { runLedger } from "../run/run-ledger.ts";
import { gitAt, gitEnvironment } from "./git.ts";
import { type Ran, scratch, session } from "./session.ts";

export interface WorkTree {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  /** Throws with what git said. */
  git(...args: readonly string[]): string;
  /** Answers what git said and how it ended. */
  tryGit(...args: readonly string[]): Ran;
  write(files: Readonly<Record<string, string>>): void;
  /** Writes, stages everything and commits without hooks; answers the id. */
  commit(message: string, files?: Readonly<Record<string, string>>): string;
  run(...argv: readonly string[]): Promise<Ran>;
  /** In another environment. */
  runWith(env: Readonly<Record<string, string>>, ...argv: readonly string[]): Promise<Ran>;
  /** As `run`, and throws unless it succeeds. */
  must(...argv: readonly string[]): Promise<string>;
  /** Claims a package for work in this worktree, and begins with it. */
  begin(ref: string): Promise<void>;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into documents of many shapes
  json(...argv: readonly string[]): Promise<any>;
}

export interface TestRepository extends WorkTree {
  /** Moves the clock on. */
  pass(milliseconds: number): void;
  /** A linked worktree on a branch of its own name. */
  worktree(name: string): WorkTree;
  /** The command line in any folder. */
  at(folder: string): WorkTree;
}

/** One commit on `main`, and an empty ledger. */
export const gitRepository = async (changes: Partial<Io> = {}): Promise<TestRepository> => {
  const root = fs.realpathSync(scratch());
  const shell = session(changes);
  const env = { ...gitEnvironment, HOME: root, MISSION_LEDGER_ACTOR: "ada" };
  const at = (folder: string): WorkTree => {
    const git: WorkTree["git"] = gitAt(folder, env);
    const write: WorkTree["write"] = (files) => {
      for (const [name, content] of Object.entries(files)) {
        const file = path.join(folder, name);
        fs.mkdirSync(path.dirname(file), { recursive: true });
        fs.writeFileSync(file, content);
      }
    };
    const runWith: WorkTree["runWith"] = async (other, ...argv) => {
      const world = shell.io({ cwd: folder, env: other });
      const code = await runLedger(argv, world);
      return { ...world.text(), code };
    };
    const run: WorkTree["run"] = (...argv) => runWith(env, ...argv);
    const must: WorkTree["must"] = async (...argv) => {
      const { code, out, err } = await run(...argv);
      if (code !== 0) throw new Error(`${argv.join(" ")} ended with ${code}: ${err}`);
      return out;
    };
    return {
      folder,
      env,
      runWith,
      must,
      begin: async (ref) => {
        await must("wp", "claim", ref, "--lease", "1h");
        await must("wp", "move", ref, "in_progress");
      },
      git,
      tryGit: (...args) => {
        const { status, stdout, stderr } = spawnSync("git", args, { cwd: folder, env, encoding: "utf8" });
        return { code: status ?? -1, out: stdout, err: stderr };
      },
      write,
      commit: (message, files = {}) => {
        write(files);
        git("add", "--all");
        git("commit", "--quiet", "--allow-empty", "--no-verify", "-m", message);
        return git("rev-parse", "HEAD");
      },
      run,
      json: async (...argv) => {
        const { code, out } = await run(...argv, "--json");
        return { code, ...JSON.parse(out) };
      },
    };
  };
  const main = at(path.join(root, "passkeys"));
  fs.mkdirSync(main.folder);
  main.git("init", "--quiet", "--initial-branch=main");
  main.commit("first", { readme: "work\n" });
  await main.run("init");
  return {
    ...main,
    at,
    pass: shell.pass,
    worktree: (name) => {
      main.git("worktree", "add", "--quiet", "-b", name, path.join("..", name));
      return at(path.join(root, name));
    },
  };
};

export interface Ground {
  readonly repository: TestRepository;
  /** The shared worktree of the execution lane `lane-a`. */
  readonly lane: WorkTree;
}

/** Three packages with disjoint files in one execution lane, and one beside it. */
export const threePackages = async (): Promise<Ground> => {
  const repository = await gitRepository();
  await repository.must("mission", "create", "p", "Passkeys");
  for (const [id, owns] of [
    ["WP01", "src/login/**"],
    ["WP02", "src/auth/**"],
    ["WP03", "docs/*.md"],
  ] as const)
    await repository.must("wp", "add", "p", id, "--id", id, "--owns", owns, "--execution-lane", "lane-a");
  await repository.must("wp", "add", "p", "Beside", "--id", "WP04", "--owns", "beside/**");
  return { repository, lane: repository.worktree("lane-a") };
};

export const handOver = async (lane: WorkTree, ref: string): Promise<void> => {
  await lane.must("wp", "move", ref, "for_review", "--evidence", `commit=${lane.git("rev-parse", "HEAD")}`);
};
