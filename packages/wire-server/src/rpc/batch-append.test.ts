/** What the batch path does that the other does not. */
import { describe, expect, test } from "vitest";
import { served } from "../testing/servers.ts";

describe("the batch path", () => {
  test("answers a refused write once more when its time is up", async () => {
    const { raw } = await served({ commitTimeoutMs: 20 });
    // An event without a type is refused.
    const { answers } = await raw.batch("mission-1", -1, [""], { answers: 2 });
    expect(answers).toEqual(["ours error 3", "ours error 4"]);
  });

  test("answers an accepted write once", async () => {
    const { raw } = await served({ commitTimeoutMs: 20 });
    const { answers } = await raw.batch("mission-1", -1, ["one"], { answers: 2 });
    expect(answers).toEqual(["ours 0"]);
  });

  test("counts as a call even where nothing is written", async () => {
    const { raw, server } = await served();
    await raw.batch("mission-1", -1, [""]);
    expect(server.calls().get("Streams/BatchAppend")).toBe(1);
  });
});
