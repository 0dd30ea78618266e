import { missionCommands } from "@mission-ledger/testkit";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { applyDifferences, parsePath, valueAt } from "../kernel/differences.ts";
import type { RecordedEvent } from "../kernel/event.ts";
import { deciderFold, type FoldSpec } from "../kernel/fold.ts";
import { commandHandler } from "../kernel/handle.ts";
import type { ValueChange } from "../kernel/history.ts";
import type { Json } from "../kernel/json.ts";
import { openMemoryStore } from "../kernel/memory-store.ts";
import { type Projection, projectionFold } from "../kernel/projection.ts";
import { memorySnapshots } from "../kernel/snapshots.ts";
import type { MissionCommand } from "./commands.ts";
import { mission } from "./decider.ts";
import { type MissionEvent, missionCodec } from "./events.ts";
import { ledgerOver } from "./ledger.ts";
import { board } from "./views/board.ts";
import { claims } from "./views/claims.ts";
import { ready } from "./views/ready.ts";
import { reviews } from "./views/reviews.ts";
import { comparable, missionDifferences, shownMission, shownWorkPackage } from "./views/shown.ts";

const views = [board, claims, ready, reviews] as readonly Projection<unknown, MissionEvent>[];

/** The plain meaning of the past: a prefix of the events, folded. */
const foldOf = (spec: FoldSpec<unknown>, events: readonly RecordedEvent[]): unknown => {
  let state: unknown = structuredClone(spec.initial);
  for (const event of events) state = spec.stepInPlace(state, structuredClone(event)) ?? state;
  return state;
};

/** A mission after these commands, with snapshots on the way. */
const worked = async (commands: readonly MissionCommand[]) => {
  const store = openMemoryStore();
  const snapshots = memorySnapshots();
  const handler = commandHandler({
    store,
    decider: mission,
    codec: missionCodec,
    snapshots,
    snapshotEvery: 8,
  });
  for (const command of commands)
    await handler.attempt("mission-sample", command, { actor: command.actor })();
  const sample = ledgerOver({ store, snapshots, actor: "ana" }).mission("sample");
  const events: RecordedEvent[] = [];
  for await (const batch of sample.history()) events.push(...batch);
  return { sample, events };
};

describe("a mission at a moment", () => {
  test("is the fold of its events up to there, in every view, by revision, position and date", async () => {
    await fc.assert(
      fc.asyncProperty(missionCommands({ maxSteps: 25 }), fc.nat(), async (commands, pick) => {
        const { sample, events } = await worked(commands);
        const { revision, position, recordedAt } = events[pick % events.length] as RecordedEvent;
        const late = events.findIndex((event) => Date.parse(event.recordedAt) > Date.parse(recordedAt));
        const byDate = late < 0 ? events : events.slice(0, late);
        for (const view of views) {
          await sample.remember(view, await sample.view(view, { at: Math.max(0, revision - 3) }));
          const spec = projectionFold(view, missionCodec);
          const expected = foldOf(spec, events.slice(0, revision + 1));
          for (const at of [revision, { revision }, { position }])
            expect((await sample.view(view, { at })).view).toEqual(expected);
          expect((await sample.view(view, { at: { date: recordedAt } })).view).toEqual(foldOf(spec, byDate));
        }
        const state = deciderFold(mission, missionCodec) as FoldSpec<unknown>;
        expect(await sample.stateAt(revision)).toEqual(foldOf(state, events.slice(0, revision + 1)));
        expect(await sample.stateAt({ date: recordedAt })).toEqual(foldOf(state, byDate));
      }),
      { numRuns: 40 },
    );
  });

  test("differs from another moment by exactly what makes the one the other", async () => {
    await fc.assert(
      fc.asyncProperty(
        missionCommands({ maxSteps: 25 }),
        fc.nat(),
        fc.nat(),
        async (commands, one, other) => {
          const { sample, events } = await worked(commands);
          const [from, to] = [one % events.length, other % events.length];
          const [before, after] = [await sample.stateAt(from), await sample.stateAt(to)];
          const differences = await sample.diff(from, { revision: to });
          expect(differences).toEqual(missionDifferences(before, after));
          const ids = [before, after].flatMap((state) =>
            state._tag === "Open" ? Object.keys(state.workPackages) : [],
          );
          for (const id of new Set(ids)) {
            const own = differences.filter(({ workPackageId }) => workPackageId === id);
            const made = applyDifferences((comparable(before, id) ?? null) as Json, own);
            expect(made ?? null).toEqual(comparable(after, id) ?? null);
          }
          expect(
            differences.every(({ workPackageId }) => workPackageId === null || ids.includes(workPackageId)),
          ).toBe(true);
          if (from === to) expect(differences).toEqual([]);
        },
      ),
      { numRuns: 40 },
    );
  });

  test("has fields whose last change made them what they are", async () => {
    await fc.assert(
      fc.asyncProperty(missionCommands({ maxSteps: 25 }), fc.nat(), async (commands, pick) => {
        const { sample, events } = await worked(commands);
        const at = pick % events.length;
        const state = await sample.stateAt(at);
        if (state._tag === "Absent") throw new Error("a mission begins with its first event");
        for (const one of Object.values(state.workPackages)) {
          const shown = shownWorkPackage(state, one);
          for (const field of [
            "lane",
            "claim",
            "claim.holder",
            "evidence",
            "verdict",
            "waitsFor",
            "subtasks.0.done",
          ]) {
            const path = parsePath(field, shown);
            const changes: ValueChange[] = [];
            for await (const change of sample.explain(path, { workPackageId: one.id, at }))
              changes.push(change);
            expect(changes.at(-1)?.after).toEqual(valueAt(shown, path));
            // Each begins where the one before ended, and none of them changed nothing.
            for (const [index, { before, after, event }] of changes.entries()) {
              expect(before).toEqual(changes[index - 1]?.after);
              expect(after).not.toEqual(before);
              expect(event.revision).toBeLessThanOrEqual(at);
            }
          }
        }
        for (const field of ["title", "done", "lanes.planned"]) {
          const changes: ValueChange[] = [];
          for await (const change of sample.explain(parsePath(field), { at })) changes.push(change);
          expect(changes.at(-1)?.after).toEqual(valueAt(shownMission(state), parsePath(field)));
        }
      }),
      { numRuns: 25 },
    );
  });
});
