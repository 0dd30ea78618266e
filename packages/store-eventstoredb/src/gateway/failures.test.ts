import { describe, expect, test } from "vitest";
import { GatewayFailure, type GatewayFailureKind } from "../gateway-port.ts";
import { type Asked, failureOf } from "./failures.ts";
import type { CallEnd } from "./wire-call.ts";

const append: Asked = { call: "append", writes: true, stream: "s-1", server: "a:1", secrets: ["word"] };
const read: Asked = { ...append, call: "read", writes: false };
const ended = (code: number, text = "?", more: Partial<CallEnd> = {}): CallEnd => ({
  code,
  text,
  neverLeft: false,
  lostChannel: false,
  ...more,
});

/** Section 5 of what is known of the server: what an append that ended so has left behind. */
const table: readonly (readonly [end: CallEnd, kind: GatewayFailureKind, isDefinite: boolean])[] = [
  [ended(9, "deleted", { exception: "stream-deleted" }), "stream_deleted", true],
  [ended(7, "denied", { exception: "access-denied" }), "access_denied", true],
  [ended(7, "denied"), "access_denied", true],
  [ended(16, "who?"), "not_authenticated", true],
  [ended(16, "who?", { exception: "access-denied" }), "not_authenticated", true],
  [ended(3, "big", { exception: "maximum-append-size-exceeded", maxBytes: 10 }), "too_large", true],
  [ended(3, "big", { exception: "maximum-append-event-size-exceeded" }), "too_large", true],
  [ended(8, "big"), "too_large", false],
  [ended(5, "leader", { exception: "not-leader" }), "not_leader", true],
  [ended(10, "Commit phase timeout"), "server_timeout", false],
  [ended(4, "Deadline exceeded"), "deadline", false],
  [ended(14, "Server Is Not Ready"), "unavailable", false],
  [ended(14, "No connection established", { neverLeft: true }), "unavailable", true],
  [ended(1, "reset"), "unavailable", false],
  [ended(2, "No leader info available in response"), "unavailable", false],
  [ended(13, "Received RST_STREAM with code 2"), "unavailable", false],
  [ended(3, "?", { exception: "missing-required-metadata-property" }), "refused", false],
  [ended(3, "?", { exception: "invalid-transaction" }), "refused", false],
  [ended(2, "Exception was thrown by handler."), "unknown", false],
  [ended(13, "?"), "unknown", false],
  [ended(0, "OK"), "unknown", false],
];

describe("the failure of an append", () => {
  test.each(table)("after %o is %s, definite: %s", (end, kind, isDefinite) => {
    expect(failureOf(new Error("x"), end, append)).toMatchObject({ kind, isDefinite });
  });

  test.each([
    [{ type: "timeout", code: 10 }, "server_timeout"],
    [{ type: "deadline-exceeded" }, "deadline"],
    [{ type: "access-denied", code: 16 }, "not_authenticated"],
    [{ type: "not-leader" }, "not_leader"],
    [{ code: 14 }, "unavailable"],
    [{ code: "ERR_STREAM_WRITE_AFTER_END" }, "unknown"],
    ["a text", "unknown"],
    [undefined, "unknown"],
    [null, "unknown"],
  ])("is told by type and code where the wire said nothing, whoever made the error: %o", (error, kind) => {
    expect(failureOf(error, undefined, append)).toMatchObject({ kind });
  });

  test("that is one already stays it", () => {
    const failure = new GatewayFailure("closed", "x", { isDefinite: true });
    expect(failureOf(failure, ended(14), append)).toBe(failure);
  });

  test("has words of its own where the client has none, and says what was asked of whom", () => {
    const { message, details } = failureOf(Object.assign(new Error(""), { code: 10 }), undefined, append);
    expect(message).toBe(
      "The server gave up waiting: no quorum, or the same append was on its way already (append, a:1).",
    );
    expect(details).toEqual({ call: "append", server: "a:1", stream: "s-1", grpcCode: 10 });
  });

  test("has a cause that can be printed: no secret, no raw error, no stack of the client", () => {
    const error = Object.assign(new Error("14: word word"), { type: "unavailable", _raw: { word: "word" } });
    const { cause } = failureOf(error, undefined, append);
    expect(cause).toBeInstanceOf(Error);
    expect(Object.keys(cause as Error)).toEqual([]);
    expect((cause as Error).stack).toBe("Error: unavailable: 14: *** ***");
  });
});

describe("the failure of a read", () => {
  test.each(table)("after %o writes nothing, whatever it is", (end) => {
    expect(failureOf(new Error("x"), end, read)).toMatchObject({ isDefinite: true });
  });
});
