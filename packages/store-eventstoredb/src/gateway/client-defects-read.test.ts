import { afterEach, describe, expect, test } from "vitest";
import { GatewayFailure } from "../gateway-port.ts";
import { failureOf } from "../testing/failing.ts";
import { manualTimers } from "../testing/manual-timers.ts";
import { opened } from "../testing/opened.ts";
import { eventMessage, type ReadCall, refusal } from "../testing/scripted-server.ts";
import { silentServer } from "../testing/silent-server.ts";
import { storedEvent } from "./read.ts";

// An unhandled rejection or an exception outside of every promise fails the whole run: vitest reports both.
const tests = opened();
afterEach(() => tests.close());

const range = { stream: "s-1", from: "start", direction: "forwards", maxCount: 10 } as const;
const all = { from: "start", direction: "forwards", maxCount: 10 } as const;
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));
const fail = (call: ReadCall, error: ReturnType<typeof refusal>): void => {
  call.emit("error", error);
};
const notFound = (call: ReadCall): void => {
  const reply = eventMessage({ revision: 0 });
  reply.clearEvent();
  // A field of the same message that the stubs of the test server know by its type only.
  const Missing = (reply.constructor as unknown as { StreamNotFound: new () => never }).StreamNotFound;
  reply.setStreamNotFound(new Missing());
  call.write(reply);
  call.end();
};

