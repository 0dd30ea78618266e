/** Snapshots and views that were taken of a branch which was decided against. */
import { type FoldSpec, loadFold, memorySnapshots, noSnapshots, saveFold } from "@mission-ledger/core";
import { noteStream as stream } from "@mission-ledger/testkit";
import { expect, test } from "vitest";
import { forksOf, publishCopies, reconcileStream } from "../index.ts";
import { bring, mergeUnion, say, workTree } from "../testing/work-trees.ts";

const commands: FoldSpec<readonly string[]> = {
  name: "commands",
  version: 1,
  initial: [],
  stepInPlace: (state, { commandId, type }) => [
    ...state,
    type === "StreamReconciled" ? "decision" : commandId,
  ],
};

test("a snapshot of a branch that lost is not used, although its last record still lies where its mark says", async () => {
  const [here, there] = [workTree(), workTree()];
  const [ours, theirs] = [await here.open(), await there.open()];
  await say(ours, "a");
  bring(here, there);
  await say(theirs, "t1");
  await say(ours, "h1");
  const snapshots = memorySnapshots();
  const losing = await loadFold(ours, stream, commands, { snapshots: noSnapshots });
  expect(losing.state).toEqual(["a", "h1"]);
  expect(losing.head.mark).toBeDefined();
  await saveFold(snapshots, stream, commands, losing);
  mergeUnion(there, here);
  await publishCopies(here);
  const [fork] = forksOf({ directory: here.directory, stream });
  await reconcileStream({
    directory: here.directory,
    stream,
    winner: fork?.branch.digest ?? "",
    actor: "ada",
  });
  for (const store of [ours, await here.open()]) {
    const folded = await loadFold(store, stream, commands, { snapshots });
    expect(folded.state).toEqual(["a", "t1", "decision"]);
    expect(folded.gaps).toBe(0);
  }
  for (const store of [ours, theirs]) await store.close();
});
