import {
  type Counter,
  type CounterCommand,
  type CounterEvent,
  type CounterRefusal,
  counter,
  counterCodec,
  counterLimit,
} from "@mission-ledger/testkit";
import fc from "fast-check";
import * as E from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";
import { fold } from "./decider.ts";
import { emptyHead, type RecordedEvent } from "./event.ts";
import type { AppendRequest, EventStore } from "./event-store.ts";
import { StoreFault } from "./faults.ts";
import { commandHandler } from "./handle.ts";
import { openMemoryStore } from "./memory-store.ts";
import type { NotDone, Receipt } from "./receipt.ts";

type Answer = E.Either<NotDone<CounterRefusal>, Receipt<Counter, CounterEvent>>;

const stream = "counter-1";
const at = "2026-01-01T00:00:00.000Z";
const add = (amount: number): CounterCommand => ({ type: "Add", at, amount });
const close: CounterCommand = { type: "Close", at };

const handlerOn = (store: EventStore) => commandHandler({ store, decider: counter, codec: counterCodec });

const together = (store: EventStore, commands: readonly CounterCommand[]): Promise<readonly Answer[]> => {
  const handler = handlerOn(store);
  return Promise.all(
    commands.map((command, index) =>
      handler.attempt(stream, command, { actor: "ana", commandId: `c${index}` })(),
    ),
  );
};

const all = async (store: EventStore): Promise<readonly RecordedEvent[]> => {
  const events: RecordedEvent[] = [];
  for await (const batch of store.read(stream)) events.push(...batch);
  return events;
};

const told = (answer: Answer): string => {
  if (E.isRight(answer)) return `total ${answer.right.state.total}`;
  const reason = answer.left;
  return reason instanceof StoreFault ? reason.code : reason._tag;
};

/** A store whose appends fail for some commands, before anything is written. */
const failing = (store: EventStore, fails: (request: AppendRequest) => boolean): EventStore => ({
  ...store,
  append: async (request) => {
    if (fails(request))
      throw new StoreFault("STORAGE_FULL", "no room", { outcome: "not_written", retryable: true });
    return store.append(request);
  },
});

