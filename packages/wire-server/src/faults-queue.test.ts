import { describe, expect, test } from "vitest";
import type { Fault, FaultOrder, FaultPoint } from "./faults.ts";
import { faultQueue } from "./faults-queue.ts";

const silence: Fault = { kind: "silence" };
const lost: Fault = { kind: "lose_reply" };

const queueOf = (...orders: readonly FaultOrder[]) => {
  const queue = faultQueue();
  for (const order of orders) queue.strike(order);
  return queue;
};
const struck = (queue: ReturnType<typeof faultQueue>, calls: number, at: FaultPoint = "append") =>
  Array.from({ length: calls }, () => queue.next(at, "mission-a")?.kind ?? "-").join(" ");

describe("a line of faults", () => {
  test("one order strikes one call", () => {
    expect(struck(queueOf({ at: "append", fault: silence }), 3)).toBe("silence - -");
  });

  test("an order strikes as many calls as it says, after as many as it lets through", () => {
    expect(struck(queueOf({ at: "append", fault: silence, times: 2, after: 1 }), 5)).toBe(
      "- silence silence - -",
    );
  });

  test("an order without end strikes until it is taken back", () => {
    const queue = queueOf({ at: "append", fault: silence, times: Infinity });
    expect(struck(queue, 4)).toBe("silence silence silence silence");
    queue.calm();
    expect(struck(queue, 2)).toBe("- -");
  });

  test("a call is struck by the first order that fits, and later ones wait for theirs", () => {
    expect(struck(queueOf({ at: "append", fault: lost }, { at: "append", fault: silence }), 3)).toBe(
      "lose_reply silence -",
    );
  });

  test("a call that was struck is let through by no other order", () => {
    expect(
      struck(queueOf({ at: "append", fault: lost }, { at: "append", fault: silence, after: 1 }), 4),
    ).toBe("lose_reply - silence -");
  });

  test("calls at another point pass and count for nothing", () => {
    const queue = queueOf({ at: "append", fault: silence, after: 1 });
    expect(struck(queue, 3, "batchAppend")).toBe("- - -");
    expect(struck(queue, 2)).toBe("- silence");
  });

  test("an order for some streams lets the others pass uncounted", () => {
    const queue = queueOf({ at: "read", fault: silence, after: 1, stream: (name) => name === "mission-a" });
    expect(queue.next("read", "mission-b")).toBeUndefined();
    expect(queue.next("read", undefined)).toBeUndefined();
    expect(queue.next("read", "mission-a")).toBeUndefined();
    expect(queue.next("read", "mission-b")).toBeUndefined();
    expect(queue.next("read", "mission-a")).toEqual(silence);
  });

  test.each<FaultOrder>([
    { at: "read", fault: lost },
    { at: "append", fault: { kind: "stale", events: 1 } },
    { at: "gossip", fault: { kind: "access_denied" } },
    { at: "append", fault: silence, times: 0 },
    { at: "append", fault: silence, times: 1.5 },
    { at: "append", fault: silence, after: -1 },
    { at: "gossip", fault: silence, stream: () => true },
  ])("an order that could never show is a defect of the test: %o", (order) => {
    expect(() => faultQueue().strike(order)).toThrow(TypeError);
  });
});
