import { describe, expect, test } from "vitest";
import { elected, hasQuorum, killed, membersOf, nextLeader, rosterOf, started } from "./cluster-roster.ts";

const three = rosterOf(3);

describe("the roster of three nodes", () => {
  test("the first node leads at the start", () => {
    expect(membersOf(three)).toEqual([
      { node: 0, state: "leader", isAlive: true },
      { node: 1, state: "follower", isAlive: true },
      { node: 2, state: "follower", isAlive: true },
    ]);
  });

  test("another node is elected, and the old leader follows", () => {
    expect(membersOf(elected(three, 2)).map(({ state }) => state)).toEqual([
      "follower",
      "follower",
      "leader",
    ]);
  });

  test("a dead leader is listed as dead, and nobody leads or follows until the election", () => {
    const headless = killed(three, 0);
    expect(membersOf(headless)).toEqual([
      { node: 0, state: "other", isAlive: false },
      { node: 1, state: "other", isAlive: true },
      { node: 2, state: "other", isAlive: true },
    ]);
    expect(nextLeader(headless)).toBe(1);
  });

  test("a dead follower leaves the leader in place; a node that comes back follows", () => {
    const one = killed(three, 1);
    expect(membersOf(one).map(({ state }) => state)).toEqual(["leader", "other", "follower"]);
    expect(membersOf(started(one, 1)).map(({ state }) => state)).toEqual(["leader", "follower", "follower"]);
  });

  test("two of three are a quorum, one is none and elects nobody", () => {
    const two = killed(three, 2);
    const one = killed(two, 1);
    expect([hasQuorum(three), hasQuorum(two), hasQuorum(one)]).toEqual([true, true, false]);
    expect(nextLeader(killed(two, 0))).toBe(-1);
    expect(() => elected(one, 0)).toThrow(RangeError);
  });

  test("a dead node, or one that is none, cannot be elected", () => {
    expect(() => elected(killed(three, 2), 2)).toThrow(RangeError);
    expect(() => elected(three, 3)).toThrow(RangeError);
  });
});
