/** What is beside the two commits that a reviewer is given: what would be missing there is refused, the rest is remarked. */
import { limits, matchesGlob, type PlaceName, type WorkPackage } from "@mission-ledger/core/mission";
import {
  type GitPlace,
  isGitFault,
  readDistance,
  resolveCommit,
  type WorkTreeFile,
} from "@mission-ledger/git";
import { counted } from "../output/counted.ts";
import { printable } from "../output/printable.ts";
import { notReviewable, type WorkInQuestion } from "./not-reviewable.ts";
import type { PromptHead } from "./prompt-document.ts";

/** Whoever claims may do so from another folder than the work is done in, so this keeps nobody from reviewing. */
export const remarkElsewhere = (
  { id, implementedIn }: WorkPackage,
  worktree: PlaceName,
  { branch }: Pick<PromptHead, "branch">,
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
export const remarkUncommitted = (
  question: WorkInQuestion,
  files: readonly WorkTreeFile[],
): readonly string[] => {
  const found = files.filter(({ path }) => !path.startsWith(ledgerFolder));
  const missing = found.filter((file) => file._tag !== "Untracked" || owns(question.workPackage, file.path));
  const named = (some: readonly WorkTreeFile[]): readonly string[] =>
    some.slice(0, mostNamed).map(({ path }) => path);
  if (missing.length > 0)
    throw notReviewable(
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
export const evidenceOutside = async (
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
