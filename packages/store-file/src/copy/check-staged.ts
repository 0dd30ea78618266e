/** What is about to be committed: whether each copy in git's index is whole. Reads what was staged, not the work tree. */
import path from "node:path";
import { type CopyContents, readCopy } from "../branches/read-copy.ts";
import { logSuffix } from "../layout.ts";
import { askGit, type GitProgram, runGit } from "../location/git.ts";
import { noWorkTree } from "../location/git-setup.ts";
import { folderName } from "../location/locate-ledger.ts";
import { decodeStreamName } from "../names.ts";

export interface StagedCopy {
  /** From the top of the work tree. */
  readonly path: string;
  readonly records: number;
  /** In words; empty if the copy is whole. */
  readonly problems: readonly string[];
}

export interface CheckStagedOptions {
  readonly cwd: string;
  readonly git?: GitProgram;
}

/** The staged copies of logs. Throws `STORE_MISSING` outside of a work tree, an `Error` if git does not answer. */
export const checkStagedCopies = ({ cwd, git }: CheckStagedOptions): readonly StagedCopy[] => {
  const listed = runGit(
    cwd,
    [
      "diff",
      "--cached",
      "--name-only",
      "--no-ext-diff",
      "--no-textconv",
      "--no-renames",
      "--diff-filter=ACMRT",
      "-z",
    ],
    git,
  );
  if (listed.status !== 0) {
    if (askGit(cwd, ["rev-parse", "--show-toplevel"], git) === undefined) throw noWorkTree(cwd);
    throw new Error(`git does not list what is staged: ${listed.stderr}`);
  }
  return listed.stdout
    .toString("utf8")
    .split("\0")
    .flatMap((name) => {
      const stream = streamOf(name);
      return stream === undefined ? [] : [check(cwd, name, stream, git)];
    });
};

const streamOf = (name: string): string | undefined =>
  path.posix.dirname(name) === `${folderName}/log` && name.endsWith(logSuffix)
    ? decodeStreamName(path.posix.basename(name, logSuffix))
    : undefined;

const check = (cwd: string, name: string, stream: string, git: GitProgram | undefined): StagedCopy => {
  const { status, stdout, stderr } = runGit(cwd, ["cat-file", "blob", `:${name}`], git);
  if (status !== 0) return { path: name, records: 0, problems: [`git does not give it: ${stderr}`] };
  const contents = readCopy(stdout, stream, path.posix.basename(name, logSuffix));
  return { path: name, records: contents.records.length, problems: problemsOf(contents) };
};

const problemsOf = ({ markers, problems, torn }: CopyContents): readonly string[] => [
  ...(markers > 0 ? [`${markers} conflict markers`] : []),
  ...(torn.length > 0 ? [`a torn last line of ${torn.length} bytes`] : []),
  ...problems
    .filter(({ kind }) => kind !== "newer_format")
    .slice(0, 5)
    .map(({ offset, why }) => `damage at byte ${offset} (${why})`),
];
