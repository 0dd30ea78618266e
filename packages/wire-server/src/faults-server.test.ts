/** What goes wrong with a whole server: no quorum, overlapping duplicates, restarts, content that is another. */
import { describe, expect, test } from "vitest";
import { served, stored } from "./testing/servers.ts";
import type { WireServer } from "./wire-server.ts";

/** The next call is given up some turns after it was counted, when all of it has arrived. */
const counting = (server: WireServer) => (): { readonly until: () => boolean } => {
  const calls = (): number => [...server.calls().values()].reduce((sum, count) => sum + count, 0);
  const before = calls();
  let turns = 0;
  return {
    until: () => {
      if (calls() > before) turns += 1;
      return turns > 20;
    },
  };
};

describe("without a quorum", () => {
  test("a write ends with code 10 and is seen by nobody; once the quorum is back it is there, once", async () => {
    const { server, raw } = await served({ commitTimeoutMs: 60 });
    server.setQuorum(false);
    expect((await raw.append("a", -1, ["x"])).status).toBe(10);
    expect((await raw.append("a", -1, ["x"])).status).toBe(10);
    expect((await raw.read("a")).seen).toEqual(["not found"]);
    expect((await raw.read("$all")).seen).toEqual([]);
    server.setQuorum(true);
    expect((await raw.read("a")).seen).toEqual(["x"]);
    expect((await raw.append("a", -1, ["x"])).revision).toBe(0);
    expect(stored(server, "a")).toEqual(["x"]);
  });

  test("the server gives up by itself after two seconds", async () => {
    const { server, raw } = await served();
    server.setQuorum(false);
    expect((await raw.append("a", -1, ["x"], { deadlineMs: 1_500 })).status).toBe(4);
    expect((await raw.append("b", -1, ["x"])).status).toBe(10);
  });

  test("a write that waits when the quorum comes back is acknowledged", async () => {
    const { server, raw } = await served({ commitTimeoutMs: 30_000 });
    server.setQuorum(false);
    const open = raw.append("a", -1, ["x"]);
    await expect.poll(() => stored(server, "a")).toEqual(["x"]);
    server.setQuorum(true);
    expect((await open).revision).toBe(0);
  });

  test("a subscription hears of the write when the quorum is back", async () => {
    const { server, raw } = await served({ commitTimeoutMs: 20 });
    await raw.append("a", -1, ["x"]);
    server.setQuorum(false);
    const heard: string[] = [];
    const open = raw.subscribe("a", {
      until: (seen) => seen.length === 2,
      onEvent: (type) => heard.push(type),
    });
    await expect.poll(() => heard).toEqual(["x"]);
    expect((await raw.append("a", 0, ["y"])).status).toBe(10);
    expect(heard).toEqual(["x"]);
    server.setQuorum(true);
    await expect.poll(() => heard).toEqual(["x", "y"]);
    await open;
  });

  test("what was there before is read as ever", async () => {
    const { server, raw } = await served();
    await raw.append("a", -1, ["x"]);
    server.setQuorum(false);
    expect((await raw.read("a")).seen).toEqual(["x"]);
  });
});

describe("identical appends that overlap", () => {
  test("are answered once: the others end with code 10, and one event is stored", async () => {
    const { server, raw } = await served({ dropsOverlapping: true, overlapMs: 500, commitTimeoutMs: 700 });
    const answers = await Promise.all(Array.from({ length: 8 }, () => raw.append("a", -1, ["x"])));
    expect(answers.map(({ status }) => status).sort()).toEqual([10, 10, 10, 10, 10, 10, 10, "ok"]);
    expect(stored(server, "a")).toEqual(["x"]);
    expect((await raw.append("a", -1, ["x"])).revision).toBe(0);
  });

  test("the batch path is told of a timeout, too", async () => {
    const { server, raw } = await served({ dropsOverlapping: true, overlapMs: 500, commitTimeoutMs: 700 });
    const [first, second] = await Promise.all([raw.batch("a", -1, ["x"]), raw.batch("a", -1, ["x"])]);
    expect([...first.answers, ...second.answers].sort()).toEqual(["ours 0", "ours error 4"]);
    expect(stored(server, "a")).toEqual(["x"]);
  });

  test("are all acknowledged by a server that drops none", async () => {
    const { server, raw } = await served();
    const answers = await Promise.all(Array.from({ length: 8 }, () => raw.append("a", -1, ["x"])));
    expect(answers.map(({ revision }) => revision)).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
    expect(stored(server, "a")).toEqual(["x"]);
  });

  test("another write for the same place loses at once", async () => {
    const { raw } = await served({ dropsOverlapping: true, overlapMs: 150 });
    const [first, second] = await Promise.all([raw.append("a", -1, ["x"]), raw.append("a", -1, ["y"])]);
    expect([first.revision, second.revision].sort()).toEqual([0, "conflict"]);
  });
});

