/** A subscription ends when it is told to, and costs the same however long it lasts. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { cancelSource } from "@mission-ledger/testkit";
import { describe, expect, test } from "vitest";
import { openEventStoreDb } from "../event-store-db.ts";
import type { Gateway, SubscriptionNews } from "../gateway-port.ts";
import { all, filled, openWorld } from "../testing/world.ts";

/** Bytes that are still reachable. */
const reachable = (): number => {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().heapUsed;
};

describe("a subscription", () => {
  test.each(["read", "subscribe"] as const)(
    "that is called off while the server is silent to a %s ends at once",
    async (at) => {
      const world = openWorld();
      await filled(world, 1);
      const store = await world.open();
      world.server.strike({ at, fault: { kind: "silence" }, times: 1_000 });
      const { signal, abort } = cancelSource();
      const heard = all(store.subscribe({ signal }));
      await world.timers.pass(100);
      const since = world.timers.now();
      abort();
      expect(await world.until(heard)).toEqual([]);
      expect(world.timers.now() - since).toBeLessThan(1_000);
    },
  );

  test("holds nothing of what it has told", async () => {
    const world = openWorld();
    const inner = world.server.gateway();
    const most = 200_000;
    let told = 0;
    let held = 0;
    const { signal, abort } = cancelSource();
    const gateway: Gateway = {
      ...inner,
      async *subscribe(): AsyncGenerator<SubscriptionNews> {
        for (; told < most; told += 1) {
          if (told === 1_000) held = reachable();
          const place = BigInt(told);
          yield { _tag: "Checkpoint", position: { commit: place, prepare: place } };
        }
        held = reachable() - held;
        abort();
      },
    };
    const store = await openEventStoreDb({ gateway, timers: world.timers });
    expect(await world.until(all(store.subscribe({ signal })))).toEqual([]);
    expect(told).toBe(most);
    expect(held).toBeLessThan(most * 10);
  });
});
