import { afterEach, describe, expect, test } from "vitest";
import type { Gateway } from "../gateway-port.ts";
import {
  acknowledged,
  eventMessage,
  type Script,
  type ScriptedServer,
  scriptedServer,
} from "../testing/scripted-server.ts";
import { openGateway } from "./open-gateway.ts";

const event = {
  id: "6b1e9f8e-3f0a-4c58-9a55-0a4c7a3f2b10",
  type: "Happened",
  data: { a: 1 },
  metadata: { b: 2 },
};

describe("a gateway", () => {
  const toStop: (() => unknown)[] = [];
  afterEach(async () => {
    for (const stop of toStop.splice(0)) await stop();
  });
  const opened = async (script: Script): Promise<{ gateway: Gateway; server: ScriptedServer }> => {
    const server = await scriptedServer(script);
    const gateway = await openGateway({ url: server.url });
    toStop.push(() => gateway.close(), server.stop);
    return { gateway, server };
  };

  test("appends with a revision and gives the acknowledged one", async () => {
    const { gateway, server } = await opened({
      append: (answer, requests) => {
        expect(requests[0]?.getOptions()?.hasNoStream()).toBe(true);
        expect(Buffer.from(requests[1]?.getProposedMessage()?.getData_asU8() ?? []).toString()).toBe(
          '{"a":1}',
        );
        answer(null, acknowledged(0));
      },
    });
    expect(await gateway.append({ stream: "s-1", expected: "no_stream", events: [event] })).toEqual({
      _tag: "Acknowledged",
      revision: 0n,
      position: { commit: 100n, prepare: 100n },
    });
    expect(server.calls).toEqual(["append"]);
  });

  test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31])(
    "has no deadline of %s",
    async (deadlineMs) => {
      await expect(openGateway({ url: "esdb://127.0.0.1:1?tls=false", deadlineMs })).rejects.toThrow(
        TypeError,
      );
    },
  );

  test("reads a range", async () => {
    const { gateway } = await opened({
      read: (call) => {
        call.write(eventMessage({ revision: 0, data: '{"a":1}' }));
        call.write(eventMessage({ revision: 1 }));
        call.end();
      },
    });
    const read = await gateway.readRange({
      stream: "s-1",
      from: "start",
      direction: "forwards",
      maxCount: 10,
    });
    expect(read).toMatchObject({
      _tag: "Events",
      events: [{ stream: "s-1", revision: 0n, data: { a: 1 }, position: { commit: 100n } }, { revision: 1n }],
    });
  });
});
