/** Subscriptions without a wire: who reads slowly, who leaves, and what both cost. */
import { describe, expect, test } from "vitest";
import { openLog, type WireLog } from "../log/log.ts";
import { openWriter } from "../log/writer.ts";
import { openEventEncoder } from "../wire/encode-event.ts";
import type { Outlet } from "./outlet.ts";
import type { ReadRequest } from "./read-request.ts";
import type { Service } from "./service.ts";
import { subscribeToAll, subscribeToStream } from "./subscribe.ts";

const request: ReadRequest = {
  stream: "s",
  from: "start",
  isBackwards: false,
  uuids: "string",
  resolveLinks: false,
  filter: undefined,
  count: undefined,
  checkpointEvery: 32,
};

const filled = (count: number) => {
  const own = openLog();
  let listeners = 0;
  const log: WireLog = {
    ...own,
    onAdvance: (listener) => {
      listeners++;
      const leave = own.onAdvance(listener);
      return () => {
        listeners--;
        leave();
      };
    },
  };
  const writer = openWriter(log);
  const append = () =>
    writer.append({
      stream: "s",
      expected: "any",
      events: [
        {
          id: crypto.getRandomValues(new Uint8Array(16)),
          type: "T",
          isJson: true,
          data: Buffer.from("{}"),
          metadata: new Uint8Array(),
        },
      ],
    });
  for (let i = 0; i < count; i++) append();
  const service = { log, encodeEvent: openEventEncoder(log) } as unknown as Service;
  return { service, append, listeners: () => listeners };
};

/** A reader with room for so many messages until `room` is called. */
const reader = (window: number) => {
  let left = window;
  let isOpen = true;
  let taken = 0;
  let wake = (): void => {};
  const take = (): Promise<void> | undefined => {
    taken++;
    if (--left > 0) return undefined;
    return new Promise((resolve) => {
      wake = resolve;
    });
  };
  const outlet: Outlet = {
    isOpen: () => isOpen,
    message: take,
    event: take,
    pause: (onWake) =>
      new Promise((resolve) => {
        const leave = onWake(() => wake());
        wake = () => {
          leave();
          resolve();
        };
      }),
    end: () => {},
    fail: () => {},
  };
  return {
    outlet,
    taken: () => taken,
    room: (messages: number) => {
      left = messages;
      wake();
    },
    leave: () => {
      isOpen = false;
      wake();
    },
  };
};
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

describe.each([
  ["a stream", subscribeToStream, request],
  ["the whole log", subscribeToAll, { ...request, stream: undefined }],
] as const)("a subscription to %s", (_of, subscribe, wanted) => {
  test("takes nothing from the log while its reader's window is full", async () => {
    const { service, append } = filled(1_000);
    const slow = reader(10);
    const done = subscribe(service, wanted, slow.outlet, {});
    await settled();
    expect(slow.taken()).toBe(10);
    append();
    await settled();
    expect(slow.taken()).toBe(10);
    slow.room(100_000);
    await settled();
    // Confirmation, 1,001 events, caught up.
    expect(slow.taken()).toBe(1_003);
    slow.leave();
    await done;
  });

  test("ends, and listens no more, once its reader is gone", async () => {
    const { service, append, listeners } = filled(3);
    const here = reader(100);
    const done = subscribe(service, wanted, here.outlet, {});
    await settled();
    expect(listeners()).toBe(1);
    here.leave();
    await done;
    expect(listeners()).toBe(0);
    append();
    expect(here.taken()).toBe(5);
  });
});