describe("a read", () => {
  test("of a stream that is not there is an answer, not an exception outside of every promise", async () => {
    const { gateway } = await tests.with({ read: notFound });
    expect(await gateway.readRange(range)).toEqual({ _tag: "Missing" });
  });

  test("asks the leader, a stream and the whole log alike", async () => {
    const headers: unknown[] = [];
    const { gateway } = await tests.with({
      read: (call) => {
        headers.push(call.metadata.get("requires-leader")[0]);
        expect(call.request.getOptions()?.getCount()).toBe("10");
        expect(call.request.getOptions()?.getResolveLinks()).toBe(false);
        call.end();
      },
    });
    expect(await gateway.readRange(range)).toEqual({ _tag: "Events", events: [] });
    expect(await gateway.readAll(all)).toEqual([]);
    expect(headers).toEqual(["true", "true"]);
  });

  test.each(["readRange", "readAll"] as const)(
    "has a deadline where the server stops in the middle: %s",
    async (method) => {
      const timers = manualTimers();
      let hasEnded = false;
      let begun: (() => void) | undefined;
      const there = new Promise<void>((resolve) => {
        begun = resolve;
      });
      const { gateway } = await tests.with(
        {
          read: (call) => {
            call.write(eventMessage({ revision: 0 }));
            call.on("cancelled", () => {
              hasEnded = true;
            });
            begun?.();
          },
        },
        { timers },
      );
      const failing = failureOf(method === "readAll" ? gateway.readAll(all) : gateway.readRange(range));
      await there;
      timers.pass(5000);
      expect(await failing).toMatchObject({ kind: "deadline" });
      // The call ends on the server, too.
      while (!hasEnded) await turn();
    },
  );

  test("has a deadline on a server that accepts the connection and says nothing at all", async () => {
    const timers = manualTimers();
    const silent = await silentServer();
    tests.later(silent.stop);
    const gateway = await tests.open({ url: `esdb://127.0.0.1:${silent.port}?tls=false`, timers });
    const failing = [failureOf(gateway.readRange(range)), failureOf(gateway.readAll(all))];
    await silent.connected;
    timers.pass(5000);
    for (const failure of await Promise.all(failing)) expect(failure).toMatchObject({ kind: "deadline" });
  });

  test("that is cancelled or closed in the middle never looks like a whole one", async () => {
    const begun: ReadCall[] = [];
    const { gateway } = await tests.with({
      read: (call) => {
        call.write(eventMessage({ revision: 0 }));
        begun.push(call);
      },
    });
    const stop = new AbortController();
    const aborted = gateway.readRange({ ...range, signal: stop.signal });
    const closed = failureOf(gateway.readRange(range));
    while (begun.length < 2) await turn();
    stop.abort(new Error("enough"));
    await expect(aborted).rejects.toThrow("enough");
    await gateway.close();
    expect(await closed).toMatchObject({ kind: "closed" });
  });

  test("that the server cancels in the client's own words never looks like a whole one", async () => {
    const { gateway } = await tests.with({
      read: (call) => {
        call.write(eventMessage({ revision: 0 }));
        fail(call, refusal(1, "Cancelled on client"));
      },
    });
    expect(await failureOf(gateway.readRange(range))).toMatchObject({ kind: "unavailable" });
    expect(await failureOf(gateway.readAll(all))).toMatchObject({ kind: "unavailable" });
  });

  test("right behind a failure is not lost with the connection that the client gives up because of it", async () => {
    const timers = manualTimers();
    let isSilent = true;
    const { gateway, server } = await tests.with(
      {
        read: (call) => {
          if (!isSilent) call.end();
        },
      },
      { timers },
    );
    const failing = failureOf(gateway.readRange(range));
    while (server.calls.length === 0) await turn();
    isSilent = false;
    timers.pass(5000);
    expect(await failing).toMatchObject({ kind: "deadline" });
    expect(await gateway.readRange(range)).toEqual({ _tag: "Events", events: [] });
  });

  test("whose signal was aborted before is not begun", async () => {
    const { gateway, server } = await tests.with({});
    await expect(
      gateway.readRange({ ...range, signal: AbortSignal.abort(new Error("enough")) }),
    ).rejects.toThrow("enough");
    expect(server.calls).toEqual([]);
  });

  test("that breaks off with an error gives the error and not the events before it", async () => {
    const { gateway } = await tests.with({
      read: (call) => {
        call.write(eventMessage({ revision: 0 }));
        fail(call, refusal(14, "Server Is Not Ready"));
      },
    });
    expect(await failureOf(gateway.readRange(range))).toMatchObject({ kind: "unavailable" });
  });

  test("of an event that lacks its id fails, where the client throws a text outside of every promise", async () => {
    const { gateway } = await tests.with({
      read: (call) => {
        call.write(eventMessage({ revision: 0, id: null }));
        call.end();
      },
    });
    expect(await failureOf(gateway.readRange(range))).toBeInstanceOf(GatewayFailure);
    expect(await failureOf(gateway.readAll(all))).toBeInstanceOf(GatewayFailure);
  });

  test.each([
    ["stream-deleted", "stream_deleted"],
    ["not-leader", "not_leader"],
    ["maximum-append-size-exceeded", "too_large"],
    ["wrong-expected-version", "unknown"],
    ["missing-required-metadata-property", "refused"],
    ["something-new", "unknown"],
  ])(
    "fails with the server's %s without its trailers, where the client throws on the missing ones",
    async (exception, kind) => {
      const { gateway } = await tests.with({ read: (call) => fail(call, refusal(9, "?", { exception })) });
      expect(await failureOf(gateway.readRange(range))).toMatchObject({ kind });
    },
  );

  test("gives metadata and data that are no JSON as they come, and an id in lower case", async () => {
    const { gateway } = await tests.with({
      read: (call) => {
        call.write(
          eventMessage({
            revision: 0,
            id: "6B1E9F8E-3F0A-4C58-9A55-0A4C7A3F2B10",
            data: "{not json",
            metadata: "\u0001",
          }),
        );
        call.write(eventMessage({ revision: 1, metadata: "" }));
        call.end();
      },
    });
    const read = await gateway.readRange(range);
    expect(read).toMatchObject({
      events: [
        { id: "6b1e9f8e-3f0a-4c58-9a55-0a4c7a3f2b10", data: "{not json", metadata: new Uint8Array([1]) },
        { metadata: undefined },
      ],
    });
  });

  test("of a record without its event fails, where the client gives nothing and a history would be shorter", async () => {
    const { gateway } = await tests.with({
      read: (call) => {
        call.write(eventMessage({ revision: 0 }));
        const linkOnly = eventMessage({ revision: 1 });
        linkOnly.getEvent()?.setLink(linkOnly.getEvent()?.getEvent());
        linkOnly.getEvent()?.clearEvent();
        call.write(linkOnly);
        call.end();
      },
    });
    expect(await failureOf(gateway.readRange(range))).toBeInstanceOf(GatewayFailure);
    expect(storedEvent({ commitPosition: 1n })).toBeUndefined();
  });

  test("of less than one event is refused before the server, which would not say why", async () => {
    const { gateway, server } = await tests.with({});
    expect(await failureOf(gateway.readRange({ ...range, maxCount: 0 }))).toMatchObject({ kind: "refused" });
    expect(await failureOf(gateway.readAll({ ...all, maxCount: 0.5 }))).toMatchObject({ kind: "refused" });
    expect(server.calls).toEqual([]);
  });
});
