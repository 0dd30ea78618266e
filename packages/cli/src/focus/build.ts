/** Makes the commits of a plan, and proves that they hold what was planned before anybody can see them. */
import {
  type Blob,
  changesOfCommits,
  commitsBetween,
  type GitPlace,
  isSameBlob,
  type RawCommit,
  readDistance,
  readRawCommits,
  treeChanges,
} from "@mission-ledger/git";
import { indexOfCommit, type PathContent, withScratch, writeCommit } from "@mission-ledger/git/write";
import { CliError } from "../output/problem.ts";
import { oneMessage, splitFrom } from "./message.ts";
import type { FocusPlan } from "./plan.ts";
import type { Overlay } from "./replay.ts";

export interface BuiltCommit {
  readonly commit: string;
  /** What it was made from; the last of several, where all are in one. */
  readonly source: string;
  readonly subject: string;
  readonly author: string;
  /** `as_it_is`: the very same commit. `whole`: all that its source changes, on another parent. `part`: some of it. */
  readonly how: "as_it_is" | "whole" | "part" | "all_in_one";
}

export interface BuiltBranch {
  readonly head: string;
  readonly commits: readonly BuiltCommit[];
}

/** The same plan gives the same ids. `keep` leaves the objects in the repository. Throws `FOCUS_UNVERIFIED`. */
export const buildFocus = (
  place: GitPlace,
  plan: FocusPlan,
  { keep }: { readonly keep: boolean },
): Promise<BuiltBranch> =>
  withScratch(
    place,
    async (scratch) => {
      const built =
        plan.strategy === "commits" ? await buildCommits(scratch, plan) : await buildOne(scratch, plan);
      await verify(scratch, plan, built.head);
      return built;
    },
    { keepObjects: keep },
  );

const buildCommits = async (scratch: GitPlace, plan: FocusPlan): Promise<BuiltBranch> => {
  const { base, taken, recipes, head } = plan;
  const index = await indexOfCommit(scratch, base);
  const original = new Map(taken.map(({ path, before }) => [path, before]));
  const raws = await readRawCommits(
    scratch,
    recipes.map(({ source }) => source.commit),
  );
  const commits: BuiltCommit[] = [];
  let overlay: Overlay = new Map();
  for (const recipe of recipes) {
    const { source, isSplit } = recipe;
    const tree = await index.writeTree(stepTo(overlay, recipe.overlay, original));
    overlay = recipe.overlay;
    const parents = recipe.parents.map((place) =>
      place === "base" ? base : (commits[place] as BuiltCommit).commit,
    );
    const raw = raws.get(source.commit) as RawCommit;
    const isTheSame = tree === raw.tree && parents.join() === raw.parents.join();
    const message = isSplit ? splitFrom(raw.message, source.commit) : raw.message;
    commits.push({
      commit: isTheSame ? source.commit : await writeCommit(scratch, { ...raw, tree, parents, message }),
      source: source.commit,
      subject: source.subject,
      author: source.author.name,
      how: isTheSame ? "as_it_is" : isSplit ? "part" : "whole",
    });
  }
  return { head: head === "base" ? base : (commits[head] as BuiltCommit).commit, commits };
};

/** The way from one overlay to the next, as changes of the index. */
const stepTo = (
  before: Overlay,
  after: Overlay,
  original: ReadonlyMap<string, Blob | null>,
): readonly PathContent[] => {
  const at = (overlay: Overlay, path: string): Blob | null =>
    overlay.has(path) ? (overlay.get(path) ?? null) : (original.get(path) ?? null);
  const paths = new Set([...before.keys(), ...after.keys()]);
  return [...paths].flatMap((path) => {
    const content = at(after, path);
    return isSameBlob(at(before, path), content) ? [] : [{ path, content }];
  });
};

const buildOne = async (scratch: GitPlace, plan: FocusPlan): Promise<BuiltBranch> => {
  const { base, taken, sources, mission, title } = plan;
  const index = await indexOfCommit(scratch, base);
  const tree = await index.writeTree(taken.map(({ path, after }) => ({ path, content: after })));
  const raws = await readRawCommits(
    scratch,
    sources.map(({ commit }) => commit),
  );
  const all = sources.map(({ commit, subject }) => ({ commit, subject, raw: raws.get(commit) as RawCommit }));
  const last = all.at(-1);
  if (last === undefined) return { head: base, commits: [] };
  const { author, committer } = last.raw;
  const message = oneMessage({ title, mission }, all);
  const commit = await writeCommit(scratch, { tree, parents: [base], author, committer, message });
  const { name } = (sources.at(-1) as (typeof sources)[number]).author;
  return {
    head: commit,
    commits: [{ commit, source: last.commit, subject: title, author: name, how: "all_in_one" }],
  };
};

/** Read again from the objects, by another way than they were made. */
const verify = async (scratch: GitPlace, plan: FocusPlan, head: string): Promise<void> => {
  const { base, source, taken, upstreamOnly, owned, mission } = plan;
  const [fromBase, toSource, distance, commits] = await Promise.all([
    treeChanges(scratch, { from: base, to: head }),
    treeChanges(scratch, { from: head, to: source }),
    readDistance(scratch, head, base),
    commitsBetween(scratch, { from: base, to: head }),
  ]);
  const wanted = new Map(taken.map(({ path, after }) => [path, after]));
  const stays = new Set(upstreamOnly);
  const steps = await changesOfCommits(
    scratch,
    commits.map(({ commit }) => commit),
  );
  const problems = [
    ...fromBase
      .filter(({ path, after }) => !wanted.has(path) || !isSameBlob(after, wanted.get(path) ?? null))
      .map(({ path }) => `${path} is neither the upstream's nor what was taken`),
    ...(fromBase.length === wanted.size ? [] : [`${fromBase.length} of ${wanted.size} paths were changed`]),
    ...toSource
      .filter(({ path }) => owned.owns(path) && !stays.has(path))
      .map(({ path }) => `${path} is owned and not as in the source`),
    ...[...steps].flatMap(([commit, changes]) =>
      changes.filter(({ path }) => !wanted.has(path)).map(({ path }) => `${commit} touches ${path}`),
    ),
    ...(distance.behind === 0 ? [] : [`it lacks ${distance.behind} commits of the upstream`]),
  ];
  if (problems.length === 0) return;
  throw new CliError(
    "FOCUS_UNVERIFIED",
    `${mission}: the focused branch is not what was planned: ${problems[0]}`,
    {
      hint: "No branch was made. This is a bug in mission-ledger; please report it with the details.",
      details: {
        mission,
        workPackageId: null,
        invariant: "owned paths are the source's, all others the upstream's",
        base,
        source,
        head,
        problems: problems.slice(0, 50),
      },
    },
  );
};
