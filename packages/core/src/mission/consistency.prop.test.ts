import { seededRandomness } from "@mission-ledger/testkit";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canonicalJson } from "../kernel/json.ts";
import { openMemoryStore } from "../kernel/memory-store.ts";
import type { ImportedEvent, MissionRequest } from "./commands.ts";
import { contradictions, contradictionsOf } from "./consistency.ts";
import { mission } from "./decider.ts";
import { Refused } from "./errors.ts";
import type { ArtifactVerdict, Rejection } from "./events.ts";
import { shownLanes } from "./lanes.ts";
import { ledgerOver, type MissionHandle } from "./ledger.ts";
import { commitsToShip } from "./shipping.ts";
import { findWorkPackage, type OpenMission, type WorkPackage } from "./state.ts";

const ids = ["WP01", "WP02"] as const;
const actors = ["ana", "ben", "cy"] as const;
const commit = "c".repeat(40);

interface Step {
  readonly what: number;
  readonly id: (typeof ids)[number];
  readonly who: (typeof actors)[number];
  readonly lane: (typeof shownLanes)[number];
  readonly approves: boolean;
  readonly made: boolean;
}

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({
    what: fc.nat({ max: 99 }),
    id: fc.constantFrom(...ids),
    who: fc.constantFrom(...actors),
    lane: fc.constantFrom(...shownLanes),
    approves: fc.boolean(),
    made: fc.boolean(),
  }),
  { minLength: 5, maxLength: 40, size: "max" },
);

interface Begin {
  readonly lane: "planned" | "approved" | "done";
  readonly forced: boolean;
  readonly file: ArtifactVerdict | null;
}

const begins: fc.Arbitrary<readonly Begin[]> = fc.tuple(
  ...ids.map(() =>
    fc.record({
      lane: fc.constantFrom("planned" as const, "approved" as const, "done" as const),
      forced: fc.boolean(),
      file: fc.constantFrom<ArtifactVerdict | null>(
        null,
        "approved",
        "changes_requested",
        "missing",
        "unreadable",
      ),
    }),
  ),
);

const sha256 = "a".repeat(64);

const imported = async (begin: readonly Begin[]): Promise<MissionHandle> => {
  const ledger = ledgerOver({ store: openMemoryStore(), actor: "ana", randomness: seededRandomness(3) });
  const handle = ledger.mission("m");
  const history = begin.flatMap(({ lane, forced, file }, index): readonly ImportedEvent[] => {
    const workPackageId = ids[index] as string;
    return [
      {
        type: "WorkPackageAdded",
        workPackageId,
        title: "T",
        dependsOn: [],
        owns: [],
        subtasks: [],
        executionLane: null,
      },
      {
        type: "HistoricTransitionRecorded",
        workPackageId,
        from: "genesis",
        to: lane,
        at: "2025-01-01T00:00:00Z",
        by: "otter",
        forced,
        sourceEventId: "e",
      },
      ...(file === null
        ? []
        : [
            {
              type: "HistoricReviewRecorded",
              workPackageId,
              file: "f.md",
              sha256,
              cycle: 1,
              verdict: file,
            } as const,
          ]),
    ];
  });
  await handle.execute({
    type: "BeginImport",
    source: "elsewhere",
    slug: "m",
    title: "M",
    missionId: "1",
    dependencyMetAt: "approved",
    files: [],
  });
  await handle.execute({ type: "ContinueImport", history });
  await handle.execute({
    type: "CompleteImport",
    rows: 0,
    transitions: 0,
    annotations: 0,
    otherRows: 0,
    findings: {},
  });
  return handle;
};

const stateOf = async (handle: MissionHandle): Promise<OpenMission> => {
  const state = await handle.state();
  if (state._tag === "Absent") throw new Error("absent");
  return state;
};
const packageIn = (state: OpenMission, id: string): WorkPackage => {
  const found = findWorkPackage(state, id);
  if (found === undefined) throw new Error(`no ${id}`);
  return found;
};

