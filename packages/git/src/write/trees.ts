/** Trees made from a commit's by replacing single paths, in an index of their own. */
import type { Blob } from "../changes/file-change.ts";
import { pathBytes } from "../path-text.ts";
import { checkCommitId } from "../repository/refs.ts";
import type { GitPlace } from "../run/git-place.ts";
import { askGit, runGit } from "../run/run-git.ts";

export interface PathContent {
  readonly path: string;
  /** `null` takes the path away. */
  readonly content: Blob | null;
}

export interface TreeIndex {
  /**
   * Replaces paths in the index, which keeps what earlier calls replaced, and answers the tree that it is then. A file that
   * stands where a folder is asked for, or the other way round, gives way: whoever calls compares the tree.
   */
  readonly writeTree: (changes: readonly PathContent[]) => Promise<string>;
}

/** The repository's own configuration must not bring a second file or other entries into the index. */
const settings: readonly string[] = [
  "core.splitIndex=false",
  "core.untrackedCache=false",
  "core.sparseCheckout=false",
  "core.sparseCheckoutCone=false",
  "index.sparse=false",
];

/** The index of `scratch`, with what the commit holds. Throws `GIT_REVISION_MISSING`. */
export const indexOfCommit = async (scratch: GitPlace, commit: string): Promise<TreeIndex> => {
  const nothing = `0 ${"0".repeat(checkCommitId(commit).length)}\t`;
  const entry = ({ path, content }: PathContent): readonly Buffer[] => [
    Buffer.from(content === null ? nothing : `${content.mode} ${content.object}\t`),
    pathBytes(path),
    Buffer.from([0]),
  ];
  await runGit(scratch, ["read-tree", commit], { settings });
  return {
    writeTree: async (changes) => {
      if (changes.length > 0) {
        // What goes comes first: a file may become a folder.
        const ordered = [
          ...changes.filter(({ content }) => content === null),
          ...changes.filter(({ content }) => content !== null),
        ];
        const input = Buffer.concat(ordered.flatMap(entry));
        await runGit(scratch, ["update-index", "-z", "--index-info"], { input, settings });
      }
      // In a partial clone objects that nobody looked at are not there, and none of them is new.
      return askGit(scratch, ["write-tree", "--missing-ok"], { settings });
    },
  };
};