describe("commands in flight on one stream", () => {
  test("are each decided once, on what those before them leave", async () => {
    const store = openMemoryStore();
    const asked: boolean[] = [];
    const watched: EventStore = {
      ...store,
      append: (request) =>
        store.append({
          ...request,
          decideAgain: (missed, head) => {
            asked.push(true);
            return request.decideAgain?.(missed, head);
          },
        }),
    };
    const answers = await together(
      watched,
      Array.from({ length: 20 }, () => add(1)),
    );
    expect(answers.map(told)).toEqual(answers.map((_, index) => `total ${index + 1}`));
    expect(answers.every((answer) => E.isRight(answer) && answer.right.attempts === 1)).toBe(true);
    expect(asked).toEqual([]);
  });

  test("are refused on what those before them leave, once that is proven", async () => {
    const answers = await together(openMemoryStore(), [add(5), close, add(5), close]);
    expect(answers.map(told)).toEqual(["total 5", "total 5", "CounterClosed", "CounterClosed"]);
  });

  test("are not refused for what was never written", async () => {
    const store = openMemoryStore();
    const answers = await together(
      failing(store, ({ commit }) => commit.commandId === "c1"),
      [add(5), close, add(5)],
    );
    expect(answers.map(told)).toEqual(["total 5", "STORAGE_FULL", "total 10"]);
    expect((await all(store)).map(({ commandId }) => commandId)).toEqual(["c0", "c2"]);
  });

  test("are decided again, from what is known, when one before them fails", async () => {
    const store = openMemoryStore();
    await together(store, [add(7)]);
    const handler = handlerOn(failing(store, ({ commit }) => commit.commandId === "lost"));
    const run = (command: CounterCommand, commandId: string) =>
      handler.attempt(stream, command, { actor: "ana", commandId })();
    const answers = await Promise.all([
      run(add(1), "x"),
      run(add(20), "lost"),
      run(add(3), "y"),
      run(add(4), "z"),
    ]);
    expect(answers.map(told)).toEqual(["total 8", "STORAGE_FULL", "total 11", "total 15"]);
  });

  test("show nobody a state that is not proven", async () => {
    const store = openMemoryStore();
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const slow: EventStore = {
      ...store,
      append: async (request) => {
        await held;
        return store.append(request);
      },
    };
    const handler = handlerOn(slow);
    const running = [add(5), close].map((command) => handler.attempt(stream, command, { actor: "ana" })());
    expect((await handler.load(stream)).state).toEqual({ total: 0, closed: false });
    let refused = false;
    const third = handler
      .attempt(stream, add(1), { actor: "ana" })()
      .then((answer) => {
        refused = true;
        return answer;
      });
    for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
    expect(refused).toBe(false);
    release();
    expect((await Promise.all([...running, third])).map(told)).toEqual([
      "total 5",
      "total 5",
      "CounterClosed",
    ]);
  });

  describe("beside one whose readback fails", () => {
    const failed = () =>
      new StoreFault("READBACK_FAILED", "other bytes", { outcome: "unknown", retryable: true });
    const turns = async (count: number): Promise<void> => {
      for (let turn = 0; turn < count; turn += 1) await Promise.resolve();
    };
    /** The readback of "bad" fails after so many turns of the queue; that of others passes at once. */
    const failingReadback = (store: EventStore, late: number, isDamaged: boolean): EventStore => ({
      ...store,
      readBack: async (appended) => {
        if (appended.commit.commandId !== "bad") return store.readBack(appended);
        await turns(late);
        throw failed();
      },
      read: async function* (name, options) {
        for await (const batch of store.read(name, options))
          yield batch.filter(({ commandId }) => !isDamaged || commandId !== "bad");
      },
    });
    const answersOn = async (store: EventStore): Promise<readonly Answer[]> => {
      const handler = handlerOn(store);
      const run = (command: CounterCommand, commandId: string) =>
        handler.attempt(stream, command, { actor: "ana", commandId })();
      await run(add(1), "first");
      return Promise.all([run(add(20), "bad"), run(add(300), "behind")]);
    };

    test.each([0, 1, 3, 40])("get no state that rests on it (it fails after %d turns)", async (late) => {
      const answers = await answersOn(failingReadback(openMemoryStore(), late, true));
      expect(answers.map(told)).toEqual(["READBACK_FAILED", "LOG_CORRUPT"]);
      expect(answers.map((answer) => (E.isLeft(answer) ? answer.left : undefined))).toMatchObject([
        { outcome: "unknown" },
        { outcome: "unknown", details: { stream, commandId: "behind" } },
      ]);
    });

    test.each([0, 1, 3, 40])("get their state from the log if that has it (after %d turns)", async (late) => {
      const answers = await answersOn(failingReadback(openMemoryStore(), late, false));
      expect(answers.map(told)).toEqual(["READBACK_FAILED", "total 321"]);
    });

    test("get the state at their own revision, although the log has gone on", async () => {
      const store = openMemoryStore();
      const base = failingReadback(store, 5, false);
      const answers = await answersOn({
        ...base,
        readBack: async (appended) => {
          if (appended.commit.commandId === "behind")
            await handlerOn(store).attempt(stream, add(4), { actor: "ben" })();
          return base.readBack(appended);
        },
      });
      expect(answers.map(told)).toEqual(["READBACK_FAILED", "total 321"]);
      expect((await handlerOn(store).load(stream)).state).toEqual({ total: 325, closed: false });
    });

    test("are not built on by those who set out afterwards", async () => {
      const base = failingReadback(openMemoryStore(), 0, true);
      let late: Promise<Answer> | undefined;
      const handler = handlerOn({
        ...base,
        readBack: async (appended) => {
          if (appended.commit.commandId === "bad")
            void turns(1).then(() => {
              late = handler.attempt(stream, add(7), { actor: "ana", commandId: "late" })();
            });
          return base.readBack(appended);
        },
      });
      const run = (command: CounterCommand, commandId: string) =>
        handler.attempt(stream, command, { actor: "ana", commandId })();
      await run(add(1), "first");
      await Promise.all([run(add(20), "bad"), run(add(300), "behind")]);
      expect(told((await late) as Answer)).toBe("LOG_CORRUPT");
    });
  });

  test("are refused under the lock only when what that rests on is proven", async () => {
    const store = openMemoryStore();
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const handler = handlerOn({
      ...store,
      // Both have decided before either is appended.
      append: async (request) => {
        for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
        return store.append(request);
      },
      readBack: async (appended) => {
        if (appended.commit.commandId === "slow") await held;
        return store.readBack(appended);
      },
    });
    const run = (command: CounterCommand, commandId: string) =>
      handler.attempt(stream, command, { actor: "ana", commandId })();
    await run(add(1), "first");
    // Somebody else comes first, so that both are decided again: the second is refused because of the first.
    await handlerOn(store).attempt(stream, add(600), { actor: "ben" })();
    const slow = run(add(200), "slow");
    let answered = false;
    const refused = run(add(300), "refused").then((answer) => {
      answered = true;
      return told(answer);
    });
    for (let turn = 0; turn < 100; turn += 1) await Promise.resolve();
    expect(answered).toBe(false);
    release();
    expect([told(await slow), await refused]).toEqual(["total 801", "LimitReached"]);
  });

  test("that bring one command id write it once", async () => {
    const store = openMemoryStore();
    const handler = handlerOn(store);
    const once = () => handler.attempt(stream, add(5), { actor: "ana", commandId: "once" })();
    const answers = await Promise.all([once(), once(), once()]);
    expect(answers.map((answer) => E.isRight(answer) && answer.right.repeated)).toEqual([false, true, true]);
    expect(await all(store)).toHaveLength(1);
  });

  test("leave nothing behind: the next command is decided on the log's state", async () => {
    const store = openMemoryStore();
    const handler = handlerOn(store);
    await Promise.all([1, 2, 3].map((amount) => handler.attempt(stream, add(amount), { actor: "ana" })()));
    const other = handlerOn(store);
    await other.attempt(stream, close, { actor: "ben" })();
    expect(told(await handler.attempt(stream, add(1), { actor: "ana" })())).toBe("CounterClosed");
  });
});

