/** What a merge brings: changes of the other side are not those of whoever concludes it. */
import fs from "node:fs";
import path from "node:path";
import type { ChangedFile } from "@mission-ledger/core/mission";
import { changedFiles, type FileChange, type GitPlace, readHead, readMergeBase } from "@mission-ledger/git";
import { locateGitDirectories } from "@mission-ledger/store-file";
import { gitEnvironment, isGitRedirected } from "../place/place.ts";

/** Commits that are being merged into HEAD; empty where no merge is under way. Source: gitrepository-layout(5), `MERGE_HEAD`. */
export const mergeHeads = ({ cwd, env = {} }: GitPlace): readonly string[] => {
  const git = { askGit: isGitRedirected(env), env: gitEnvironment(env) };
  const own = locateGitDirectories(cwd, { git })?.own();
  if (own === undefined) return [];
  try {
    const said = fs.readFileSync(path.join(own, "MERGE_HEAD"), "utf8");
    return said.split("\n").filter((line) => /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(line));
  } catch {
    return [];
  }
};

/**
 * The changes without those that one of the other sides made since it parted from HEAD, and which stand as it made them.
 * Where histories meet in more than one commit, or in none, all are kept.
 */
export const withoutMerged = async (
  place: GitPlace,
  staged: readonly FileChange[],
  others: readonly string[],
): Promise<readonly ChangedFile[]> => {
  const head = await readHead(place);
  if (head._tag === "Unborn") return staged;
  const theirs: ReadonlyMap<string, string>[] = [];
  for (const other of others) {
    const meeting = await readMergeBase(place, head.commit, other);
    if (meeting._tag === "One")
      theirs.push(outcomeOf(await changedFiles(place, { from: meeting.commit, to: other })));
  }
  const ours = outcomeOf(staged);
  return onSides(staged, (side) => !theirs.some((their) => their.get(side) === ours.get(side)));
};

/** What each path has become: its mode and object, or that it is gone. */
const outcomeOf = (changes: readonly FileChange[]): ReadonlyMap<string, string> => {
  const outcome = new Map<string, string>();
  for (const change of changes) {
    if (change._tag === "Renamed") outcome.set(change.from, "gone");
    if (change._tag === "Deleted") outcome.set(change.path, "gone");
    else if (change._tag === "Unmerged") outcome.set(change.path, "unmerged here");
    else outcome.set(change.path, `${change.after.mode} ${change.after.object}`);
  }
  return outcome;
};

/** The changes as far as they touch paths that count: of a rename, each side for itself. */
export const onSides = (
  changes: readonly FileChange[],
  counts: (path: string) => boolean,
): readonly ChangedFile[] =>
  changes.flatMap((change): readonly ChangedFile[] => {
    if (change._tag !== "Renamed") return counts(change.path) ? [change] : [];
    const [old, now] = [counts(change.from), counts(change.path)];
    if (old && now) return [change];
    if (old) return [{ _tag: "Deleted", path: change.from }];
    return now ? [{ _tag: "Added", path: change.path }] : [];
  });
