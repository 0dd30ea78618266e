import { missionCommands, seededRandomness } from "@mission-ledger/testkit";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { RecordedEvent } from "../kernel/event.ts";
import { deciderFold, type FoldSpec } from "../kernel/fold.ts";
import { commandHandler } from "../kernel/handle.ts";
import { canonicalJson } from "../kernel/json.ts";
import { openMemoryStore } from "../kernel/memory-store.ts";
import type { Projection } from "../kernel/projection.ts";
import { memorySnapshots } from "../kernel/snapshots.ts";
import type { MissionCommand } from "./commands.ts";
import { mission } from "./decider.ts";
import { Refused } from "./errors.ts";
import { type MissionEvent, missionCodec } from "./events.ts";
import { ledgerOver, type MissionHandle } from "./ledger.ts";
import { missionEvent } from "./schemas.ts";
import { findWorkPackage, type Mission, type WorkPackage } from "./state.ts";
import { board } from "./views/board.ts";
import { claims } from "./views/claims.ts";
import { lanesOfMission } from "./views/lanes.ts";
import { ready } from "./views/ready.ts";
import { reviews } from "./views/reviews.ts";

const views = [board, claims, lanesOfMission, ready, reviews] as readonly Projection<unknown, MissionEvent>[];

const worked = async (commands: readonly MissionCommand[]) => {
  const store = openMemoryStore();
  const snapshots = memorySnapshots();
  const time = { now: Date.UTC(2026, 0, 1) };
  const handler = commandHandler({
    store,
    decider: mission,
    codec: missionCodec,
    snapshots,
    snapshotEvery: 8,
  });
  for (const command of commands) {
    time.now = Math.max(time.now, Date.parse(command.at));
    await handler.attempt("mission-sample", command, { actor: command.actor })();
  }
  const ledger = ledgerOver({
    store,
    snapshots,
    snapshotEvery: 8,
    actor: "ana",
    clock: { now: () => time.now },
    randomness: seededRandomness(7),
  });
  return { store, sample: ledger.mission("sample") };
};

const eventsOf = async (sample: MissionHandle): Promise<readonly RecordedEvent[]> => {
  const events: RecordedEvent[] = [];
  for await (const batch of sample.history()) events.push(...batch);
  return events;
};

const packageIn = (state: Mission, id: string): WorkPackage => {
  const found = state._tag === "Open" ? findWorkPackage(state, id) : undefined;
  if (found === undefined) throw new Error(`no ${id}`);
  return found;
};

/** What people see of a package, but for what only ever grows, and the claim. */
const seen = ({
  claim: _,
  fence: __,
  implementers: ___,
  reviewCycle: ____,
  forceCount: _____,
  verdict = null,
  ...rest
}: WorkPackage) => ({ ...rest, verdict });

/** The state folded from nothing but the events. */
const replayed = (events: readonly RecordedEvent[]): unknown => {
  const spec = deciderFold(mission, missionCodec) as FoldSpec<unknown>;
  let state: unknown = structuredClone(spec.initial);
  for (const event of events) state = spec.stepInPlace(state, structuredClone(event)) ?? state;
  return state;
};

const undo = async (
  sample: MissionHandle,
  revision: number,
  actor: string,
): Promise<{ readonly written: number } | Refused> => {
  try {
    const receipt = await sample.execute(
      { type: "Undo", event: { revision }, reason: "a mistake" },
      { actor },
    );
    return { written: receipt.events.length };
  } catch (error) {
    if (error instanceof Refused) return error;
    throw error;
  }
};