const rejectionFor = ({ made, approves }: Step, state: OpenMission, workPackage: WorkPackage): Rejection => {
  const [stands] = contradictionsOf(state, workPackage);
  if (stands !== undefined && !made) return stands.rejection;
  return approves
    ? { source: "verdict", cycle: workPackage.reviewCycle }
    : { source: "artifact", file: "f.md", sha256 };
};

const leaseMs = 3_600_000;

/** What a diligent team does next. */
const nextStep = ({ lane, id: workPackageId }: WorkPackage, { approves }: Step): MissionRequest => {
  const move = {
    type: "MoveWorkPackage",
    workPackageId,
    reason: "r",
    link: "https://example.org/1",
  } as const;
  switch (lane) {
    case "claimed":
      return { ...move, to: "in_progress" };
    case "in_progress":
      return { ...move, to: "for_review", evidence: [{ kind: "commit", ref: "abcdef1" }] };
    case "for_review":
      return { type: "ClaimWorkPackage", workPackageId, kind: "review", leaseMs };
    case "in_review":
      return { type: "SubmitReview", workPackageId, verdict: approves ? "approved" : "changes_requested" };
    case "approved":
      return { ...move, to: approves ? "done" : "in_progress" };
    case "done":
      return approves ? { type: "AddNote", workPackageId, text: "finished" } : { ...move, to: "in_progress" };
    case "blocked":
    case "canceled":
      return { type: "ForceWorkPackage", workPackageId, to: "planned", reason: "r" };
    default:
      return { type: "ClaimWorkPackage", workPackageId, kind: "implement", leaseMs };
  }
};

const requestOf = (step: Step, state: OpenMission, last: number): MissionRequest => {
  const { what, id: workPackageId, lane, approves } = step;
  const workPackage = packageIn(state, workPackageId);
  if (what < 60) return nextStep(workPackage, step);
  if (what < 67) return { type: "ForceWorkPackage", workPackageId, to: lane, reason: "r" };
  if (what < 75)
    return { type: "ForceWorkPackage", workPackageId, to: approves ? "done" : "approved", reason: "r" };
  if (what < 88)
    return {
      type: "OverrideVerdict",
      workPackageId,
      rejection: rejectionFor(step, state, workPackage),
      reason: "r",
    };
  return { type: "Undo", event: { revision: last }, reason: "r" };
};

/** Mostly whoever may. */
const actorOf = (
  request: MissionRequest,
  { claim, implementers }: WorkPackage,
  { who, made }: Step,
): string => {
  if (request.type === "ClaimWorkPackage" && request.kind === "review")
    return actors.find((actor) => !implementers.includes(actor)) ?? "dee";
  return made ? who : (claim?.holder ?? who);
};

/** What somebody sees of a package, but for what only ever grows and what a claim leaves. */
const seen = ({
  claim,
  fence,
  implementers,
  reviewCycle,
  forceCount,
  verdict = null,
  ...rest
}: WorkPackage) => ({
  ...rest,
  verdict,
});

