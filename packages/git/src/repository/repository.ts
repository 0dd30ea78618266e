/** Which repository and which work tree a folder belongs to, and where its HEAD stands. */
import { sha256Hex } from "@mission-ledger/core";
import { unreadable } from "../run/faults.ts";
import type { GitPlace } from "../run/git-place.ts";
import { askGit } from "../run/run-git.ts";
import { type Head, readHead } from "./head.ts";

export interface Repository {
  /**
   * SHA-256 of the real path of `commonDirectory`: one for all worktrees of a repository, another for every other repository
   * on this machine, whatever their names. A repository that is moved gets another.
   */
  readonly id: string;
  /** Git's own folder that all worktrees share, as a real path. */
  readonly commonDirectory: string;
  /** Git's own folder of this worktree; the common one in the main worktree. */
  readonly gitDirectory: string;
  /** Top of the work tree; absent in a bare repository and inside of git's own folder. */
  readonly workTree?: string;
  /** Whether `workTree` was made by `git worktree add`. */
  readonly isLinkedWorktree: boolean;
  readonly isBare: boolean;
  /** History is cut somewhere: a merge base that is not found may lie beyond. */
  readonly isShallow: boolean;
  readonly objectFormat: "sha1" | "sha256";
  /** Work tree of the repository that this one is a submodule of. */
  readonly superproject?: string;
  readonly head: Head;
}

/** Throws `GIT_NO_REPOSITORY` and `GIT_UNTRUSTED`, and what every run of git may. */
export const readRepository = async (place: GitPlace): Promise<Repository> => {
  // The path comes last, because it alone may have line ends in it.
  const answer = await askGit(place, [
    "rev-parse",
    "--path-format=absolute",
    "--is-bare-repository",
    "--is-inside-work-tree",
    "--is-shallow-repository",
    "--show-object-format",
    "--git-common-dir",
  ]);
  const [bare, inside, shallow, format, ...rest] = answer.split("\n");
  const commonDirectory = path(rest.join("\n"));
  if (format !== "sha1" && format !== "sha256") throw unreadable("rev-parse", `object format ${format}`);
  const isInside = inside === "true";
  const [gitDirectory, workTree, superproject, head] = await Promise.all([
    askGit(place, ["rev-parse", "--absolute-git-dir"]).then(path),
    isInside
      ? askGit(place, ["rev-parse", "--path-format=absolute", "--show-toplevel"]).then(path)
      : undefined,
    isInside ? askGit(place, ["rev-parse", "--show-superproject-working-tree"]) : "",
    readHead(place),
  ]);
  return {
    id: sha256Hex(commonDirectory),
    commonDirectory,
    gitDirectory,
    ...(workTree === undefined ? {} : { workTree }),
    isLinkedWorktree: workTree !== undefined && gitDirectory !== commonDirectory,
    isBare: bare === "true",
    isShallow: shallow === "true",
    objectFormat: format,
    ...(superproject === "" ? {} : { superproject: path(superproject) }),
    head,
  };
};

/** A path that is not UTF-8 cannot be handed to Node, and one that was decoded with losses names another folder. */
const path = (text: string): string => {
  if (text === "" || text.includes("\ufffd"))
    throw unreadable("rev-parse", "a path that is empty or not UTF-8");
  return text;
};
