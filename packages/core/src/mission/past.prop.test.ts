import { missionCommands } from "@mission-ledger/testkit";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { RecordedEvent } from "../kernel/event.ts";
import { deciderFold, type FoldSpec } from "../kernel/fold.ts";
import { commandHandler } from "../kernel/handle.ts";
import { openMemoryStore } from "../kernel/memory-store.ts";
import { type Projection, projectionFold } from "../kernel/projection.ts";
import { memorySnapshots } from "../kernel/snapshots.ts";
import { mission } from "./decider.ts";
import { type MissionEvent, missionCodec } from "./events.ts";
import { ledgerOver } from "./ledger.ts";
import { board } from "./views/board.ts";
import { claims } from "./views/claims.ts";
import { ready } from "./views/ready.ts";
import { reviews } from "./views/reviews.ts";

const views = [board, claims, ready, reviews] as readonly Projection<unknown, MissionEvent>[];

/** The plain meaning of the past: a prefix of the events, folded. */
const foldOf = (spec: FoldSpec<unknown>, events: readonly RecordedEvent[]): unknown => {
  let state: unknown = structuredClone(spec.initial);
  for (const event of events) state = spec.stepInPlace(state, structuredClone(event)) ?? state;
  return state;
};

describe("a mission at a moment", () => {
  test("is the fold of its events up to there, in every view, by revision, position and date", async () => {
    await fc.assert(
      fc.asyncProperty(missionCommands({ maxSteps: 25 }), fc.nat(), async (commands, pick) => {
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
        const ledger = ledgerOver({ store, snapshots, actor: "ana" });
        const sample = ledger.mission("sample");
        const events: RecordedEvent[] = [];
        for await (const batch of sample.history()) events.push(...batch);
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
});