describe("an undo in any history", () => {
  test("brings back what people see of the package, or is refused in words; replay and every view agree", async () => {
    let undone = 0;
    const obstacles = new Set<string>();
    await fc.assert(
      fc.asyncProperty(
        missionCommands({ maxSteps: 30 }),
        fc.array(fc.nat(), { minLength: 1, maxLength: 6 }),
        fc.boolean(),
        async (commands, picks, newest) => {
          const { sample } = await worked(commands);
          for (const [round, pick] of picks.entries()) {
            const events = await eventsOf(sample);
            // Mostly what was done lately: what came long ago has been built on.
            const back = newest || round > 0 ? pick % Math.min(4, events.length) : pick % events.length;
            const target = events[events.length - 1 - back] as RecordedEvent;
            const first = events.find(({ commandId }) => commandId === target.commandId) as RecordedEvent;
            const stateBefore = await sample.state();
            const outcome = await undo(sample, target.revision, target.actor);
            const after = await eventsOf(sample);
            const state = await sample.state();
            expect(canonicalJson(replayed(after))).toBe(canonicalJson(state));
            if (outcome instanceof Refused) {
              const { refusal, hint, code } = outcome;
              obstacles.add(refusal._tag === "CannotUndo" ? refusal.obstacle : refusal._tag);
              expect(after).toHaveLength(events.length);
              expect(refusal.invariant).not.toBe("");
              if (code === "CANNOT_UNDO") expect(hint).not.toBe("");
              continue;
            }
            expect(after).toHaveLength(events.length + outcome.written);
            if (outcome.written === 0) continue;
            undone += 1;
            const workPackageId = target.data.workPackageId;
            if (typeof workPackageId === "string") {
              const then = packageIn(await sample.stateAt(first.revision - 1), workPackageId);
              const now = packageIn(state, workPackageId);
              expect(seen(now)).toEqual(seen(then));
              // A claim is the one of then, or none; and no fence is ever given out twice.
              if (now.claim !== null)
                expect({ ...now.claim, leaseMs: 0, expiresAt: "" }).toEqual({
                  ...then.claim,
                  leaseMs: 0,
                  expiresAt: "",
                });
              expect(now.fence).toBe(packageIn(stateBefore, workPackageId).fence);
              // Never a way round review.
              const was = packageIn(stateBefore, workPackageId);
              if (was.lane !== now.lane) expect(["approved", "done"]).not.toContain(now.lane);
              for (const other of Object.keys(state._tag === "Open" ? state.workPackages : {}))
                if (other !== workPackageId)
                  expect(packageIn(state, other)).toEqual(packageIn(stateBefore, other));
            }
            for (const event of after.slice(events.length)) {
              const decoded = missionCodec.decode(event);
              if (decoded._tag === "Unknown") throw new Error(`unknown ${event.type}`);
              expect(missionEvent.safeParse(decoded.event).error).toBeUndefined();
            }
            for (const view of views) {
              const live = await sample.view(view);
              expect((await sample.view(view, { fromStart: true })).view).toEqual(live.view);
            }
            const cards = (await sample.view(board)).view.cards;
            const lanes = (await sample.view(lanesOfMission)).view;
            for (const one of Object.values(state._tag === "Open" ? state.workPackages : {})) {
              expect(cards[one.id]).toMatchObject({
                title: one.title,
                lane: one.lane,
                holder: one.claim?.holder ?? null,
                expiresAt: one.claim?.expiresAt ?? null,
                dependsOn: one.dependsOn,
                executionLane: one.executionLane,
                subtasks: Object.fromEntries(one.subtasks.map(({ id, done }) => [id, done])),
              });
              expect(lanes[one.id]).toBe(one.lane);
            }
            expect((await sample.view(ready)).view).toEqual(state);
            // Asked again, it is done already; by somebody else, it is not theirs to ask.
            const again = await undo(sample, target.revision, target.actor);
            expect(again).toEqual({ written: 0 });
            const other = await undo(sample, after.length - 1, "somebody else");
            expect(other).toBeInstanceOf(Refused);
          }
        },
      ),
      { numRuns: 100 },
    );
    // The draw is worth something only if much of it was undone, and the commonest obstacles were met.
    expect(undone).toBeGreaterThan(40);
    expect([...obstacles]).toEqual(expect.arrayContaining(["kind", "changed_since", "claim"]));
  });
});
