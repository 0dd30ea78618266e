import {
  type Counter,
  type CounterCommand,
  type CounterEvent,
  type CounterRefusal,
  cancelSource,
  counter,
  counterCodec,
  seededRandomness,
} from "@mission-ledger/testkit";
import * as E from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";
import type { CommandOptions, HandlerOptions } from "./command-handler.ts";
import { racing } from "./contention.ts";
import type { RecordedEvent } from "./event.ts";
import type { AppendRequest, EventStore } from "./event-store.ts";
import { commandHandler } from "./handle.ts";
import { openMemoryStore } from "./memory-store.ts";
import type { Timers } from "./ports.ts";
import type { NotDone, Receipt } from "./receipt.ts";

const stream = "counter-1";
const at = "2026-01-01T00:00:00.000Z";
const add = (amount: number): CounterCommand => ({ type: "Add", at, amount });
const close: CounterCommand = { type: "Close", at };

type Answer = E.Either<NotDone<CounterRefusal>, Receipt<Counter, CounterEvent>>;

/** A store as one on a server is: appends take a while and nobody is kept out meanwhile. */
const withoutLock = (
  store: EventStore,
  onAppend: (request: AppendRequest) => Promise<void> = async () => {},
): EventStore => ({
  ...store,
  supports: { ...store.supports, multiProcess: true, decidesUnderLock: false },
  append: async ({ decideAgain: _, ...request }) => {
    await new Promise((resolve) => setImmediate(resolve));
    await onAppend(request);
    return store.append(request);
  },
});

const handlerOn = (
  store: EventStore,
  options: Partial<HandlerOptions<CounterCommand, Counter, CounterEvent, CounterRefusal>> = {},
) => commandHandler({ store, decider: counter, codec: counterCodec, ...options });

const runOn =
  (handler: ReturnType<typeof handlerOn>) =>
  (command: CounterCommand, options: Partial<CommandOptions> = {}): Promise<Answer> =>
    handler.attempt(stream, command, { actor: "ana", ...options })();

const all = async (store: EventStore): Promise<readonly RecordedEvent[]> => {
  const events: RecordedEvent[] = [];
  for await (const batch of store.read(stream)) events.push(...batch);
  return events;
};

describe("commands of one process on a store that keeps nobody out", () => {
  test("take turns, so that none of them loses a race", async () => {
    const store = openMemoryStore();
    let under = 0;
    let most = 0;
    const run = runOn(
      handlerOn(
        withoutLock(store, async () => {
          under += 1;
          most = Math.max(most, under);
          await new Promise((resolve) => setImmediate(resolve));
          under -= 1;
        }),
      ),
    );
    const answers = await Promise.all(Array.from({ length: 30 }, () => run(add(1))));
    expect(answers.map((answer) => E.isRight(answer) && answer.right.attempts)).toEqual(answers.map(() => 1));
    expect(answers.map((answer) => E.isRight(answer) && answer.right.state.total)).toEqual(
      answers.map((_, index) => index + 1),
    );
    expect(most).toBe(1);
  });

  test("leave their turn to the next when they fail, are refused or are called off", async () => {
    const store = openMemoryStore();
    const { signal, abort } = cancelSource();
    const run = runOn(
      handlerOn(
        withoutLock(store, async ({ commit }) => {
          if (commit.commandId === "fails") throw new RangeError("a defect");
        }),
      ),
    );
    const settled = Promise.allSettled([
      run(add(1), { commandId: "fails" }),
      run(add(1), { signal }),
      run(add(2)),
      run(close),
      run(add(3)),
      run(close),
    ]);
    abort();
    expect(
      (await settled).map((one) =>
        one.status === "rejected"
          ? (one.reason as Error).name
          : E.isRight(one.value)
            ? one.value.right.revision
            : (one.value.left as CounterRefusal)._tag,
      ),
    ).toEqual(["RangeError", "AbortError", 0, 1, "CounterClosed", "CounterClosed"]);
  });

  test("on different streams wait for nobody", async () => {
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const handler = handlerOn(
      withoutLock(openMemoryStore(), async ({ commit }) => {
        if (commit.stream === stream) await held;
      }),
    );
    const slow = handler.attempt(stream, add(1), { actor: "ana" })();
    expect(E.isRight(await handler.attempt("counter-2", add(1), { actor: "ana" })())).toBe(true);
    release();
    expect(E.isRight(await slow)).toBe(true);
  });
});

