import { expect, test } from "vitest";
import { diagnosticCollector, diagnosticOf } from "./diagnostics.ts";
import { StoreFault } from "./faults.ts";

const trouble = (
  message: string,
  { code = "STORE_UNAVAILABLE", phase = "comparing", details = {} } = {},
) => ({
  code,
  phase,
  message,
  details,
});

const collected = (...troubles: readonly ReturnType<typeof trouble>[]) => {
  const collector = diagnosticCollector();
  for (const one of troubles) collector.add(one);
  return collector.diagnostics;
};

test.each([
  ["ports", "connect ECONNREFUSED 127.0.0.1:2113", "connect ECONNREFUSED 127.0.0.1:49152"],
  ["numbers", "no answer within 2000 ms (attempt 3)", "no answer within 1,500 ms (attempt 4)"],
  [
    "times",
    "the lock is held since 2026-03-01T10:00:00.000Z",
    "the lock is held since 2026-03-01T10:00:07.120+01:00",
  ],
  [
    "ids",
    "call 6f1f3c8e-9a0e-4b7e-8f55-1c2d3e4f5a6b failed",
    "call 00000000-0000-4000-8000-000000000001 failed",
  ],
  ["digests", "found 9c1f2ab34d5e6f708192a3b4", "found 00aa11bb22cc33dd44ee55ff"],
  ["revisions", "conflict at revision 7", "conflict at revision 18446744073709551615"],
])("messages that differ in %s are one trouble", (_, first, second) => {
  expect(collected(trouble(first), trouble(second))).toEqual([{ ...trouble(first), count: 2 }]);
});

test("names that the facts give are no difference, also where one holds the other", () => {
  const about = (mission: string) =>
    trouble(`mission-${mission} is unavailable: ${mission} did not answer`, {
      details: { stream: `mission-${mission}`, mission },
    });
  expect(collected(about("a"), about("passkeys"), about("b"))).toMatchObject([
    { message: "mission-a is unavailable: a did not answer", count: 3 },
  ]);
});

test("another code, another phase or other words are another trouble", () => {
  expect(
    collected(
      trouble("no answer"),
      trouble("no answer", { code: "TIMEOUT" }),
      trouble("no answer", { phase: "appending" }),
      trouble("no leader"),
      trouble("no answer"),
    ).map(({ code, phase, message, count }) => [code, phase, message, count]),
  ).toEqual([
    ["STORE_UNAVAILABLE", "comparing", "no answer", 2],
    ["TIMEOUT", "comparing", "no answer", 1],
    ["STORE_UNAVAILABLE", "appending", "no answer", 1],
    ["STORE_UNAVAILABLE", "comparing", "no leader", 1],
  ]);
});

test("twenty of the same are told once, as the first one said it", () => {
  const twenty = Array.from({ length: 20 }, (_, index) =>
    trouble(`lock ${index} of process ${4_000 + index} is held`),
  );
  expect(collected(...twenty)).toEqual([{ ...trouble("lock 0 of process 4000 is held"), count: 20 }]);
});

test("a fault keeps its code, its hint and its facts; anything else is INTERNAL", () => {
  const fault = new StoreFault("TIMEOUT", "no answer", {
    outcome: "unknown",
    retryable: true,
    hint: "Try again.",
    details: { stream: "mission-a" },
  });
  expect(diagnosticOf("appending", fault)).toEqual({
    code: "TIMEOUT",
    phase: "appending",
    message: "no answer",
    hint: "Try again.",
    details: { stream: "mission-a" },
  });
  expect(diagnosticOf("appending", new TypeError("odd"))).toMatchObject({
    code: "INTERNAL",
    message: "TypeError: odd",
  });
  expect(diagnosticOf("appending", "a bare string")).toMatchObject({
    code: "INTERNAL",
    message: "a bare string",
  });
});
