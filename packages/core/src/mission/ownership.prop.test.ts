import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { matchesGlob } from "./globs.ts";
import { type Lane, laneNames } from "./lanes.ts";
import { judgeOwnership, type OwnershipVerdict } from "./ownership.ts";
import type { ChangedFile } from "./ownership-paths.ts";
import type { Claim, OpenMission, WorkPackage } from "./state.ts";

const at = "2026-03-01T10:00:00.000Z";
const place = { worktree: "here", branch: "work" };

const claims: fc.Arbitrary<Claim | null> = fc.option(
  fc.record({
    kind: fc.constantFrom("implement", "implement", "review"),
    holder: fc.constant("ada"),
    fence: fc.constant(1),
    leaseMs: fc.constant(1),
    expiresAt: fc.constantFrom("2026-03-01T09:00:00.000Z", at, "2026-03-01T10:00:00.001Z"),
    workplace: fc.record({
      host: fc.constant("host"),
      worktree: fc.constantFrom("here", "here", "there").map((id) => ({ id, name: id })),
      branch: fc.constantFrom("work", "work", "other", null),
    }),
  }),
);

const segment = fc.constantFrom("a", "b", "src");
const paths = fc.array(segment, { minLength: 1, maxLength: 3 }).map((all) => all.join("/"));
const globs = fc
  .array(fc.oneof(segment, fc.constantFrom("*", "**", "?")), { minLength: 1, maxLength: 3 })
  .map((all) => all.join("/"));

const workPackage = (id: string, lane: Lane, owns: readonly string[], claim: Claim | null): WorkPackage => ({
  id,
  title: id,
  lane,
  dependsOn: [],
  owns,
  executionLane: null,
  subtasks: [],
  claim,
  fence: 1,
  blockedFrom: null,
  implementers: [],
  evidence: [],
  reviewCycle: 0,
  subject: null,
  approvedBy: null,
  forceCount: 0,
});

const missions: fc.Arbitrary<readonly OpenMission[]> = fc
  .array(
    fc.array(
      fc.tuple(
        fc.oneof(fc.constantFrom<Lane>("claimed", "in_progress"), fc.constantFrom(...laneNames)),
        fc.array(globs, { maxLength: 2 }),
        claims,
      ),
      { maxLength: 3 },
    ),
    { maxLength: 2 },
  )
  .map((all) =>
    all.map((packages, index) => ({
      _tag: "Open",
      slug: `m${index}`,
      title: "",
      missionId: `m${index}`,
      dependencyMetAt: "approved",
      workPackages: Object.fromEntries(
        packages.map(([lane, owns, claim], nth) => [`WP${nth}`, workPackage(`WP${nth}`, lane, owns, claim)]),
      ),
      importing: false,
      importedFrom: null,
    })),
  );

const changes: fc.Arbitrary<readonly ChangedFile[]> = fc.array(
  fc.oneof(
    fc.record({ _tag: fc.constantFrom("Added", "Deleted", "Modified", "TypeChanged"), path: paths }),
    fc.record({ _tag: fc.constantFrom("Renamed", "Copied"), path: paths, from: paths }),
  ),
  { maxLength: 4 },
);

const judge = (of: readonly OpenMission[], files: readonly ChangedFile[]): OwnershipVerdict =>
  judgeOwnership({ missions: of, context: { place }, changes: files, at });

/** The slow and obvious reading of who is active here. */
const activeHere = (of: readonly OpenMission[]): readonly WorkPackage[] =>
  of
    .flatMap((mission) => Object.values(mission.workPackages))
    .filter(
      ({ lane, claim }) =>
        ["claimed", "in_progress"].includes(lane) &&
        claim?.kind === "implement" &&
        claim.workplace?.worktree?.id === "here" &&
        claim.workplace.branch === "work" &&
        claim.expiresAt > at,
    );

const touched = (change: ChangedFile): readonly string[] =>
  change._tag === "Renamed" ? [change.from, change.path] : [change.path];

const violated = (verdict: OwnershipVerdict): readonly string[] =>
  verdict._tag === "Violated" ? [...new Set(verdict.violations.map(({ path }) => path))].sort() : [];

describe("the ownership guard", () => {
  test("lets pass exactly what one package, worked on here by a live claim, owns", () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(missions, changes, (of, files) => {
        const verdict = judge(of, files);
        seen.add(verdict._tag);
        const [only, ...others] = activeHere(of);
        if (only === undefined) expect(["ContextMissing", "ContextStale"]).toContain(verdict._tag);
        else if (others.length > 0) expect(verdict._tag).toBe("ContextAmbiguous");
        else if (only.owns.length === 0) expect(verdict._tag).toBe("Invalid");
        else {
          const foreign = files
            .flatMap(touched)
            .filter((path) => !only.owns.some((glob) => matchesGlob(glob, path)));
          expect(verdict._tag).toBe(foreign.length === 0 ? "Ok" : "Violated");
          expect(violated(verdict)).toEqual([...new Set(foreign)].sort());
        }
      }),
      { numRuns: 5_000 },
    );
    expect([...seen].sort()).toEqual([
      "ContextAmbiguous",
      "ContextMissing",
      "ContextStale",
      "Invalid",
      "Ok",
      "Violated",
    ]);
  });

  test("answers the same in whatever order it is told of missions and files", () => {
    fc.assert(
      fc.property(missions, changes, (of, files) => {
        const [one, other] = [judge(of, files), judge(of.toReversed(), files.toReversed())];
        expect(other._tag).toBe(one._tag);
        expect(violated(other)).toEqual(violated(one));
      }),
    );
  });

  test("takes a rename for a deletion here and an addition there", () => {
    fc.assert(
      fc.property(missions, changes, (of, files) => {
        const apart = files.flatMap((change): readonly ChangedFile[] =>
          change._tag === "Renamed"
            ? [
                { _tag: "Deleted", path: change.from },
                { _tag: "Added", path: change.path },
              ]
            : [change],
        );
        const [whole, parts] = [judge(of, files), judge(of, apart)];
        expect(parts._tag).toBe(whole._tag);
        expect(violated(parts)).toEqual(violated(whole));
      }),
    );
  });

  test("never lets pass with one change more what it held up before", () => {
    fc.assert(
      fc.property(missions, changes, changes, (of, files, more) => {
        if (judge(of, files)._tag !== "Ok") expect(judge(of, [...files, ...more])._tag).not.toBe("Ok");
      }),
    );
  });

  test("says of every package that is not active why, and of every stale context at least one", () => {
    fc.assert(
      fc.property(missions, (of) => {
        const verdict = judge(of, []);
        if (verdict._tag !== "ContextStale") return;
        expect(verdict.inactive.length).toBeGreaterThan(0);
        for (const { reason } of verdict.inactive) expect(["lease_over", "branch_differs"]).toContain(reason);
      }),
    );
  });
});
