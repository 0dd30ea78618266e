/** What stands now where a prompt says that the work is, and in the repository that asks. */
import type { CancelSignal } from "@mission-ledger/core";
import type { PlaceName, PromptGround } from "@mission-ledger/core/mission";
import {
  type GitPlace,
  hasCommit,
  isGitFault,
  type Repository,
  readBranch,
  readRepository,
} from "@mission-ledger/git";
import type { Environment } from "../command/spec.ts";
import { observeWorkplace } from "../workplace/observe-workplace.ts";
import { placeName } from "../workplace/places.ts";
import type { PromptHead } from "./prompt-document.ts";
import { withoutRedirection } from "./worktree-environment.ts";

export interface GroundQuestion {
  /** Any folder of the repository that asks. */
  readonly cwd: string;
  readonly env: Environment;
  readonly signal: CancelSignal | undefined;
}

/** What is now where a prompt says that the work is. A place that is gone is no fault; a git that does not answer is. */
export const groundOf = async (check: GroundQuestion, head: PromptHead): Promise<PromptGround> => {
  const { env, signal } = check;
  const asking: GitPlace = { cwd: check.cwd, env, ...(signal === undefined ? {} : { signal }) };
  const there: GitPlace = { ...asking, cwd: head.worktree.path, env: withoutRedirection(env) };
  const [own, work, hasBase, hasHead] = await Promise.all([
    seenAt(asking, head.repository),
    seenAt(there, head.repository, head.worktree),
    hasIt(there, head.base),
    hasIt(there, head.head),
  ]);
  const { branch, head: commit } = head.headFrom === "worktree" ? work : await namedHead(there, head);
  return {
    repository: own.repository,
    worktree: work.worktree,
    worktreeRepository: work.repository,
    branch,
    head: commit,
    hasBase,
    hasHead,
  };
};

interface Seen extends Pick<PromptGround, "repository" | "worktree" | "branch" | "head"> {}

/**
 * What stands at a place. That it is what was expected can be read from git's own files, without starting git half a dozen
 * times; that it is not, only git says.
 */
const seenAt = async (place: GitPlace, repository: PlaceName, worktree?: PlaceName): Promise<Seen> => {
  const { cwd, env = {} } = place;
  const seen = await observeWorkplace({ cwd, env });
  if (
    seen.repository?.id === repository.id &&
    seen.branch !== undefined &&
    (worktree === undefined || seen.worktree?.id === worktree.id)
  )
    return {
      repository: seen.repository,
      worktree: seen.worktree ?? null,
      branch: seen.branch,
      head: seen.head ?? null,
    };
  const found = await repositoryAt(place);
  return {
    repository: placeOf(found?.commonDirectory),
    worktree: placeOf(found?.workTree),
    branch: found === undefined || found.head._tag === "Detached" ? null : found.head.branch,
    head: found === undefined || found.head._tag === "Unborn" ? null : found.head.commit,
  };
};

const placeOf = (directory: string | undefined): PlaceName | null =>
  directory === undefined ? null : placeName(directory);

/** `undefined` where there is none any more; a git that does not answer is no such thing, and passes through. */
const repositoryAt = async (place: GitPlace): Promise<Repository | undefined> => {
  try {
    return await readRepository(place);
  } catch (error) {
    if (isNoRepository(error)) return undefined;
    throw error;
  }
};

const isNoRepository = (error: unknown): boolean =>
  isGitFault(error) && (error.code === "GIT_NO_REPOSITORY" || error.code === "GIT_NO_WORK_TREE");

/** Where the branch that was named stands now; a commit alone stays where it is. */
const namedHead = async (
  place: GitPlace,
  { branch, head }: PromptHead,
): Promise<Pick<PromptGround, "branch" | "head">> => {
  if (branch === null) return { branch, head };
  try {
    const found = await readBranch(place, branch);
    return { branch: found?.branch ?? null, head: found?.commit ?? null };
  } catch (error) {
    if (isNoRepository(error)) return { branch: null, head: null };
    throw error;
  }
};

const hasIt = async (place: GitPlace, commit: string): Promise<boolean> => {
  try {
    return await hasCommit(place, commit);
  } catch (error) {
    if (isNoRepository(error)) return false;
    if (isGitFault(error) && (error.code === "GIT_NAME_INVALID" || error.code === "GIT_REVISION_MISSING"))
      return false;
    throw error;
  }
};
