import { describe, expect, test } from "vitest";
import { type CounterEvent, counter } from "./counter.ts";
import { ScenarioFailure, scenario } from "./scenario.ts";

const { given } = scenario(counter);
const at = "2026-01-01T00:00:00.000Z";
const added = (amount: number): CounterEvent => ({ type: "Added", amount });
const closed: CounterEvent = { type: "Closed" };

describe("a scenario", () => {
  test("compares the events of a command", () => {
    given(added(5))
      .when({ type: "Add", at, amount: 12 })
      .thenEvents(added(10), added(2))
      .thenState({ total: 17 });
  });

  test("compares a refusal by its tag or by what is said of it", () => {
    given(closed)
      .when({ type: "Close", at })
      .thenRefused("CounterClosed")
      .thenRefused({ _tag: "CounterClosed" });
    given(added(990)).when({ type: "Add", at, amount: 11 }).thenRefused({ _tag: "LimitReached", total: 990 });
  });

  test("knows when there was nothing to do", () => {
    given(added(5)).when({ type: "Reach", at, total: 5 }).thenNothing().thenEvents();
  });

  test("looks at the state with a function or a part of it", () => {
    given(added(5), closed)
      .thenState({ closed: true })
      .thenState(({ total }) => total === 5);
  });

  test("goes on with what a command made", () => {
    given()
      .when({ type: "Add", at, amount: 5 })
      .when({ type: "Close", at })
      .thenEvents(closed)
      .when({ type: "Close", at })
      .thenRefused("CounterClosed");
  });

  test("fails with the difference in words", () => {
    const wrong: readonly [string, () => unknown][] = [
      [
        "value.events[0].amount: expected 6, got 5",
        () => given().when({ type: "Add", at, amount: 5 }).thenEvents(added(6)),
      ],
      [
        "value.events[1]: expected nothing",
        () => given().when({ type: "Add", at, amount: 12 }).thenEvents(added(10)),
      ],
      [
        "value.refusal: expected {",
        () => given().when({ type: "Add", at, amount: 5 }).thenRefused("CounterClosed"),
      ],
      [
        'expected "LimitReached", got "CounterClosed"',
        () => given(closed).when({ type: "Close", at }).thenRefused("LimitReached"),
      ],
      ["then nothing", () => given().when({ type: "Close", at }).thenNothing()],
      ["value.refusal", () => given(closed).when({ type: "Close", at }).thenNothing()],
      ["value.total: expected 6, got 5", () => given(added(5)).thenState({ total: 6 })],
      ["does not hold", () => given(added(5)).thenState(({ total }) => total === 6)],
    ];
    for (const [message, act] of wrong) {
      expect(act).toThrow(ScenarioFailure);
      expect(act).toThrow(message);
    }
  });
});
