/** What people and agents do with git while others write: every command that replaces files of the work tree. */
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";

export const openRepository = (folder, home) => {
  const env = {
    PATH: process.env.PATH,
    HOME: home,
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_AUTHOR_NAME: "rig",
    GIT_AUTHOR_EMAIL: "rig@example.org",
    GIT_COMMITTER_NAME: "rig",
    GIT_COMMITTER_EMAIL: "rig@example.org",
  };
  /** Answers whether git said yes. */
  const git = (...args) =>
    new Promise((resolve) => {
      const options = { env, cwd: folder, timeout: 60_000, maxBuffer: 1e8 };
      execFile(
        "git",
        ["-c", "gc.auto=0", "-c", "commit.gpgsign=false", ...args],
        options,
        (error, out, said) => resolve({ ok: error === null, out, said: `${out}${said}`.trim() }),
      );
    });
  return { folder, git, env };
};

const commitAll = async ({ git }, message) => {
  await git("add", "-A");
  return git("commit", "-q", "--allow-empty", "-m", message);
};

let files = 0;
/** Another file of the work tree, so that merges and rebases have something to carry beside the copies. */
const touch = ({ folder }) => {
  files += 1;
  writeFileSync(path.join(folder, `file-${files}`), `${files}\n`);
};

const topic = async (repository, base) => {
  const { git } = repository;
  await git("checkout", "-q", "-f", "-B", "topic", base);
  touch(repository);
  return commitAll(repository, "topic");
};

/** Whatever was left half done is given up, as a person does who wants to get on. */
const settle = async ({ git }) => {
  for (const what of ["merge", "rebase", "cherry-pick"]) await git(what, "--abort");
  await git("checkout", "-q", "-f", "main");
};

export const actions = {
  commit: (repository) => commitAll(repository, "work"),
  merge: async (repository) => {
    await commitAll(repository, "before");
    await topic(repository, "main~1");
    await repository.git("checkout", "-q", "-f", "main");
    touch(repository);
    await commitAll(repository, "main");
    const merged = await repository.git("merge", "-q", "--no-edit", "--autostash", "topic");
    if (!merged.ok) await settle(repository);
    return merged;
  },
  rebase: async (repository) => {
    await commitAll(repository, "before");
    await topic(repository, "main~1");
    const rebased = await repository.git("rebase", "-q", "--autostash", "main");
    if (!rebased.ok) await settle(repository);
    await repository.git("checkout", "-q", "-f", "main");
    return rebased;
  },
  "cherry-pick": async (repository) => {
    await commitAll(repository, "before");
    await topic(repository, "main~1");
    await repository.git("checkout", "-q", "-f", "main");
    const picked = await repository.git("cherry-pick", "--allow-empty", "topic");
    if (!picked.ok) await settle(repository);
    return picked;
  },
  stash: async ({ git }) => {
    const stashed = await git("stash", "push", "-q", "--include-untracked");
    const popped = await git("stash", "pop", "-q");
    if (!popped.ok) {
      await git("checkout", "-q", "-f", "main");
      await git("stash", "drop", "-q");
    }
    return { ok: stashed.ok && popped.ok, said: popped.said };
  },
  "checkout -f": async ({ git }) => {
    await git("checkout", "-q", "-f", "main~1");
    return git("checkout", "-q", "-f", "main");
  },
  "reset --hard": ({ git }) => git("reset", "-q", "--hard", "HEAD~1"),
  "clean -fdx": ({ git }) => git("clean", "-q", "-fdx"),
  gc: ({ git }) => git("gc", "-q", "--prune=now"),
  worktree: async ({ git, folder }) => {
    const added = await git("worktree", "add", "-q", "--detach", "-f", `${folder}-more`, "HEAD");
    const removed = await git("worktree", "remove", "--force", `${folder}-more`);
    return { ok: added.ok && removed.ok, said: `${added.said}${removed.said}` };
  },
};
