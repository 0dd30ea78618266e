import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundledMain } from "./testing/bundle.ts";
import { atEnd, client } from "./testing/servers.ts";
import { startWireProcess, type WireProcessOptions } from "./wire-process.ts";

let main: Awaited<ReturnType<typeof bundledMain>>;
beforeAll(async () => {
  main = await bundledMain();
});
afterAll(() => main.remove());

const started = async (options: Omit<WireProcessOptions, "program"> = {}) => {
  const server = await startWireProcess({ program: main.file, ...options });
  atEnd(server.stop);
  return { server, raw: client(server.port) };
};

describe("a server in a process of its own", () => {
  test("is struck and calmed by its parent", async () => {
    const { server, raw } = await started();
    await server.tell({
      do: "strike",
      order: { at: "append", fault: { kind: "lose_reply" }, times: "always" },
    });
    let isHeld = false;
    const lost = raw.append("a", -1, ["x"], { until: () => isHeld });
    await expect.poll(async () => (await server.tell({ do: "held" })).held).toBe(1);
    isHeld = true;
    expect((await lost).status).toBe(1);
    await server.tell({ do: "calm" });
    expect((await raw.append("a", -1, ["x"])).revision).toBe(0);
    expect((await server.tell({ do: "events", stream: "a" })).events).toMatchObject([
      { stream: "a", revision: 0, type: "x" },
    ]);
    expect((await server.tell({ do: "calls" })).calls).toEqual({ "Streams/Append": 2 });
  });

  test("strikes only the stream it is told", async () => {
    const { server, raw } = await started();
    await server.tell({
      do: "strike",
      order: { at: "append", fault: { kind: "not_ready" }, stream: "a", times: "always" },
    });
    expect((await raw.append("b", -1, ["x"])).status).toBe("ok");
    expect((await raw.append("a", -1, ["x"])).status).toBe(14);
    expect((await raw.append("a", -1, ["x"])).status).toBe(14);
  });

  test("is killed and started with the same log, loses its quorum and finds it again", async () => {
    const { server, raw } = await started({ options: { commitTimeoutMs: 50 } });
    await raw.append("a", -1, ["x"]);
    await server.tell({ do: "kill" });
    expect((await raw.read("a")).status).toBe(14);
    await server.tell({ do: "start" });
    await expect.poll(async () => (await raw.read("a")).seen).toEqual(["x"]);
    await server.tell({ do: "quorum", isThere: false });
    expect((await raw.append("a", 0, ["y"])).status).toBe(10);
    await server.tell({ do: "quorum", isThere: true });
    expect((await raw.read("a")).seen).toEqual(["x", "y"]);
  });

  test("can be paused from outside: its callers wait for their deadline, then it goes on", async () => {
    const { server, raw } = await started();
    await raw.append("a", -1, ["x"]);
    server.signal("SIGSTOP");
    expect((await raw.append("a", 0, ["y"], { deadlineMs: 300 })).status).toBe(4);
    server.signal("SIGCONT");
    await expect.poll(async () => (await raw.append("a", 0, ["y"])).revision).toBe(1);
  });

  test("says what it cannot do, and goes on", async () => {
    const { server, raw } = await started();
    await expect(server.tell({ do: "elect", node: 1 })).rejects.toThrow("no cluster");
    await expect(server.tell({ do: "kill", node: 7 })).rejects.toThrow("no node 7");
    await expect(
      server.tell({ do: "strike", order: { at: "gossip", fault: { kind: "lose_reply" } } }),
    ).rejects.toThrow('"lose_reply" cannot happen at "gossip"');
    await expect(server.tell({ do: "dance" } as never)).rejects.toThrow("nobody knows");
    expect((await raw.append("a", -1, ["x"])).status).toBe("ok");
  });
});

test("a cluster in a process of its own elects whom it is told to", async () => {
  const { server, raw } = await started({ isCluster: true });
  expect(server.ports).toHaveLength(3);
  expect((await server.tell({ do: "leader" })).leader).toBe(0);
  await server.tell({ do: "elect", node: 2 });
  expect(await raw.append("a", -1, ["x"], { headers: { "requires-leader": "true" } })).toMatchObject({
    status: 5,
    trailers: { "leader-endpoint-port": String(server.ports[2]) },
  });
  await server.tell({ do: "kill", node: 2 });
  expect((await client(server.ports[2] as number).gossip()).status).toBe(14);
});

test("it ends when its parent is gone", async () => {
  const { server } = await started();
  const ended = server.ended;
  server.hangUp();
  await expect(ended).resolves.toBe(0);
});

test("it ends although its clients hang up at the same moment", async () => {
  const servers = await Promise.all(Array.from({ length: 8 }, () => started()));
  for (const { server, raw } of servers) {
    await raw.append("a", -1, ["x"]);
    raw.close();
    await server.stop();
  }
  await expect(Promise.all(servers.map(({ server }) => server.ended))).resolves.toEqual(Array(8).fill(0));
});
