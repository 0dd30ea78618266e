/** A reader that does not read, against a call that says when its window is full. */
import { EventEmitter } from "node:events";
import { Metadata } from "@grpc/grpc-js";
import { describe, expect, test } from "vitest";
import type { WireCall } from "./gate.ts";
import { openOutlet, type ReadCall } from "./outlet.ts";

const opened = ({ window, atMost }: { readonly window: number; readonly atMost?: number }) => {
  const gone = new AbortController();
  const call = new EventEmitter();
  const written: Buffer[] = [];
  let hasEnded = false;
  Object.assign(call, {
    write: (message: Buffer) => written.push(message) % window !== 0,
    end: () => {
      hasEnded = true;
    },
  });
  const here: WireCall = {
    name: "Streams/Read",
    point: "read",
    stream: undefined,
    metadata: new Metadata(),
    signal: gone.signal,
    cut: () => {},
  };
  const outlet = openOutlet(call as unknown as ReadCall, here, atMost === undefined ? {} : { atMost });
  return { outlet, written, call, gone, hasEnded: () => hasEnded };
};
const message = Buffer.from("m");

describe("an outlet", () => {
  test("asks its writer to wait while the window is full, and lets it go on when there is room", async () => {
    const { outlet, call } = opened({ window: 2 });
    expect(outlet.event(message)).toBeUndefined();
    const waiting = outlet.event(message);
    expect(waiting).toBeInstanceOf(Promise);
    expect(call.listenerCount("drain")).toBe(1);
    call.emit("drain");
    await waiting;
    expect(call.listenerCount("drain")).toBe(0);
  });

  test("lets its writer go and takes nothing more once the reader is gone", async () => {
    const { outlet, call, gone, written } = opened({ window: 1 });
    const waiting = outlet.event(message);
    gone.abort();
    await waiting;
    expect(outlet.isOpen()).toBe(false);
    expect(outlet.event(message)).toBeUndefined();
    expect(written).toHaveLength(1);
    expect(call.listenerCount("drain")).toBe(0);
  });

  test("ends cleanly after as many events as it may send", () => {
    const { outlet, written, hasEnded } = opened({ window: 99, atMost: 2 });
    for (let i = 0; i < 5; i++) void outlet.event(message);
    expect(written).toHaveLength(2);
    expect(hasEnded()).toBe(true);
  });
});
