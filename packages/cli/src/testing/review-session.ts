/** A shell session in a git repository where a work package was handed over for review. */
import fs from "node:fs";
import path from "node:path";
import type { Io } from "../run/io.ts";
import { gitAt, gitEnvironment } from "./git.ts";
import { type Session, session } from "./session.ts";

export interface ReviewSession extends Session {
  /** Top of the work tree; another one than the session's scratch folder. */
  readonly top: string;
  git(...args: readonly string[]): string;
  /** Writes files and commits everything; answers the id. */
  commit(files: Readonly<Record<string, string>>): string;
  /** Claims, moves and hands over, with a commit as evidence. */
  handOver(ref: string, commit: string): Promise<void>;
}

export interface ReviewSessionOptions {
  /** @defaultValue "shop" */
  readonly name?: string;
  /** @defaultValue "passkeys" */
  readonly slug?: string;
  readonly io?: Partial<Io>;
}

/** `main` has one commit, the branch `lane-a` is checked out with the work; WP01 is up for review and owns `src/**`. */
export const reviewSession = async ({
  name = "shop",
  slug = "passkeys",
  io = {},
}: ReviewSessionOptions = {}): Promise<ReviewSession> => {
  const env = { ...gitEnvironment, MISSION_LEDGER_ACTOR: "ada", ...io.env };
  const outer = session();
  const top = path.join(outer.directory, name);
  fs.mkdirSync(top);
  const shell = session({ ...io, cwd: top, env, clock: outer.io().clock as NonNullable<Io["clock"]> });
  const git = gitAt(top);
  const commit: ReviewSession["commit"] = (files) => {
    for (const [file, text] of Object.entries(files)) {
      fs.mkdirSync(path.dirname(path.join(top, file)), { recursive: true });
      fs.writeFileSync(path.join(top, file), text);
    }
    git("add", "--all");
    git("commit", "--quiet", "--no-verify", "-m", "work");
    return git("rev-parse", "HEAD");
  };
  const must = async (...argv: readonly string[]): Promise<void> => {
    const { code, err } = await shell.run(...argv);
    if (code !== 0) throw new Error(`${argv.join(" ")}: ${err}`);
  };
  git("init", "--quiet", "--initial-branch=main");
  commit({ "README.md": "shop\n" });
  git("switch", "--quiet", "--create", "lane-a");
  const work = commit({ "src/login.ts": "export const login = 1;\n" });
  await must("init");
  await must("mission", "create", slug, "Passkeys");
  await must("wp", "add", slug, "Login form", "--id", "WP01", "--owns", "src/**", "--subtask", "T1 Form");
  const handOver: ReviewSession["handOver"] = async (ref, evidence) => {
    await must("wp", "claim", ref);
    await must("wp", "move", ref, "in_progress");
    await must("wp", "subtask", ref, "T1");
    await must("wp", "move", ref, "for_review", "--evidence", `commit=${evidence}`);
  };
  await handOver(`${slug}/WP01`, work);
  return { ...shell, pass: outer.pass, top, git, commit, handOver };
};
