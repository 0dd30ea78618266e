/** From a name to the one commit it means. */

import { readHead } from "../repository/head.ts";
import { checkCommitId, invalidName, isRefName, type Ref, readRefs } from "../repository/refs.ts";
import { GitFault } from "../run/faults.ts";
import type { GitPlace } from "../run/git-place.ts";
import { runGit } from "../run/run-git.ts";

export interface ResolvedCommit {
  readonly commit: string;
  /** The full ref that the name stands for; absent for ids, and for a detached HEAD. */
  readonly ref?: string;
}

/**
 * Answers the only thing that `name` can mean: `HEAD`, a branch, a tag, a branch of a remote, a full ref, a commit id or the
 * beginning of one. Expressions such as `main~2` are no names. Throws `GIT_NAME_INVALID`, `GIT_REVISION_MISSING`, and
 * `GIT_REVISION_AMBIGUOUS` where git would choose.
 */
export const resolveCommit = async (place: GitPlace, name: string): Promise<ResolvedCommit> => {
  if (!isRefName(name)) throw invalidName(name, "a commit");
  const [refs, ids] = await Promise.all([refsCalled(place, name), idsBeginning(place, name)]);
  const meanings: readonly ResolvedCommit[] = [
    ...(name === "HEAD" ? await atHead(place) : []),
    ...(await Promise.all(
      refs.map(async (ref) => ({ commit: await commitOf(place, name, ref), ref: ref.ref })),
    )),
    ...ids.map((commit) => ({ commit })),
  ];
  const [only, ...others] = meanings;
  if (only === undefined) throw missing(name, "the repository has nothing of that name");
  if (others.length > 0) throw ambiguous(name, meanings);
  return only;
};

/** Whether the repository has this very commit. Throws `GIT_NAME_INVALID` for anything but a full id. */
export const hasCommit = async (place: GitPlace, id: string): Promise<boolean> =>
  (await peel(place, checkCommitId(id))) === id;

/** Source: gitrevisions(7), the places where git looks for a name. */
const refsCalled = async (place: GitPlace, name: string): Promise<readonly Ref[]> => {
  const places = ["refs/heads/", "refs/tags/", "refs/remotes/"].map((folder) => folder + name);
  const wanted = [...(name.startsWith("refs/") ? [name] : []), ...places];
  return (await readRefs(place, wanted)).filter(({ ref }) => wanted.includes(ref));
};

const atHead = async (place: GitPlace): Promise<readonly ResolvedCommit[]> => {
  const head = await readHead(place);
  switch (head._tag) {
    case "Branch":
      return [{ commit: head.commit, ref: head.ref }];
    case "Detached":
      return [{ commit: head.commit }];
    case "Unborn":
      return [];
  }
};

/** Git takes no beginning of less than four digits. */
const idsBeginning = async (place: GitPlace, name: string): Promise<readonly string[]> => {
  if (!/^[0-9a-f]{4,64}$/.test(name)) return [];
  const { stdout } = await runGit(place, ["rev-parse", `--disambiguate=${name}`]);
  const objects = stdout.toString("latin1").split("\n").filter(Boolean);
  const commits = await Promise.all(objects.map((id) => peel(place, id)));
  return objects.filter((id, index) => commits[index] === id);
};

const commitOf = async (place: GitPlace, name: string, { ref, object, type }: Ref): Promise<string> => {
  const commit = type === "commit" ? object : await peel(place, object);
  if (commit === undefined) throw missing(name, `${ref} leads to no commit`);
  return commit;
};

/** What a whole id leads to, through tags. */
const peel = async (place: GitPlace, id: string): Promise<string | undefined> => {
  const words = ["rev-parse", "--verify", "--quiet", "--end-of-options", `${id}^{commit}`] as const;
  const { status, stdout } = await runGit(place, words, { answers: [0, 1] });
  return status === 0 ? stdout.toString("latin1").trimEnd() : undefined;
};

const missing = (name: string, problem: string): GitFault =>
  new GitFault("GIT_REVISION_MISSING", `${JSON.stringify(name)} is no commit here: ${problem}`, {
    hint: "Fetch it, or give another name; git branch --all and git tag show what is there.",
    details: { name },
  });

const ambiguous = (name: string, meanings: readonly ResolvedCommit[]): GitFault =>
  new GitFault("GIT_REVISION_AMBIGUOUS", `${JSON.stringify(name)} may mean ${meanings.length} things`, {
    hint: "Give a full name such as refs/heads/main, or a full commit id.",
    details: { name, meanings },
  });
