import { counterCodec } from "@mission-ledger/testkit";
import { expect, test } from "vitest";
import { emptyHead, sealCommit } from "./event.ts";
import { foldMany } from "./fold-many.ts";
import { openMemoryStore } from "./memory-store.ts";
import { projectionFold } from "./projection.ts";
import { projector } from "./projector.ts";
import { memoryViews } from "./view-store.ts";

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

test("a handler that forgets to return the view fails, live and in a rebuild alike", async () => {
  const forgetful = {
    name: "forgetful",
    version: 1,
    initial: { total: 0 },
    when: {
      Added: (view: { total: number }) => {
        view.total += 1;
      },
    },
  };
  const store = openMemoryStore();
  const commit = { stream: "counter-1", commandId: "c1", commandDigest: "d", actor: "a", recordedAt: "t" };
  await store.append({
    expected: "no_stream",
    commit: sealCommit(emptyHead, commit, [counterCodec.encode({ type: "Added", amount: 1 })]),
  });
  const live = projector({
    store,
    codec: counterCodec,
    projection: forgetful as never,
    views: memoryViews(),
  });
  const failure = {
    code: "PROJECTION_FAILED",
    cause: new TypeError("the projection forgetful answers nothing for Added; a handler returns the view"),
  };
  await expect(live.catchUp()).rejects.toMatchObject(failure);
  const fold = projectionFold(forgetful as never, counterCodec);
  await expect(foldMany(store, "counter-1", [fold])).rejects.toMatchObject(failure);
});
