/** Commits with nothing in them but what they are given: the same words give the same id, whoever runs it and when. */
import type { RawCommit } from "../commits/raw-commit.ts";
import type { GitPlace } from "../run/git-place.ts";
import { askGit } from "../run/run-git.ts";

/** Answers the id. No clock, no user's name, no signature and no hook has a part in it. */
export const writeCommit = async (place: GitPlace, commit: RawCommit): Promise<string> => {
  const { tree, parents, author, committer, encoding, message } = commit;
  const header = (name: string, value: Buffer | string): readonly Buffer[] => [
    Buffer.from(`${name} `),
    Buffer.from(value),
    Buffer.from("\n"),
  ];
  const input = Buffer.concat([
    ...header("tree", tree),
    ...parents.flatMap((parent) => header("parent", parent)),
    ...header("author", author),
    ...header("committer", committer),
    ...(encoding === undefined ? [] : header("encoding", encoding)),
    Buffer.from("\n"),
    message,
  ]);
  return askGit(place, ["hash-object", "-t", "commit", "-w", "--stdin"], { input });
};