describe("in any history of an imported mission", () => {
  test("contradictions block, overrides bind to one rejection, approvals clear, undo brings back", async () => {
    const met = new Map<string, number>();
    const meet = (what: string): void => void met.set(what, (met.get(what) ?? 0) + 1);
    await fc.assert(
      fc.asyncProperty(begins, steps, async (begin, drawn) => {
        const handle = await imported(begin);
        for (const step of drawn) {
          const before = await stateOf(handle);
          const head = await lastRevision(handle);
          const request = requestOf(step, before, head);
          const actor =
            request.type === "Undo"
              ? await actorAt(handle, head)
              : actorOf(request, packageIn(before, step.id), step);
          const events = await handle
            .execute(request, { actor })
            .then(({ events }) => events)
            .catch((error: unknown) => {
              if (error instanceof Refused) return null;
              throw error;
            });
          const now = await stateOf(handle);
          const [was, is] = [packageIn(before, step.id), packageIn(now, step.id)];
          const open = contradictions(now).filter(({ override }) => override === null);

          // An unresolved contradiction always blocks ship, and nothing else of the log does once all is closed.
          const closed = Object.values(now.workPackages).every(
            ({ lane }) => lane === "done" || lane === "canceled",
          );
          const anyDone = Object.values(now.workPackages).some(({ lane }) => lane === "done");
          const shipping = await refusalOf(handle, {
            type: "ShipMission",
            targetBranch: "main",
            commit,
            upstream: null,
            contains: commitsToShip(now).map(({ ref }) => ref),
          });
          if (open.length > 0) expect(shipping).toBe(closed ? "ReviewContradicted" : "MissionNotClosed");
          else expect(shipping).toBe(!closed ? "MissionNotClosed" : anyDone ? null : "NothingToShip");
          if (closed && open.length > 0) meet("blocked");
          if (shipping === null) meet("could be shipped");

          // Overrides are for what stands now, one for each rejection.
          for (const { overrides = [], lane } of Object.values(now.workPackages)) {
            expect(overrides.length).toBeLessThanOrEqual(2);
            expect(new Set(overrides.map(({ rejection }) => rejection.source)).size).toBe(overrides.length);
            if (overrides.length > 0) expect(["approved", "done", "blocked"]).toContain(lane);
          }
          if (events === null || events.length === 0) continue;
          if (request.type === "OverrideVerdict") {
            meet("overridden");
            const answered = (state: OpenMission): readonly Rejection[] =>
              contradictions(state).flatMap(({ override, rejection }) =>
                override === null ? [] : [rejection],
              );
            expect(answered(now)).toHaveLength(answered(before).length + 1);
            expect(contradictions(now).map(({ override: _, ...rest }) => rest)).toEqual(
              contradictions(before).map(({ override: _, ...rest }) => rest),
            );
          }
          if (request.type === "SubmitReview") {
            meet(request.verdict);
            expect(is.overrides).toBeUndefined();
            if (request.verdict === "approved") expect(contradictionsOf(now, is)).toEqual([]);
          }
          if (was.lane !== is.lane && is.lane !== "approved" && is.lane !== "done" && is.lane !== "blocked")
            expect(is.overrides).toBeUndefined();
          if (request.type === "Undo") {
            const named = events.find(({ type }) => type === "WorkPackageReverted");
            if (named === undefined || !("workPackageId" in named)) continue;
            const commandOf = await commandAt(handle, head);
            const then = packageIn((await handle.stateAt(commandOf - 1)) as OpenMission, named.workPackageId);
            expect(canonicalJson(seen(packageIn(now, named.workPackageId)))).toBe(canonicalJson(seen(then)));
            meet(then.artifact === undefined ? "undone" : "undone beside a file");
          }
        }
      }),
      { numRuns: 200 },
    );
    // The draw is worth something only if all of it was met.
    for (const what of [
      "blocked",
      "could be shipped",
      "overridden",
      "approved",
      "changes_requested",
      "undone beside a file",
    ])
      expect([what, (met.get(what) ?? 0) > 5]).toEqual([what, true]);
  });
});

const refusalOf = async (handle: MissionHandle, request: MissionRequest): Promise<string | null> => {
  const { command } = await handle.commandOf(request, { actor: "ops" });
  const decision = mission.decide(command, await handle.state());
  return decision._tag === "Left" ? decision.left._tag : null;
};

const eventsOf = async (handle: MissionHandle) => {
  const events = [];
  for await (const batch of handle.history()) events.push(...batch);
  return events;
};
const lastRevision = async (handle: MissionHandle): Promise<number> => (await eventsOf(handle)).length - 1;
const actorAt = async (handle: MissionHandle, revision: number): Promise<string> =>
  (await eventsOf(handle))[revision]?.actor ?? "";
/** The first revision of the command that the event belongs to. */
const commandAt = async (handle: MissionHandle, revision: number): Promise<number> => {
  const events = await eventsOf(handle);
  return events.findIndex(({ commandId }) => commandId === events[revision]?.commandId);
};
