/** Facts about what is put before a reviewer: which repository, worktree and branch, and two commits that are there. */
import {
  changedFiles,
  type FileChange,
  type GitPlace,
  type Repository,
  readBranch,
  readMergeBase,
  readRepository,
  resolveCommit,
  workTreeFiles,
} from "@mission-ledger/git";
import type { Names } from "../command/names.ts";
import { printable } from "../output/printable.ts";
import { CliError } from "../output/problem.ts";
import { shellQuote } from "../output/shell-quote.ts";
import { placeName } from "../workplace/places.ts";
import { notReviewable, type WorkInQuestion } from "./not-reviewable.ts";
import type { PromptHead, PromptPlace } from "./prompt-document.ts";
import { evidenceOutside, remarkElsewhere, remarkUncommitted } from "./review-remarks.ts";

export interface ReviewQuestion extends WorkInQuestion {
  readonly place: GitPlace;
  /** What the work is compared with, by a name or an id. @defaultValue the mission's target branch */
  readonly base?: string | undefined;
  /** What is reviewed. @defaultValue what the worktree has checked out */
  readonly head?: string | undefined;
  /** How a command is typed here. */
  readonly say: Names["say"];
}

export interface ReviewGround
  extends Pick<
    PromptHead,
    "repository" | "worktree" | "branch" | "base" | "head" | "comparedWith" | "headFrom"
  > {
  readonly changes: readonly FileChange[];
  /** What a reviewer should know of, and what keeps nobody from reviewing. */
  readonly remarks: readonly string[];
}

/** Throws `NOT_REVIEWABLE`, and what git may. */
export const readReviewGround = async (question: ReviewQuestion): Promise<ReviewGround> => {
  const { place, workPackage } = question;
  const repository = await readRepository(place);
  const worktree = workTreeOf(repository, question);
  const reviewed = await headOf(repository, question);
  const comparedWith = await comparedWithOf(question);
  const base = await baseOf(question, comparedWith.commit, reviewed.head);
  const [changes, uncommitted, unreached] = await Promise.all([
    changedFiles(place, { from: base, to: reviewed.head }),
    reviewed.headFrom === "worktree" ? workTreeFiles(place) : [],
    evidenceOutside(place, workPackage, reviewed.head),
  ]);
  const named = promptPlace(worktree, question);
  return {
    repository: promptPlace(repository.commonDirectory, question),
    worktree: named,
    ...reviewed,
    base,
    comparedWith,
    changes,
    remarks: [
      ...remarkElsewhere(workPackage, named, reviewed),
      ...remarkUncommitted(question, uncommitted),
      ...unreached,
    ],
  };
};

const workTreeOf = ({ workTree }: Repository, { place }: ReviewQuestion): string => {
  if (workTree !== undefined) return workTree;
  throw new CliError(
    "USAGE",
    `${place.cwd} is in no work tree: the repository is bare, or this is git's own folder`,
    {
      hint: "Name the worktree that the work was done in: --worktree <folder>.",
    },
  );
};

/** A path is part of commands that a reviewer copies. */
const promptPlace = (path: string, question: ReviewQuestion): PromptPlace => {
  if (printable(path) === path) return { ...placeName(path), path };
  throw notReviewable(
    question,
    "path_unprintable",
    `the path ${printable(path)} holds characters that no command can show`,
    "Move the repository to a folder with a plain name.",
  );
};

const heads = "refs/heads/";

const headOf = async (
  repository: Repository,
  question: ReviewQuestion,
): Promise<Pick<ReviewGround, "branch" | "head" | "headFrom">> => {
  const { place, head: named } = question;
  if (named !== undefined) {
    const { commit, ref } = await resolveCommit(place, named);
    return {
      branch: ref?.startsWith(heads) === true ? ref.slice(heads.length) : null,
      head: commit,
      headFrom: "named",
    };
  }
  const { head } = repository;
  switch (head._tag) {
    case "Branch":
      return { branch: head.branch, head: head.commit, headFrom: "worktree" };
    case "Detached":
      return { branch: null, head: head.commit, headFrom: "worktree" };
    case "Unborn":
      throw notReviewable(
        question,
        "nothing_checked_out",
        `${head.branch} has no commit yet`,
        "Commit the work, or name what is reviewed: --head <commit>.",
      );
  }
};

const comparedWithOf = async (question: ReviewQuestion): Promise<PromptHead["comparedWith"]> => {
  const { place, mission, base: named, say } = question;
  if (named !== undefined) {
    const { commit, ref = null } = await resolveCommit(place, named);
    return { ref, commit };
  }
  const { targetBranch, slug } = mission;
  if (targetBranch === undefined)
    throw notReviewable(
      question,
      "base_unknown",
      "nobody says what the work is compared with; it is not guessed",
      `Say it once: ${say("mission.set", `${shellQuote(slug)} --target <branch>`)}; or for this time: --base <commit>.`,
    );
  const branch = await readBranch(place, targetBranch);
  if (branch !== undefined) return { ref: branch.ref, commit: branch.commit };
  throw notReviewable(
    question,
    "base_unknown",
    `the mission's target branch ${targetBranch} is not in this repository`,
    "Fetch it and make the branch, or say what the work is compared with: --base <commit>.",
    { targetBranch },
  );
};

const baseOf = async (question: ReviewQuestion, other: string, head: string): Promise<string> => {
  const found = await readMergeBase(question.place, head, other);
  switch (found._tag) {
    case "None":
      throw notReviewable(
        question,
        "nothing_in_common",
        `${head} and ${other} have no commit in common, or none that is here`,
        "Fetch what is missing (git fetch --unshallow), or name another base: --base <commit>.",
        { head, comparedWith: other },
      );
    case "Several":
      throw notReviewable(
        question,
        "several_bases",
        `${head} and ${other} have ${found.commits.length} commits in common and none is the last`,
        `Say which: --base ${found.commits[0]}.`,
        { head, comparedWith: other, bases: found.commits },
      );
    case "One":
      if (found.commit !== head) return found.commit;
      throw notReviewable(
        question,
        "nothing_to_review",
        `all of ${head} is in ${other}; there is nothing to review between them`,
        "Commit the work, check out its branch, or name both: --head <commit> --base <commit>.",
        { head, comparedWith: other },
      );
  }
};