describe("a command that loses races against other processes", () => {
  test("is decided again for much longer than a store with a lock would need", async () => {
    const store = openMemoryStore();
    const other = runOn(handlerOn(store));
    let lost = 0;
    const run = runOn(
      handlerOn(
        withoutLock(store, async () => {
          if (lost === 60) return;
          lost += 1;
          await other(add(1));
        }),
        { randomness: { uuid: () => "mine", fraction: () => 0 } },
      ),
    );
    expect(await run(add(1))).toMatchObject({ right: { state: { total: 61 }, attempts: 61 } });
  });

  test("keeps an id that was made for it, and is not looked for each time", async () => {
    const store = openMemoryStore();
    const other = runOn(handlerOn(store));
    const fresh: unknown[] = [];
    let lost = 0;
    const run = runOn(
      handlerOn(
        withoutLock(store, async ({ hasFreshId }) => {
          fresh.push(hasFreshId);
          if (lost === 2) return;
          lost += 1;
          await other(add(1));
        }),
      ),
    );
    await run(add(1));
    await run(add(1), { commandId: "from-outside" });
    expect(fresh).toEqual([true, true, true, false]);
  });

  test("gets the conflict when its time is over", async () => {
    const store = openMemoryStore();
    const other = runOn(handlerOn(store));
    const fire: (() => void)[] = [];
    const timers: Timers = {
      after: (milliseconds, run) => {
        if (milliseconds === 1_000) fire.push(run);
        else queueMicrotask(run);
        return () => {};
      },
    };
    let lost = 0;
    const run = runOn(
      handlerOn(
        withoutLock(store, async () => {
          lost += 1;
          await other(add(1));
          if (lost === 5) for (const end of fire) end();
        }),
        { timers, racesMs: 1_000 },
      ),
    );
    expect(await run(add(1))).toMatchObject({ left: { _tag: "Conflict" } });
    expect(lost).toBe(5);
    expect(await all(store)).toHaveLength(5);
  });

  test("gets the receipt instead, if it was the same command that came first", async () => {
    const store = openMemoryStore();
    const twin = runOn(handlerOn(store));
    // Answers each append with a conflict, as a store does that looked before the other process had written.
    const late: EventStore = {
      ...withoutLock(store),
      append: async ({ decideAgain: _, ...request }) => {
        const { commit, expected } = request;
        const { right } = (await twin(add(1), { commandId: commit.commandId })) as E.Right<
          Receipt<Counter, CounterEvent>
        >;
        return right.repeated
          ? store.append(request)
          : { _tag: "Conflict", stream, expected, actual: await store.head(stream) };
      },
    };
    const run = runOn(handlerOn(late));
    expect(await run(add(1), { commandId: "sent-twice", expectedRevision: "no_stream" })).toMatchObject({
      right: { repeated: true, revision: 0 },
    });
    expect(await all(store)).toHaveLength(1);
  });

  test("ends at once when it is called off between two races", async () => {
    const store = openMemoryStore();
    const other = runOn(handlerOn(store));
    const { signal, abort } = cancelSource();
    const run = runOn(
      handlerOn(
        withoutLock(store, async () => {
          await other(add(1));
        }),
        { timers: { after: () => () => {} }, randomness: seededRandomness(1) },
      ),
    );
    const calledOff = run(add(1), { signal });
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    abort();
    await expect(calledOff).rejects.toThrow("aborted");
    expect(await all(store)).toHaveLength(1);
  });

  test("waits longer and longer, up to a bound, and never as others do", async () => {
    const waits: number[] = [];
    const timers: Timers = {
      after: (milliseconds, run) => {
        if (milliseconds === 30_000) return () => {};
        waits.push(milliseconds);
        queueMicrotask(run);
        return () => {};
      },
    };
    const racesWith = (fraction: number) =>
      racing({
        maxAttempts: 11,
        racesMs: 30_000,
        randomness: { uuid: () => "", fraction: () => fraction },
        timers,
      });
    const races = racesWith(0.5).lostRaces();
    for (let attempts = 1; attempts <= 10; attempts += 1) expect(await races.again(attempts)).toBe(true);
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 64, 64, 64]);
    await racesWith(0.25).lostRaces().again(3);
    expect(waits.at(-1)).toBe(2);
    expect(await races.again(11)).toBe(false);
  });
});
