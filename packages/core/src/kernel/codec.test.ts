import { describe, expect, test } from "vitest";
import { type Codec, eventCodec } from "./codec.ts";
import { type EventEnvelope, emptyHead, sealCommit } from "./event.ts";
import type { JsonObject } from "./json.ts";

type Moved = { readonly type: "Moved"; readonly from: string; readonly to: string; readonly by: string };
type Noted = { readonly type: "Noted"; readonly text: string };

const codec: Codec<Moved | Noted> = eventCodec<Moved | Noted>({
  Moved: {
    version: 3,
    upcasters: {
      1: ({ lane, ...data }) => ({ ...data, to: lane ?? "planned" }),
      2: (data, { actor }) => ({ from: "planned", ...data, by: actor }),
    },
  },
  Noted: { version: 1 },
});

const stored = (type: string, version: number, data: JsonObject): EventEnvelope => {
  const context = {
    stream: "m-1",
    commandId: "c",
    commandDigest: "d",
    recordedAt: "2026-01-01T00:00:00.000Z",
    actor: "ana",
  };
  return sealCommit(emptyHead, context, [{ type, version, data }]).events[0] as EventEnvelope;
};

describe("an event codec", () => {
  test("writes the present version and keeps type out of the data", () => {
    expect(codec.encode({ type: "Moved", from: "a", to: "b", by: "ana" })).toEqual({
      type: "Moved",
      version: 3,
      data: { from: "a", to: "b", by: "ana" },
    });
  });

  test("reads what it wrote", () => {
    const event: Noted = { type: "Noted", text: "x" };
    const { type, version, data } = codec.encode(event);
    expect(codec.decode(stored(type, version, data))).toEqual({ _tag: "Known", event });
  });

  test("lifts an old version one step at a time, with the envelope at hand", () => {
    const known = { _tag: "Known", event: { type: "Moved", from: "planned", to: "done", by: "ana" } };
    expect(codec.decode(stored("Moved", 1, { lane: "done" }))).toEqual(known);
    expect(codec.decode(stored("Moved", 2, { to: "done" }))).toEqual(known);
  });

  test("leaves the stored data as it was", () => {
    const envelope = stored("Moved", 1, { lane: "done" });
    codec.decode(envelope);
    expect(envelope.data).toEqual({ lane: "done" });
  });

  test("names a type it does not know", () => {
    expect(codec.decode(stored("Flown", 2, {}))).toEqual({ _tag: "Unknown", type: "Flown", version: 2 });
  });

  test("takes a type named like a member of every object as unknown", () => {
    for (const type of ["constructor", "toString", "__proto__"])
      expect(codec.decode(stored(type, 1, {}))._tag).toBe("Unknown");
  });

  test("takes a version newer than its own as unknown", () => {
    expect(codec.decode(stored("Noted", 2, { text: "x" }))).toEqual({
      _tag: "Unknown",
      type: "Noted",
      version: 2,
    });
  });

  test("lets the stored type win over a type in the data", () => {
    expect(codec.decode(stored("Noted", 1, { type: "Moved", text: "x" }))).toMatchObject({
      event: { type: "Noted" },
    });
  });

  test("refuses to write an event it does not know", () => {
    expect(() => codec.encode({ type: "Flown" } as unknown as Noted)).toThrow(TypeError);
  });

  test("refuses to be made when a version lacks its upcaster", () => {
    expect(() => eventCodec({ Moved: { version: 3, upcasters: { 1: (data) => data } } })).toThrow(
      "Moved has no upcaster from version 2 to 3",
    );
  });
});
