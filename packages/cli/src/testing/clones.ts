/** A bare repository and a clone of it with a ledger, for tests: real git, fixed dates, nobody's own configuration, no network. */
import { execFileSync, spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import type { Io } from "../run/io.ts";
import { gitAt, gitEnvironment } from "./git.ts";
import { type Ran, type Session, scratch, session } from "./session.ts";

/** Who commits is somebody else than who wrote. */
export const cloneEnvironment: Readonly<Record<string, string>> = {
  ...gitEnvironment,
  GIT_COMMITTER_NAME: "Grace",
  GIT_COMMITTER_EMAIL: "grace@example.org",
  MISSION_LEDGER_ACTOR: "tester",
};

export type Files = Readonly<Record<string, string | Buffer | null>>;

export interface Clone {
  readonly folder: string;
  readonly origin: string;
  readonly shell: Session;
  /** Runs git as a person would, and answers what it prints. */
  readonly git: (...args: readonly string[]) => string;
  /** The same in the bare repository. */
  readonly there: (...args: readonly string[]) => string;
  readonly write: (files: Files) => void;
  /** Writes (`null` removes), stages everything and commits; answers the id. */
  readonly commit: (message: string, files?: Files) => string;
  /** What somebody else does on the remote: commits on a branch there, by way of a clone of their own. */
  readonly commitThere: (message: string, files: Files, branch?: string) => string;
  /** Runs one printed command: `mled …` here, everything else in a shell. */
  readonly type: (command: string) => Promise<Ran>;
}

const gitOf = (folder: string, env: Readonly<Record<string, string>> = {}) =>
  gitAt(folder, { ...cloneEnvironment, ...env });

const writeAt =
  (folder: string) =>
  (files: Files): void => {
    for (const [name, content] of Object.entries(files)) {
      const file = path.join(folder, name);
      if (content === null) {
        fs.rmSync(file, { recursive: true, force: true });
        continue;
      }
      fs.mkdirSync(path.dirname(file), { recursive: true });
      fs.writeFileSync(file, content);
    }
  };

/** `mission` is `p` with a package that owns `src/login/**`; its target is `main`, with one commit, in sync. */
export const clone = async ({
  files = { "readme.md": "shop\n", "src/login/form.ts": "form\n" },
  changes = {},
  name = "here",
}: {
  readonly files?: Files;
  readonly changes?: Partial<Io>;
  readonly name?: string;
} = {}): Promise<Clone> => {
  const root = fs.realpathSync(scratch());
  const origin = path.join(root, "origin.git");
  const folder = path.join(root, name);
  fs.mkdirSync(origin);
  const there = gitOf(origin);
  there("init", "--quiet", "--bare", "--initial-branch=main");
  const seed = path.join(root, "seed");
  there("clone", "--quiet", origin, seed);
  const elsewhere = gitOf(seed, { GIT_AUTHOR_NAME: "Eve", GIT_AUTHOR_EMAIL: "eve@example.org" });
  elsewhere("checkout", "--quiet", "-B", "main");
  writeAt(seed)(files);
  elsewhere("add", "--all");
  elsewhere("commit", "--quiet", "-m", "one");
  elsewhere("push", "--quiet", "origin", "main");
  there("clone", "--quiet", origin, folder);
  const git = gitOf(folder);
  const write = writeAt(folder);
  const shell = session({ cwd: folder, env: cloneEnvironment, ...changes });
  for (const line of [
    ["init"],
    ["mission", "create", "p", "Passkeys", "--target", "main"],
    ["wp", "add", "p", "Login", "--id", "WP01", "--owns", "src/login/**"],
  ]) {
    const ran = await shell.run(...line);
    if (ran.code !== 0) throw new Error(ran.err);
  }
  return {
    folder,
    origin,
    shell,
    git,
    there,
    write,
    commit: (message, written = {}) => {
      write(written);
      git("add", "--all");
      git("commit", "--quiet", "--allow-empty", "--no-verify", "-m", message);
      return git("rev-parse", "HEAD");
    },
    commitThere: (message, written, branch = "main") => {
      elsewhere("fetch", "--quiet", "origin");
      elsewhere("checkout", "--quiet", "-B", branch, `origin/${branch}`);
      writeAt(seed)(written);
      elsewhere("add", "--all");
      elsewhere("commit", "--quiet", "--allow-empty", "-m", message);
      elsewhere("push", "--quiet", "origin", branch);
      return elsewhere("rev-parse", "HEAD");
    },
    type: async (command) => {
      if (command.startsWith("mled ")) {
        const words = execFileSync("sh", ["-c", `printf '%s\\0' ${command.slice(5)}`]).toString("utf8");
        return shell.run(...words.split("\0").slice(0, -1));
      }
      const { status, stdout, stderr } = spawnSync("sh", ["-c", command], {
        cwd: folder,
        env: cloneEnvironment,
        stdio: ["ignore", "pipe", "pipe"],
      });
      return { code: status ?? -1, out: stdout.toString("utf8"), err: stderr.toString("utf8") };
    },
  };
};

/** Walks a package of `p` to a lane by force, where how it came there does not matter. */
export const forceTo = async (
  { shell }: Pick<Clone, "shell">,
  lane: "approved" | "done",
  id = "WP01",
): Promise<void> => {
  const { code, err } = await shell.run("wp", "force", `p/${id}`, lane, "--reason", "test");
  if (code !== 0) throw new Error(err);
};

/** Claims, implements and has approved a package by others, as it is meant. */
export const approve = async ({ shell }: Pick<Clone, "shell">, id = "WP01", mission = "p"): Promise<void> => {
  const ref = `${mission}/${id}`;
  for (const line of [
    ["wp", "claim", ref, "--as", "ada"],
    ["wp", "move", ref, "in_progress", "--as", "ada"],
    ["wp", "move", ref, "for_review", "--as", "ada", "--evidence", "file=readme.md"],
    ["review", "start", ref, "--as", "bob"],
    ["review", "submit", ref, "--as", "bob", "--verdict", "approved", "--notes", "fine"],
  ]) {
    const ran = await shell.run(...line);
    if (ran.code !== 0) throw new Error(`${line.join(" ")}: ${ran.err}`);
  }
};
