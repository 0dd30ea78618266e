/** What a ledger is asked to do with a published copy while somebody tampers with the log. */

import fs from "node:fs";
import path from "node:path";
import { noteStream as stream } from "@mission-ledger/testkit";
import { forksOf, openFileStore, publishCopies, reconcileStream } from "../index.ts";
import type { Claim, Ground, Scenario } from "./tampered-scenarios.ts";
import { bring, commit, mergeUnion, say, type WorkTree, workTree, workTreeAt } from "./work-trees.ts";

const holds =
  (commandId: string): Claim =>
  (log) =>
    fs.readFileSync(log, "utf8").includes(`"${commandId}"`);

const treeOn = ({ directory }: Ground): WorkTree => workTreeAt(path.dirname(directory), directory);

const run = async (tree: WorkTree, ...commands: readonly string[]): Promise<void> => {
  const store = await tree.open();
  for (const command of commands) await say(store, command);
  await store.close();
};

/** This ledger and another clone went on from the same event, and git has merged the copies here. */
const forked = async (ground: Ground): Promise<readonly [here: WorkTree, there: WorkTree]> => {
  const [here, there] = [treeOn(ground), workTree()];
  await run(here, "first");
  bring(here, there);
  await run(there, "theirs");
  await run(here, "ours");
  mergeUnion(there, here);
  return [here, there];
};

const meet = async ({ directory, publishTo }: WorkTree, { failpoint }: Ground) => {
  const [met] = await publishCopies({ directory, publishTo, failpoint, lockTimeoutMs: 200 });
  if (met?.fault !== undefined) throw met.fault;
  return met;
};

/** No receipt rests on what this one finds. */
const nothingDone = (): Error => new Error("conflict");

const decide = async (here: WorkTree, { failpoint }: Ground, winner: string): Promise<Claim> => {
  const { directory } = here;
  const request = { directory, stream, winner, actor: "ada", commandId: "receipted" };
  await reconcileStream({ ...request, failpoint, lockTimeoutMs: 200 });
  return holds("receipted");
};

const theirs = ({ directory }: WorkTree): string => forksOf({ directory, stream })[0]?.branch.digest ?? "";

export const gitScenarios: Readonly<Record<string, Scenario>> = {
  "a take-in into a fresh clone": {
    run: async (ground) => {
      const [here, there] = [treeOn(ground), workTree()];
      await run(there, "first", "receipted");
      bring(there, here);
      ground.arm();
      if ((await meet(here, ground))?.takenIn === 0) throw nothingDone();
      return holds("receipted");
    },
  },
  "a command that something has to be taken in for": {
    run: async (ground) => {
      const [here, there] = [treeOn(ground), workTree()];
      await run(here, "first");
      bring(here, there);
      await run(there, "theirs");
      bring(there, here);
      const { directory, publishTo } = here;
      const { failpoint } = ground;
      const store = await openFileStore({ directory, publishTo, failpoint, lockTimeoutMs: 200 });
      try {
        ground.arm();
        await commit(store, "receipted");
        return holds("receipted");
      } finally {
        await store.close();
      }
    },
  },
  "a take-in of a fork": {
    run: async (ground) => {
      const [here] = await forked(ground);
      ground.arm();
      if ((await meet(here, ground))?.undecided === 0) throw nothingDone();
      return holds("theirs");
    },
  },
  "a take-in of a decision made elsewhere": {
    run: async (ground) => {
      const [here, there] = await forked(ground);
      await meet(here, { ...ground, failpoint: () => {} });
      bring(here, there);
      await publishCopies(there);
      await decide(there, { ...ground, failpoint: () => {} }, "local");
      await publishCopies({ ...there, anew: true });
      bring(there, here);
      ground.arm();
      if ((await meet(here, ground))?.decidedElsewhere !== true) throw nothingDone();
      return holds("receipted");
    },
  },
  "a decision": {
    run: async (ground) => {
      const [here] = await forked(ground);
      await meet(here, { ...ground, failpoint: () => {} });
      const winner = theirs(here);
      ground.arm();
      return decide(here, ground, winner);
    },
  },
  "a decision that is repeated": {
    run: async (ground) => {
      const [here] = await forked(ground);
      const quiet = { ...ground, failpoint: () => {} };
      await meet(here, quiet);
      await decide(here, quiet, "local");
      await run(here, "later");
      ground.arm();
      return decide(here, ground, "local");
    },
  },
};