describe("a restart", () => {
  test("cuts open calls, refuses newcomers, and comes back on the same port with the same log", async () => {
    const { server, raw } = await served();
    await raw.append("a", -1, ["x"]);
    server.strike({ at: "append", fault: { kind: "silence" } });
    const open = raw.append("a", 0, ["y"]);
    await expect.poll(server.held).toBe(1);
    await server.kill();
    expect((await open).status).toBe(14);
    expect((await raw.append("a", 0, ["y"])).status).toBe(14);
    expect(stored(server, "a")).toEqual(["x"]);
    await server.start();
    await expect.poll(async () => (await raw.append("a", 0, ["y"])).revision).toBe(1);
    expect((await raw.read("a")).seen).toEqual(["x", "y"]);
  });

  test("in the middle of appends loses nothing that was acknowledged, and doubles nothing", async () => {
    const { server, raw } = await served();
    let next = 0;
    let kills = 0;
    const acknowledged: string[] = [];
    while (next < 60) {
      if (next % 15 === 7 && kills < next / 15) {
        kills += 1;
        setImmediate(() => void server.kill().then(() => server.start()));
      }
      const { revision } = await raw.append("a", next - 1, [`e${next}`]);
      if (revision !== next) continue;
      acknowledged.push(`e${next}`);
      next += 1;
    }
    expect(kills).toBe(4);
    expect(stored(server, "a")).toEqual(acknowledged);
  });
});

describe("a server that stands still", () => {
  test("answers nothing; what arrived is carried out afterwards although nobody waits any more", async () => {
    const { server, raw } = await served();
    await raw.append("a", -1, ["x"]);
    server.pause();
    const arrived = counting(server);
    expect((await raw.append("a", 0, ["y"], arrived())).status).toBe(1);
    expect(await raw.read("a", arrived())).toMatchObject({ status: 1, seen: [] });
    expect((await raw.gossip({ deadlineMs: 200 })).status).toBe(4);
    expect(stored(server, "a")).toEqual(["x"]);
    server.resume();
    await expect.poll(() => stored(server, "a")).toEqual(["x", "y"]);
    expect((await raw.append("a", 0, ["y"])).revision).toBe(1);
  });

  test("says nothing on a subscription either, and goes on with what it missed", async () => {
    const { server, raw } = await served({ dropsOverlapping: true, overlapMs: 1_000 });
    await raw.append("a", -1, ["x"]);
    const heard: string[] = [];
    const open = raw.subscribe("a", {
      until: (seen) => seen.length === 2,
      onEvent: (type) => heard.push(type),
    });
    await expect.poll(() => heard).toEqual(["x"]);
    const waiting = raw.append("a", 0, ["y"]);
    await expect.poll(() => stored(server, "a"), { interval: 1 }).toEqual(["x", "y"]);
    // The write is let through by its own time, while the server stands still.
    server.pause();
    expect((await raw.features({ deadlineMs: 1_200 })).status).toBe(4);
    expect(heard).toEqual(["x"]);
    await expect(Promise.race([waiting, Promise.resolve("open")])).resolves.toBe("open");
    server.resume();
    expect((await waiting).revision).toBe(1);
    await expect.poll(() => heard).toEqual(["x", "y"]);
    await open;
  });

  test("forgets what had arrived when it is killed", async () => {
    const { server, raw } = await served();
    server.pause();
    expect((await raw.append("a", -1, ["x"], counting(server)())).status).toBe(1);
    await server.kill();
    await server.start();
    await expect.poll(async () => (await raw.read("a")).seen).toEqual(["not found"]);
  });
});

describe("a clock that is far off", () => {
  test("makes a batch late that is in time by its caller's clock; an append asks no clock", async () => {
    const { server, raw } = await served({ clockOffsetMs: 60_000 });
    expect((await raw.batch("a", -1, ["x"], { writeDeadlineMs: 10_000 })).answers).toEqual(["ours error 4"]);
    expect(stored(server, "a")).toEqual([]);
    expect((await raw.append("a", -1, ["x"])).revision).toBe(0);
    const right = await served();
    expect((await right.raw.batch("a", -1, ["x"], { writeDeadlineMs: 10_000 })).answers).toEqual(["ours 0"]);
  });

  test.each([-3_600_000, 3_600_000])("shows in what the server wrote: %i ms", async (clockOffsetMs) => {
    const { raw } = await served({ clockOffsetMs });
    await raw.append("a", -1, ["x"]);
    const [createdMs = 0] = (await raw.read("a")).createdMs;
    expect(Math.abs(createdMs - Date.now() - clockOffsetMs)).toBeLessThan(600_000);
  });
});

describe("content", () => {
  test("of another kind under a reused id is kept, and the retry acknowledged all the same", async () => {
    const { server, raw } = await served();
    await raw.append("a", -1, ["x"]);
    server.tamper("a", 0n, { data: Buffer.from('{"other":true}') });
    expect((await raw.append("a", -1, ["x"])).revision).toBe(0);
    expect(Buffer.from(server.events("a")[0]?.data ?? []).toString()).toBe('{"other":true}');
  });
});
