import { describe, expect, test } from "vitest";
import { describeHost, type ServerHost } from "../address/address.ts";
import { manualTimers } from "../testing/manual-timers.ts";
import type { ClusterMember } from "./client.ts";
import { leaderFinder, leads } from "./leader.ts";

const node = (port: number): ServerHost => ({ host: "node", port });
const member = (port: number, state: number, isAlive = true): ClusterMember => ({
  ...node(port),
  state,
  isAlive,
  saidAt: 0,
});
const follows = 6;

/** What each node answers: its members, nothing for ever, or that nobody is there. */
type Answers = Readonly<Record<number, readonly ClusterMember[] | "silent" | "gone">>;

const finder = (hosts: readonly number[], answers: () => Answers) => {
  const timers = manualTimers();
  const asked: string[] = [];
  const onClose: (() => void)[] = [];
  const { find } = leaderFinder({
    address: { hosts: hosts.map(node), isCluster: true, hasTls: false, maxDiscoverAttempts: 3 },
    timers,
    ask: (host, timeoutMs) => {
      asked.push(describeHost(host));
      const answer = answers()[host.port] ?? "gone";
      if (answer === "gone") return Promise.reject(new Error("gone"));
      if (answer !== "silent") return Promise.resolve(answer);
      return new Promise((_, reject) => timers.after(timeoutMs, () => reject(new Error("late"))));
    },
    whenClosed: (task) => {
      onClose.push(task);
      return () => {};
    },
  });
  return {
    find,
    timers,
    asked,
    close: () => {
      for (const task of onClose) task();
    },
  };
};
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
};

describe("who leads", () => {
  const three = [member(1, follows), member(2, leads), member(3, follows)];

  test("is told by the first node that knows, while others say nothing", async () => {
    const { find, timers } = finder([1, 2, 3], () => ({ 1: "silent", 2: "gone", 3: three }));
    expect(await find()).toEqual(node(2));
    expect(timers.now()).toBe(0);
  });

  test("is nobody who is dead, and nobody who only follows", async () => {
    const { find, timers } = finder([1], () => ({ 1: [member(1, follows), member(2, leads, false)] }));
    const found = find();
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await settle();
      timers.pass(100);
    }
    expect(await found).toBeUndefined();
  });

  test("is asked again while there is an election", async () => {
    let elected = false;
    const { find, timers, asked } = finder([1], () => ({ 1: elected ? three : [member(1, follows)] }));
    const found = find();
    await settle();
    elected = true;
    timers.pass(100);
    expect(await found).toEqual(node(2));
    expect(asked).toEqual(["node:1", "node:1"]);
  });

  test("is known by nodes that the address does not name, once they were heard of", async () => {
    let isFirstGone = false;
    const { find } = finder([1], () =>
      isFirstGone ? { 3: [member(3, leads), member(1, follows, false)] } : { 1: three },
    );
    expect(await find()).toEqual(node(2));
    isFirstGone = true;
    expect(await find()).toEqual(node(3));
  });

  test("is nobody where no node answers, after each had its time", async () => {
    const { find, timers } = finder([1, 2], () => ({ 1: "silent", 2: "gone" }));
    const found = find();
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await settle();
      timers.pass(2000);
      await settle();
      timers.pass(100);
    }
    expect(await found).toBeUndefined();
    expect(timers.waiting()).toBe(0);
  });

  test("is not asked for any more when nobody waits", async () => {
    const { find, asked, close } = finder([1], () => ({}));
    const found = find();
    await settle();
    close();
    expect(await found).toBeUndefined();
    expect(asked).toEqual(["node:1"]);
  });
});
