import { afterEach, describe, expect, test } from "vitest";
import type { Gateway, SubscriptionNews } from "../gateway-port.ts";
import { failureOf } from "../testing/failing.ts";
import { manualTimers } from "../testing/manual-timers.ts";
import { opened } from "../testing/opened.ts";
import {
  caughtUp,
  checkpoint,
  confirmation,
  eventMessage,
  type ReadCall,
  refusal,
} from "../testing/scripted-server.ts";

// An unhandled rejection or an exception outside of every promise fails the whole run: vitest reports both.
const tests = opened();
afterEach(() => tests.close());

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));
const fail = (call: ReadCall, error: ReturnType<typeof refusal>): void => {
  call.emit("error", error);
};

describe("a subscription", () => {
  const heard = async (gateway: Gateway, most = Number.POSITIVE_INFINITY): Promise<readonly string[]> => {
    const told: string[] = [];
    for await (const news of gateway.subscribe({ after: "start" })) {
      told.push(words(news));
      if (told.length >= most) break;
    }
    return told;
  };
  const words = (news: SubscriptionNews): string => {
    switch (news._tag) {
      case "Event":
        return String(news.event.revision);
      case "CaughtUp":
        return "caught up";
      case "Checkpoint":
        return `up to ${news.position.commit}`;
    }
  };

  test.each([
    ["the server ends it", (call: ReadCall) => call.end()],
    ["an error ends it", (call: ReadCall) => fail(call, refusal(14, "gone"))],
    [
      "the connection breaks",
      (call: ReadCall) =>
        (call as unknown as { call: { stream: { close(code: number): void } } }).call.stream.close(2),
    ],
    ["it falls too far behind", (call: ReadCall) => fail(call, refusal(10, "dropped"))],
    ["another node leads", (call: ReadCall) => fail(call, refusal(5, "?", { exception: "not-leader" }))],
  ])("ends when %s", async (_name, end) => {
    const { gateway } = await tests.with({
      read: (call) => {
        call.write(confirmation());
        call.write(eventMessage({ revision: 0 }));
        setImmediate(() => end(call));
      },
    });
    expect(await heard(gateway)).toEqual(["0"]);
  });

  test("ends where nobody listens", async () => {
    const { gateway, server } = await tests.with({});
    server.stop();
    expect(await heard(gateway)).toEqual([]);
  });

  test("of a closed gateway fails as every other call", async () => {
    const { gateway, server } = await tests.with({});
    await gateway.close();
    expect(await failureOf(heard(gateway))).toMatchObject({ kind: "closed" });
    expect(server.calls).toEqual([]);
  });

  test("fails where the next one would fail as well", async () => {
    const { gateway } = await tests.with({
      read: (call) => fail(call, refusal(7, "?", { exception: "access-denied" })),
    });
    expect(await failureOf(heard(gateway))).toMatchObject({ kind: "access_denied" });
  });

  test("tells checkpoints and the end of the old events where they stand among the events, also to a slow listener", async () => {
    const { gateway } = await tests.with({
      read: (call) => {
        call.write(confirmation());
        for (let revision = 0; revision < 12; revision += 1) {
          call.write(eventMessage({ revision }));
          if (revision === 9) call.write(checkpoint(77));
        }
        call.write(caughtUp());
        call.end();
      },
    });
    const told: string[] = [];
    for await (const news of gateway.subscribe({ after: "start" })) {
      told.push(words(news));
      // The client has announced by then what stands behind events that it still holds back.
      for (let turns = 0; told.length === 1 && turns < 50; turns += 1) await turn();
    }
    const numbers = Array.from({ length: 12 }, (_, number) => String(number));
    expect(told).toEqual([...numbers.slice(0, 10), "up to 77", "10", "11", "caught up"]);
  });

  test("has a deadline for its beginning", async () => {
    const timers = manualTimers();
    const calls: ReadCall[] = [];
    const { gateway } = await tests.with({ read: (call) => calls.push(call) }, { timers });
    const first = heard(gateway);
    while (calls.length < 1) await turn();
    timers.pass(5000);
    expect(await first).toEqual([]);
    // The next one is not lost with the connection that was given up.
    const second = heard(gateway, 1);
    while (calls.length < 2) await turn();
    calls[1]?.write(eventMessage({ revision: 5 }));
    expect(await second).toEqual(["5"]);
  });

  test("ends after a long silence, for the server may have forgotten it, and not while there is news", async () => {
    const timers = manualTimers();
    const calls: ReadCall[] = [];
    const { gateway } = await tests.with({ read: (call) => calls.push(call) }, { timers });
    const told: string[] = [];
    const listening = (async () => {
      for await (const news of gateway.subscribe({ after: "start" })) told.push(words(news));
    })();
    while (calls.length < 1) await turn();
    for (let revision = 0; revision < 5; revision += 1) {
      calls[0]?.write(eventMessage({ revision }));
      while (told.length <= revision) await turn();
      timers.pass(59_000);
    }
    expect(timers.waiting()).toBe(1);
    timers.pass(120_000);
    await listening;
    expect(told).toEqual(["0", "1", "2", "3", "4"]);
    expect(timers.waiting()).toBe(0);
  });

  test("ends on the server when its listener leaves, is told to stop, or the gateway closes", async () => {
    let cancelled = 0;
    const calls: ReadCall[] = [];
    const { gateway } = await tests.with({
      read: (call) => {
        call.on("cancelled", () => {
          cancelled += 1;
        });
        call.write(confirmation());
        call.write(eventMessage({ revision: 0 }));
        calls.push(call);
      },
    });
    expect(await heard(gateway, 1)).toEqual(["0"]);
    while (cancelled < 1) await turn();

    const stop = new AbortController();
    const stopped = gateway.subscribe({ after: "start", signal: stop.signal })[Symbol.asyncIterator]();
    await stopped.next();
    const waiting = stopped.next();
    stop.abort();
    expect(await waiting).toMatchObject({ done: true });
    while (cancelled < 2) await turn();

    const left = gateway.subscribe({ after: "start" })[Symbol.asyncIterator]();
    await left.next();
    const pending = left.next();
    await left.return?.();
    expect(await pending).toMatchObject({ done: true });
    while (cancelled < 3) await turn();

    const open = gateway.subscribe({ after: "start" })[Symbol.asyncIterator]();
    await open.next();
    const closing = failureOf(open.next());
    await gateway.close();
    expect(await closing).toMatchObject({ kind: "closed" });
    while (cancelled < 4) await turn();
  });

  test("of an event that lacks its id ends, where the client throws a text outside of every promise", async () => {
    const { gateway } = await tests.with({
      read: (call) => {
        call.write(confirmation());
        call.write(eventMessage({ revision: 0, id: null }));
      },
    });
    expect(await heard(gateway)).toEqual([]);
  });

  test("asks for names that begin so, or for all but the system's events", async () => {
    const asked: unknown[] = [];
    const { gateway } = await tests.with({
      read: (call) => {
        const filter = call.request.getOptions()?.getFilter();
        asked.push(filter?.getStreamIdentifier()?.getPrefixList(), filter?.getEventType()?.getRegex());
        asked.push(call.metadata.get("requires-leader")[0]);
        call.end();
      },
    });
    for await (const _ of gateway.subscribe({ after: { commit: 5n, prepare: 5n }, prefixes: ["a", "b"] }));
    for await (const _ of gateway.subscribe({ after: "start" }));
    expect(asked).toEqual([["a", "b"], undefined, "true", undefined, "^[^$].*", "true"]);
  });
});
