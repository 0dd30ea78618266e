/** What any commands come to is what they come to in memory: same answers, same events, same digests, over each server. */
import {
  commandHandler,
  type EventStore,
  isStoreFault,
  memorySnapshots,
  openMemoryStore,
  type StreamHead,
} from "@mission-ledger/core";
import {
  type MissionCommand,
  type MissionNotDone,
  type MissionReceipt,
  mission,
  missionCodec,
} from "@mission-ledger/core/mission";
import { missionCommands } from "@mission-ledger/testkit";
import fc from "fast-check";
import { expect, test } from "vitest";
import { readWhole } from "../stores/chain.mjs";
import { persist } from "../workers/persist.mjs";
import { describeTargets } from "./targets.ts";

const stream = "mission-sample";
const numRuns = 8;
/** Milliseconds. No further ledger is begun then: slow servers prove the law on fewer. */
const interruptAfterTimeLimit = 60_000;

type Answer =
  | { readonly _tag: "Done"; readonly eventIds: readonly string[]; readonly head: StreamHead }
  | { readonly _tag: "Not"; readonly reason: unknown };

/** What was answered, without what tells how: a repeat is one because the first answer was lost. */
const answerOf = async (
  handler: ReturnType<typeof handlerOver>,
  command: MissionCommand,
  commandId: string,
): Promise<Answer> => {
  const { answer } = await persist(async () => {
    const outcome = await handler.attempt(stream, command, { actor: command.actor, commandId })();
    if (outcome._tag === "Left" && isStoreFault(outcome.left)) throw outcome.left;
    return outcome;
  });
  if (answer._tag === "Left") return { _tag: "Not", reason: answer.left satisfies MissionNotDone };
  const { eventIds, revision, digest } = answer.right as MissionReceipt;
  return { _tag: "Done", eventIds, head: { revision, digest } };
};

const handlerOver = (store: EventStore) =>
  commandHandler({ store, decider: mission, codec: missionCodec, snapshots: memorySnapshots() });

const sealed = async (store: EventStore) =>
  (await readWhole(store, stream)).map(({ position: _, mark: __, ...event }) => event);

describeTargets("random commands", (ground) => {
  test("are answered and stored as in memory", async () => {
    const { open, place, wire, mayVanish } = ground();
    if (mayVanish) await wire?.interruptEvery(1_200);
    await fc.assert(
      fc.asyncProperty(missionCommands({ maxSteps: 16 }), async (commands) => {
        const [memory, store] = [openMemoryStore(), await open(place())];
        const [reference, handler] = [handlerOver(memory), handlerOver(store)];
        for (const [index, command] of commands.entries()) {
          const commandId = `step:${index}`;
          const wanted = await answerOf(reference, command, commandId);
          expect(await answerOf(handler, command, commandId), commandId).toEqual(wanted);
        }
        const fresh = handlerOver(store);
        const { answer: loaded } = await persist(() => fresh.load(stream));
        expect(loaded.state).toEqual((await reference.load(stream)).state);
        expect(await sealed(store)).toEqual(await sealed(memory));
        await store.close();
      }),
      { numRuns, interruptAfterTimeLimit, markInterruptAsFailure: false },
    );
    await wire?.calm();
  });
});
