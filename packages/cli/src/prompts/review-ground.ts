/** Facts about what is put before a reviewer: which repository, worktree and branch, and two commits that are there. */
import {
  limits,
  matchesGlob,
  type OpenMission,
  type PlaceName,
  type WorkPackage,
} from "@mission-ledger/core/mission";
import {
  changedFiles,
  type FileChange,
  type GitPlace,
  isGitFault,
  type Repository,
  readBranch,
  readDistance,
  readMergeBase,
  readRepository,
  resolveCommit,
  type WorkTreeFile,
  workTreeFiles,
} from "@mission-ledger/git";
import { counted } from "../output/counted.ts";
import { printable } from "../output/printable.ts";
import { CliError } from "../output/problem.ts";
import { shellQuote } from "../output/shell-quote.ts";
import { placeName } from "../workplace/places.ts";
import type { PromptHead, PromptPlace } from "./prompt-document.ts";

export interface ReviewQuestion {
  readonly place: GitPlace;
  readonly mission: OpenMission;
  readonly workPackage: WorkPackage;
  /** What the work is compared with, by a name or an id. @defaultValue the mission's target branch */
  readonly base?: string | undefined;
  /** What is reviewed. @defaultValue what the worktree has checked out */
  readonly head?: string | undefined;
  /** How a command is typed here. */
  readonly say: (command: string, rest: string) => string;
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

type Problem =
  | "base_unknown"
  | "nothing_checked_out"
  | "nothing_in_common"
  | "nothing_to_review"
  | "path_unprintable"
  | "several_bases"
  | "uncommitted";

const refused = (
  { mission, workPackage }: Pick<ReviewQuestion, "mission" | "workPackage">,
  problem: Problem,
  message: string,
  hint: string,
  details: Readonly<Record<string, unknown>> = {},
): CliError =>
  new CliError("NOT_REVIEWABLE", `${mission.slug}/${workPackage.id}: ${message}`, {
    hint,
    details: {
      mission: mission.slug,
      workPackageId: workPackage.id,
      invariant: "a reviewer is given two commits, and all of the work lies between them",
      problem,
      ...details,
    },
  });

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
  throw refused(
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
      throw refused(
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
    throw refused(
      question,
      "base_unknown",
      "nobody says what the work is compared with; it is not guessed",
      `Say it once: ${say("mission.set", `${shellQuote(slug)} --target <branch>`)}; or for this time: --base <commit>.`,
    );
  const branch = await readBranch(place, targetBranch);
  if (branch !== undefined) return { ref: branch.ref, commit: branch.commit };
  throw refused(
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
      throw refused(
        question,
        "nothing_in_common",
        `${head} and ${other} have no commit in common, or none that is here`,
        "Fetch what is missing (git fetch --unshallow), or name another base: --base <commit>.",
        { head, comparedWith: other },
      );
    case "Several":
      throw refused(
        question,
        "several_bases",
        `${head} and ${other} have ${found.commits.length} commits in common and none is the last`,
        `Say which: --base ${found.commits[0]}.`,
        { head, comparedWith: other, bases: found.commits },
      );
    case "One":
      if (found.commit !== head) return found.commit;
      throw refused(
        question,
        "nothing_to_review",
        `all of ${head} is in ${other}; there is nothing to review between them`,
        "Commit the work, check out its branch, or name both: --head <commit> --base <commit>.",
        { head, comparedWith: other },
      );
  }
};

/** Whoever claims may do so from another folder than the work is done in, so this keeps nobody from reviewing. */
const remarkElsewhere = (
  { id, implementedIn }: WorkPackage,
  worktree: PlaceName,
  { branch }: Pick<ReviewGround, "branch">,
): readonly string[] => {
  if (implementedIn === undefined) return [];
  const there = `${id} was claimed for work in ${printable(implementedIn.worktree.name)}`;
  const on = (name: string | null | undefined): string => (name == null ? "" : ` on ${printable(name)}`);
  if (implementedIn.worktree.id !== worktree.id)
    return [`${there}${on(implementedIn.branch)}, and this is ${printable(worktree.name)}${on(branch)}`];
  return implementedIn.branch === undefined || implementedIn.branch === branch
    ? []
    : [
        `${there}${on(implementedIn.branch) || " on no branch"}, and what is reviewed is${on(branch) || " on none"}`,
      ];
};

/** Copies of the ledger's logs change with every command; they are no part of the work. */
const ledgerFolder = ".mission-ledger/";

/** Most paths that are named. */
const mostNamed = 50;

/**
 * A change of a file that git knows, and a new file that the package owns, would be missing from what is reviewed. Other new
 * files are not the work.
 */
const remarkUncommitted = (question: ReviewQuestion, files: readonly WorkTreeFile[]): readonly string[] => {
  const found = files.filter(({ path }) => !path.startsWith(ledgerFolder));
  const missing = found.filter((file) => file._tag !== "Untracked" || owns(question.workPackage, file.path));
  const named = (some: readonly WorkTreeFile[]): readonly string[] =>
    some.slice(0, mostNamed).map(({ path }) => path);
  if (missing.length > 0)
    throw refused(
      question,
      "uncommitted",
      `${counted(missing.length, "change")} in the worktree ${missing.length === 1 ? "is" : "are"} not committed, such as ${printable(missing[0]?.path ?? "")}`,
      "Commit or stash them: a reviewer is shown commits alone.",
      { paths: named(missing), count: missing.length },
    );
  return found.length === 0
    ? []
    : [
        `${counted(found.length, "new file")} in the worktree ${found.length === 1 ? "is" : "are"} neither committed nor owned by ${question.workPackage.id}: ${named(found).slice(0, 5).map(printable).join(", ")}`,
      ];
};

/** Nobody can say what is outside of a package that owns nothing. An imported glob may be longer than ours ever are. */
export const owns = ({ owns: globs }: Pick<WorkPackage, "owns">, path: string): boolean =>
  globs.length === 0 || globs.some((glob) => glob.length <= limits.glob && matchesGlob(glob, path));

/** Commits that were handed over as evidence and are no part of what is reviewed. */
const evidenceOutside = async (
  place: GitPlace,
  { evidence }: WorkPackage,
  head: string,
): Promise<readonly string[]> =>
  (
    await Promise.all(
      evidence
        .filter(({ kind, ref }) => kind === "commit" && ref !== head)
        .map(async ({ ref }) => {
          try {
            const { commit } = await resolveCommit(place, ref);
            const { ahead } = await readDistance(place, commit, head);
            return ahead === 0 ? undefined : `the evidence names commit ${ref}, which is no part of ${head}`;
          } catch (error) {
            if (!isGitFault(error)) throw error;
            return `the evidence names commit ${ref}, which this repository does not have`;
          }
        }),
    )
  ).filter((remark) => remark !== undefined);
