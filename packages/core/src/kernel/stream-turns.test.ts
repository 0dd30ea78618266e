import { cancelSource } from "@mission-ledger/testkit";
import { describe, expect, test } from "vitest";
import { streamTurns } from "./stream-turns.ts";

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("a turn on a stream", () => {
  test("comes when those before have left, in their order", async () => {
    const turns = streamTurns();
    const came: string[] = [];
    const leaves: ((() => void) | undefined)[] = [];
    for (const name of ["a", "b", "c"])
      void turns.enter("s", undefined).then((leave) => {
        came.push(name);
        leaves.push(leave);
      });
    await settled();
    expect(came).toEqual(["a"]);
    leaves[0]?.();
    await settled();
    expect(came).toEqual(["a", "b"]);
    leaves[1]?.();
    await settled();
    leaves[2]?.();
    expect(came).toEqual(["a", "b", "c"]);
    expect(await turns.enter("s")).toBeTypeOf("function");
  });

  test("on one stream waits for nobody on another", async () => {
    const turns = streamTurns();
    await turns.enter("one");
    expect(await turns.enter("two")).toBeTypeOf("function");
  });

  test("is given up by whoever is called off while waiting, and goes to the next", async () => {
    const turns = streamTurns();
    const leave = await turns.enter("s");
    const { signal, abort } = cancelSource();
    const calledOff = turns.enter("s", signal);
    const next = turns.enter("s");
    abort();
    expect(await calledOff).toBeUndefined();
    leave?.();
    expect(await next).toBeTypeOf("function");
  });

  test("is kept by whoever is called off after it came", async () => {
    const turns = streamTurns();
    const leave = await turns.enter("s");
    const { signal, abort } = cancelSource();
    const waiting = turns.enter("s", signal);
    leave?.();
    const mine = await waiting;
    abort();
    const next = turns.enter("s");
    await settled();
    mine?.();
    expect(await next).toBeTypeOf("function");
  });

  test("never comes to whoever had been called off before", async () => {
    const turns = streamTurns();
    const { signal, abort } = cancelSource();
    abort();
    expect(await turns.enter("s", signal)).toBeUndefined();
    expect(await turns.enter("s")).toBeTypeOf("function");
  });
});
