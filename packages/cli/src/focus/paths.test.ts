import type { TreeChange } from "@mission-ledger/git";
import { describe, expect, test } from "vitest";
import { ownedPaths } from "../preflight/owned-paths.ts";
import { pathsInTheWay, type SidesOfBase, sortPaths } from "./paths.ts";

const blob = { mode: "100644", object: "1".repeat(40) };
const changed = (path: string): TreeChange => ({ path, before: blob, after: { ...blob, mode: "100755" } });
const added = (path: string): TreeChange => ({ path, before: null, after: blob });
const sides = (here: readonly string[], there: readonly string[]): SidesOfBase => ({
  here: new Set(here),
  there: new Set(there),
});
const owned = { owns: (path: string) => path.startsWith("own/") };

describe("which paths are taken", () => {
  test("those that are owned and changed here alone", () => {
    const sorted = sortPaths(
      ["own/mine", "own/theirs", "own/both", "lib/mine", "lib/theirs"].map(changed),
      [sides(["own/mine", "own/both", "lib/mine"], ["own/theirs", "own/both", "lib/theirs"])],
      owned,
    );
    expect(sorted.taken.map(({ path }) => path)).toEqual(["own/mine"]);
    expect(sorted.upstreamOnly).toEqual(["own/theirs"]);
    expect(sorted.leftOut).toEqual(["lib/mine"]);
    expect(sorted.conflicts).toEqual([{ kind: "both_changed", path: "own/both", with: "own/both" }]);
  });

  test("with several merge bases only those of which all say so", () => {
    const { taken, conflicts, upstreamOnly } = sortPaths(
      ["own/sure", "own/doubtful", "own/theirs"].map(changed),
      [
        sides(["own/sure", "own/doubtful"], ["own/theirs"]),
        sides(["own/sure"], ["own/doubtful", "own/theirs"]),
      ],
      owned,
    );
    expect(taken.map(({ path }) => path)).toEqual(["own/sure"]);
    expect(conflicts.map(({ path }) => path)).toEqual(["own/doubtful"]);
    expect(upstreamOnly).toEqual(["own/theirs"]);
  });

  test("a file and a folder of one name are in each other's way unless the one goes", () => {
    expect(pathsInTheWay([added("own/a/b")], ["own/a"])).toEqual([
      { kind: "in_the_way", path: "own/a/b", with: "own/a" },
    ]);
    expect(pathsInTheWay([added("own/a")], ["own/a/b/c"])).toEqual([
      { kind: "in_the_way", path: "own/a", with: "own/a/b/c" },
    ]);
    const gone = { path: "own/a", before: blob, after: null };
    expect(pathsInTheWay([gone, added("own/a/b")], ["own/a", "own/ab"])).toEqual([]);
  });
});

describe("what a mission owns", () => {
  const workPackages = Object.fromEntries(
    (["planned", "in_progress", "approved", "done", "canceled"] as const).map((lane) => [
      lane,
      { id: lane, lane, owns: [`${lane}/**`, "shared.txt"] },
    ]),
  ) as unknown as Parameters<typeof ownedPaths>[0]["workPackages"];

  test("is what approved and done packages own; of all, the canceled ones are left out", () => {
    const closed = ownedPaths({ workPackages });
    expect(closed.workPackages).toEqual(["approved", "done"]);
    expect(closed.globs).toEqual(["approved/**", "shared.txt", "done/**"]);
    expect([closed.owns("done/a/b"), closed.owns("planned/a"), closed.owns("shared.txt")]).toEqual([
      true,
      false,
      true,
    ]);
    expect(ownedPaths({ workPackages }, { counted: "all" }).workPackages).not.toContain("canceled");
    expect(ownedPaths({ workPackages: {} }).owns("a")).toBe(false);
  });
});