describe("commands in flight in any order of events", () => {
  const command = fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 1, max: 25 }).map(add) },
    { weight: 2, arbitrary: fc.constant(add(0.6 * counterLimit)) },
    { weight: 1, arbitrary: fc.constant(close) },
    {
      weight: 2,
      arbitrary: fc
        .integer({ min: 1, max: 60 })
        .map((total): CounterCommand => ({ type: "Reach", at, total })),
    },
  );

  test("are answered as if they had come one after the other, and only by what stands in the log", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(fc.tuple(command, fc.nat({ max: 9 }), fc.nat({ max: 1 })), { minLength: 1, maxLength: 12 }),
        async (scheduler, plan) => {
          const store = openMemoryStore();
          // Steps of the store take their time, in an order that the scheduler chooses; some appends fail.
          const scheduled: EventStore = {
            ...failing(store, ({ commit }) => plan[Number(commit.commandId.slice(1))]?.[1] === 0),
          };
          const failingAppend = scheduled.append;
          Object.assign(scheduled, {
            append: (request: AppendRequest) =>
              scheduler.schedule(Promise.resolve("append")).then(() => failingAppend(request)),
            readBack: (appended: never) =>
              scheduler.schedule(Promise.resolve("read back")).then(() => store.readBack(appended)),
          });
          // Two processes, which know nothing of each other.
          const handlers = [handlerOn(scheduled), handlerOn(scheduled)] as const;
          const running = Promise.all(
            plan.map(([wish, , process], index) =>
              (handlers[process] as (typeof handlers)[0]).attempt(stream, wish, {
                actor: "ana",
                commandId: `c${index}`,
              })(),
            ),
          );
          const answers = await scheduler.waitFor(running);
          const log = await all(store);
          const states = [counter.initial];
          for (const event of log)
            states.push(
              fold(counter, states.at(-1) as Counter, [{ type: event.type, ...event.data } as CounterEvent]),
            );
          answers.forEach((answer, index) => {
            const written = log.filter(({ commandId }) => commandId === `c${index}`);
            if (E.isRight(answer)) {
              const { readback, revision, state, eventIds } = answer.right;
              expect(written.map(({ id }) => id)).toEqual(eventIds);
              // The state of a receipt is the log's at its revision.
              expect(state).toEqual(states[revision + 1]);
              if (readback === "nothing_written") expect(written).toEqual([]);
            } else {
              expect(written).toEqual([]);
              const reason = answer.left;
              if (reason instanceof StoreFault) expect(plan[index]?.[1]).toBe(0);
              else if (reason._tag === "CounterClosed")
                expect(states.some(({ closed }) => closed)).toBe(true);
              else if (reason._tag === "LimitReached")
                expect(states.some(({ total }) => total === reason.total)).toBe(true);
              else throw new Error(`a conflict: ${JSON.stringify(reason)}`);
            }
          });
          let head = emptyHead;
          for (const { revision, previous, digest } of log) {
            expect({ revision, previous }).toEqual({ revision: head.revision + 1, previous: head.digest });
            head = { revision, digest };
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
