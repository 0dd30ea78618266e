/** Focused branches of random histories: side branches, merges of the upstream, renames, files that become folders, modes, bytes. */
import { execFileSync } from "node:child_process";
import type { GitPlace } from "@mission-ledger/git";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ownedPaths } from "../preflight/owned-paths.ts";
import { cloneEnvironment } from "../testing/clones.ts";
import { scratch } from "../testing/session.ts";
import { type BuiltBranch, buildFocus } from "./build.ts";
import { planFocus } from "./plan.ts";

const paths = ["a", "a/x", "a/y", "a/x/deep", "b/x", "b/y", "b", "c.txt"] as const;
const contents = ["one\n", "two\n", "\u0000\u0001binary", "a long line that renames are seen by\n".repeat(5)];

type Edit =
  | { readonly _tag: "Write"; readonly path: string; readonly content: string; readonly mode: string }
  | { readonly _tag: "Delete"; readonly path: string }
  | { readonly _tag: "Rename"; readonly from: string; readonly to: string };

interface Step {
  readonly side: "here" | "there";
  readonly edits: readonly Edit[];
  /** How many commits of its side back its first parent is. */
  readonly back: number;
  /** A second parent: how far back, on which side. */
  readonly merge: { readonly side: "here" | "there"; readonly back: number } | null;
}

const path = fc.constantFrom(...paths);
const edit: fc.Arbitrary<Edit> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      _tag: fc.constant("Write" as const),
      path,
      content: fc.constantFrom(...contents),
      mode: fc.constantFrom("100644", "100755", "120000"),
    }),
  },
  { weight: 2, arbitrary: fc.record({ _tag: fc.constant("Delete" as const), path }) },
  { weight: 2, arbitrary: fc.record({ _tag: fc.constant("Rename" as const), from: path, to: path }) },
);
const step: fc.Arbitrary<Step> = fc.record({
  side: fc.constantFrom("here", "here", "there"),
  edits: fc.array(edit, { maxLength: 3 }),
  back: fc.constantFrom(0, 0, 0, 1, 2),
  merge: fc.option(fc.record({ side: fc.constantFrom("here", "there"), back: fc.nat(2) }), { freq: 3 }),
});

type Tree = ReadonlyMap<string, string>;

/** What fast-import makes of an edit: a file where a folder was takes its place, and the other way round. */
const edited = (tree: Tree, one: Edit): Tree => {
  const next = new Map(tree);
  const remove = (name: string): void => {
    for (const each of [...next.keys()]) if (each === name || each.startsWith(`${name}/`)) next.delete(each);
  };
  const put = (name: string, value: string): void => {
    remove(name);
    for (const each of [...next.keys()]) if (name.startsWith(`${each}/`)) next.delete(each);
    next.set(name, value);
  };
  switch (one._tag) {
    case "Write":
      put(one.path, `${one.mode} ${one.content}`);
      return next;
    case "Delete":
      remove(one.path);
      return next;
    case "Rename": {
      const value = next.get(one.from);
      if (value === undefined || one.from === one.to) return next;
      remove(one.from);
      put(one.to, value);
      return next;
    }
  }
};

interface Ground {
  readonly place: GitPlace;
  readonly git: (...args: readonly string[]) => string;
  readonly base: string;
  readonly source: string;
}

/** One run of fast-import; every commit is given all its files, so that nothing depends on what a merge would make. */
const made = (steps: readonly Step[]): Ground => {
  const folder = scratch();
  const run = (input: string, ...args: readonly string[]): string =>
    execFileSync("git", ["-C", folder, ...args], {
      env: cloneEnvironment,
      input: Buffer.from(input, "latin1"),
    })
      .toString("latin1")
      .trimEnd();
  run("", "init", "--quiet", "--initial-branch=main");
  const trees: Tree[] = [];
  const sides: Record<"here" | "there", number[]> = { here: [0], there: [0] };
  const stream: string[] = [];
  const commit = (tree: Tree, parents: readonly number[], who: string): number => {
    const mark = trees.push(tree);
    const [first, ...others] = parents;
    stream.push(
      `commit refs/heads/made\nmark :${mark}\nauthor ${who} <${who}@example.org> ${1_767_000_000 + mark} +0200\ncommitter Grace <g@example.org> ${1_767_000_100 + mark} -0330\ndata ${who.length}\n${who}\n`,
      first === undefined ? "" : `from :${first + 1}\n`,
      ...others.map((parent) => `merge :${parent + 1}\n`),
      "deleteall\n",
      ...[...tree].map(([name, value]) => {
        const content = value.slice(7);
        return `M ${value.slice(0, 6)} inline ${name}\ndata ${content.length}\n${content}\n`;
      }),
      "\n",
    );
    return mark - 1;
  };
  const first = new Map([
    ["a/x", "100644 zero\n"],
    ["b/x", "100644 zero\n"],
    ["b/y", "100644 zero\n"],
    ["c.txt", "100644 zero\n"],
  ]);
  commit(first, [], "root");
  for (const { side, edits, back, merge } of steps) {
    const own = sides[side];
    const parent = own[Math.max(0, own.length - 1 - back)] as number;
    // What went here never comes to the upstream by a merge: that is what the branch is for.
    const other = merge === null || (side === "there" && merge.side === "here") ? undefined : merge;
    const from = other === undefined ? undefined : sides[other.side].at(-1 - other.back);
    const parents = from === undefined || from === parent ? [parent] : [parent, from];
    let tree = trees[parent] as Tree;
    if (parents.length === 2)
      for (const [name, value] of trees[from as number] as Tree)
        if (!tree.has(name))
          tree = edited(tree, {
            _tag: "Write",
            path: name,
            mode: value.slice(0, 6),
            content: value.slice(7),
          });
    for (const one of edits) tree = edited(tree, one);
    own.push(commit(tree, parents, `${side}${trees.length}`));
  }
  const tips = { here: sides.here.at(-1) as number, there: sides.there.at(-1) as number };
  stream.push(
    `reset refs/heads/here\nfrom :${tips.here + 1}\n\nreset refs/heads/there\nfrom :${tips.there + 1}\n\n`,
  );
  run(stream.join(""), "fast-import", "--quiet");
  const git = (...args: readonly string[]): string => run("", ...args);
  return {
    place: { cwd: folder, env: cloneEnvironment },
    git,
    base: git("rev-parse", "there"),
    source: git("rev-parse", "here"),
  };
};

