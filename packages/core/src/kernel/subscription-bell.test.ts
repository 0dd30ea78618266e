import { describe, expect, test } from "vitest";
import type { Timers } from "./ports.ts";
import { type SubscriptionBell, subscriptionBell } from "./subscription-bell.ts";

/** Timers that go off when they are told to, and the listeners of a signal. */
const quietWorld = () => {
  const due = new Set<() => void>();
  const timers: Timers = {
    after: (_, run) => {
      due.add(run);
      return () => due.delete(run);
    },
  };
  const listeners = new Set<() => void>();
  const signal = {
    aborted: false,
    throwIfAborted: () => {},
    addEventListener: (_: "abort", listener: () => void) => void listeners.add(listener),
    removeEventListener: (_: "abort", listener: () => void) => void listeners.delete(listener),
  };
  return { bell: subscriptionBell(timers), due, listeners, signal };
};

const all = (calls: ReadonlySet<() => void>): void => {
  for (const call of [...calls]) call();
};

describe("a subscription that sleeps", () => {
  const wakings: Readonly<Record<string, (world: ReturnType<typeof quietWorld>) => void>> = {
    "when its own process appends": ({ bell }) => bell.ring(),
    "when the store closes": ({ bell }) => bell.close(),
    "when it is cancelled": ({ listeners }) => all(listeners),
    "after a while, to look what others did": ({ due }) => all(due),
  };
  test.each(Object.entries(wakings))("wakes %s, and leaves nothing behind", async (_, wake) => {
    const world = quietWorld();
    const woken: number[] = [];
    const sleep = (id: number, bell: SubscriptionBell): Promise<void> =>
      bell.wait(world.signal).then(() => void woken.push(id));
    const sleepers = [sleep(1, world.bell), sleep(2, world.bell)];
    await Promise.resolve();
    expect(woken).toEqual([]);
    wake(world);
    await Promise.all(sleepers);
    expect(woken).toEqual([1, 2]);
    expect([world.due.size, world.listeners.size]).toEqual([0, 0]);
  });

  test("learns that the store is closed", () => {
    const { bell } = quietWorld();
    expect(bell.closed).toBe(false);
    bell.close();
    expect(bell.closed).toBe(true);
  });
});
