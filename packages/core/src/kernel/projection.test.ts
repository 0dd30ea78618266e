import { counterCodec } from "@mission-ledger/testkit";
import { expect, test } from "vitest";
import { projectionFold } from "./projection.ts";

test("a projection with an async handler is refused, whose promise would be stored as an empty view", () => {
  const late = {
    name: "late",
    version: 1,
    initial: { total: 0 },
    when: { Added: async (view: { total: number }) => ({ total: view.total + 1 }) },
  };
  expect(() => projectionFold(late as never, counterCodec)).toThrow(
    new TypeError("the projection late handles Added by an async function; a fold is synchronous"),
  );
});
