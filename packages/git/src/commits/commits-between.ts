/** The commits that lead from one point to another. */
import { checkCommitId } from "../repository/refs.ts";
import { GitFault } from "../run/faults.ts";
import { fieldsOf } from "../run/fields.ts";
import type { GitPlace } from "../run/git-place.ts";
import { runGit } from "../run/run-git.ts";

export interface Person {
  readonly name: string;
  readonly email: string;
  /** ISO 8601, in UTC. */
  readonly at: string;
}

export interface Commit {
  readonly commit: string;
  readonly parents: readonly string[];
  readonly tree: string;
  readonly author: Person;
  readonly committer: Person;
  /** First paragraph of the message, in one line. Bytes that are not UTF-8 are shown as U+FFFD. */
  readonly subject: string;
}

export interface CommitRange {
  /** Full commit id. These and what they build on are left out. @defaultValue the beginning of history */
  readonly from?: string;
  /** Full commit id, included. */
  readonly to: string;
  /** More commits than that are `GIT_LIMIT_EXCEEDED`. @defaultValue 10000 */
  readonly maxCount?: number;
}

const person = (who: "a" | "c"): readonly string[] => [`%${who}n`, `%${who}e`, `%${who}t`];
const format = ["%H", "%P", "%T", ...person("a"), ...person("c"), "%s"]
  .map((field) => `${field}%x00`)
  .join("");

/** Parents before children. Throws `GIT_NAME_INVALID`, `GIT_REVISION_MISSING`, `GIT_LIMIT_EXCEEDED`. */
export const commitsBetween = async (
  place: GitPlace,
  { from, to, maxCount = 10_000 }: CommitRange,
): Promise<readonly Commit[]> => {
  const { stdout } = await runGit(place, [
    "rev-list",
    "--topo-order",
    `--max-count=${maxCount + 1}`,
    "--no-commit-header",
    "--encoding=UTF-8",
    `--format=${format}`,
    checkCommitId(to),
    ...(from === undefined ? [] : [`^${checkCommitId(from)}`]),
    "--",
  ]);
  const fields = fieldsOf(stdout.at(-1) === 0x0a ? stdout.subarray(0, -1) : stdout, "rev-list");
  const commits: Commit[] = [];
  while (!fields.isAtEnd()) {
    const commit = fields.text().replace(/^\n/, "");
    const [parents, tree] = [fields.text().split(" ").filter(Boolean), fields.text()];
    const [author, committer] = [personOf(fields.text), personOf(fields.text)];
    commits.push({ commit, parents, tree, author, committer, subject: fields.text() });
  }
  if (commits.length > maxCount) throw tooMany(maxCount, to);
  return commits.reverse();
};

const personOf = (text: () => string): Person => ({ name: text(), email: text(), at: timeOf(text()) });

const lastSecond = 8_640_000_000_000;

/** Anybody may write any number there; `Date` knows no later one. */
const timeOf = (seconds: string): string =>
  new Date(Math.min(Number(seconds), lastSecond) * 1_000).toISOString();

const tooMany = (maxCount: number, to: string): GitFault =>
  new GitFault("GIT_LIMIT_EXCEEDED", `more than ${maxCount} commits lead to ${to}`, {
    hint: "Begin at a later commit, or allow more.",
    details: { limit: maxCount, to },
  });