const owned = ownedPaths({
  workPackages: {
    WP01: { id: "WP01", lane: "approved", owns: ["a", "a/**", "b/x"] },
  },
} as unknown as Parameters<typeof ownedPaths>[0]);

const treeOf = ({ git }: Ground, commit: string): Tree =>
  new Map(
    git("ls-tree", "-r", "-z", commit)
      .split("\0")
      .filter(Boolean)
      .map((line) => [line.slice(line.indexOf("\t") + 1), line.slice(0, line.indexOf("\t"))]),
  );

/** What the result has to hold, from whole trees and one merge base, told as simply as can be. */
const expected = (
  here: Tree,
  there: Tree,
  base: Tree,
): { readonly tree: Tree; readonly conflicts: readonly string[] } => {
  const tree = new Map(there);
  const conflicts: string[] = [];
  for (const name of new Set([...here.keys(), ...there.keys(), ...base.keys()])) {
    const [mine, theirs, old] = [here.get(name), there.get(name), base.get(name)];
    if (!owned.owns(name) || mine === old || mine === theirs) continue;
    if (theirs !== old) conflicts.push(name);
    else if (mine === undefined) tree.delete(name);
    else tree.set(name, mine);
  }
  return { tree, conflicts };
};

const isPossible = (tree: Tree): boolean =>
  [...tree.keys()].every((name) => [...tree.keys()].every((other) => !other.startsWith(`${name}/`)));

const question = ({ base, source }: Ground) => ({
  mission: { slug: "p", title: "Passkeys" },
  base,
  source,
  owned,
});

describe("a focused branch of any history", () => {
  test("holds the owned paths of the source and all others of the upstream, in the same commits every time, or names what is in conflict", async () => {
    const seen = { built: 0, conflict: 0, nothing: 0, several: 0, one_commit: 0, commits: 0 };
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 9 }), async (steps) => {
        const ground = made(steps);
        const refs = ground.git("for-each-ref");
        const plan = await planFocus(ground.place, question(ground));
        const [here, there] = [treeOf(ground, ground.source), treeOf(ground, ground.base)];
        if (plan.mergeBases.length === 1) {
          const { tree, conflicts } = expected(here, there, treeOf(ground, plan.mergeBases[0] as string));
          const found = plan.conflicts.filter(({ kind }) => kind === "both_changed").map((one) => one.path);
          expect(found.toSorted()).toEqual(conflicts.toSorted());
          expect(plan.conflicts.length > 0).toBe(conflicts.length > 0 || !isPossible(tree));
          if (plan.conflicts.length === 0) expect(plan.taken.length).toBe(differingIn(tree, there));
        } else seen.several += 1;
        if (plan.conflicts.length > 0) {
          seen.conflict += 1;
          return;
        }
        if (plan.taken.length === 0) {
          seen.nothing += 1;
          return;
        }
        seen.built += 1;
        seen[plan.strategy] += 1;
        const built: BuiltBranch = await buildFocus(ground.place, plan, { keep: true });
        const again = await buildFocus(ground.place, await planFocus(ground.place, question(ground)), {
          keep: false,
        });
        expect(again).toEqual(built);
        const result = treeOf(ground, built.head);
        if (plan.mergeBases.length === 1)
          expect(result).toEqual(expected(here, there, treeOf(ground, plan.mergeBases[0] as string)).tree);
        for (const name of new Set([...result.keys(), ...there.keys()]))
          if (!owned.owns(name)) expect(result.get(name), name).toBe(there.get(name));
        expect(ground.git("merge-base", built.head, ground.base)).toBe(ground.base);
        const authors = new Set(ground.git("log", "--format=%an %ad", "here").split("\n"));
        for (const author of ground.git("log", "--format=%an %ad", `there..${built.head}`).split("\n"))
          expect(authors).toContain(author);
        expect(ground.git("for-each-ref")).toBe(refs);
      }),
      { numRuns: 60 },
    );
    // A generator that never gets there would prove nothing.
    const { built, conflict, nothing, commits } = seen;
    expect(Math.min(built, conflict, nothing, commits), JSON.stringify(seen)).toBeGreaterThan(0);
  });
});

const differingIn = (one: Tree, other: Tree): number =>
  [...new Set([...one.keys(), ...other.keys()])].filter((name) => one.get(name) !== other.get(name)).length;
