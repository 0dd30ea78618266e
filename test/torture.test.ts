/** What docs/how-to/torture-your-store.md shows: every crash of a store, explored on a simulated disk. */
import { inspectStream, openFileStore } from "@mission-ledger/store-file";
import { exploreCrashes } from "@mission-ledger/testkit";
import { expect, test } from "vitest";

test("a power cut after any call loses nothing that was acknowledged", async () => {
  const directory = "/data/ledger";
  const report = await exploreCrashes({
    // As a new process would open it. `files` is the disk: give your store a port like it.
    open: (files) => openFileStore({ directory, files }),
    // Optional: a synchronous look at the log, so that every state is seen and only some are judged by a store.
    look: (files, stream) => {
      const { head, findings } = inspectStream({ directory, stream, files, digests: false });
      return { head, problems: findings.map(({ why }) => why) };
    },
    lives: [{ commands: [{ commandId: "c1" }, { commandId: "c2", events: 2 }] }],
    grain: "whole files", // leave it out to tear files at every byte
    judgeEvery: 10,
  });
  expect(report.failures).toEqual([]);
  expect(report.judged).toBeGreaterThan(0);
});
