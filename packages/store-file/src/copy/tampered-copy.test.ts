import fs from "node:fs";
import path from "node:path";
import { noteStream as stream } from "@mission-ledger/testkit";
import { describe, expect, test } from "vitest";
import { publishCopies } from "../index.ts";
import { openBelow } from "../testing/open-files.ts";
import { plants } from "../testing/plants.ts";
import {
  bring,
  commandsOf,
  commit,
  mergeUnion,
  mergeWithMarkers,
  say,
  type WorkTree,
  workTree,
} from "../testing/work-trees.ts";

type Failpoint = (name: string) => void;

interface Scenario {
  readonly begin: () => Promise<WorkTree>;
  /** What has to succeed whatever becomes of the copy. */
  readonly run: (tree: WorkTree, failpoint: Failpoint) => Promise<void>;
  /** The commands that the log holds then. */
  readonly kept: readonly string[];
}

const write = async (tree: WorkTree, ...commands: readonly string[]): Promise<void> => {
  const store = await tree.open();
  for (const command of commands) await say(store, command);
  await store.close();
};

const receipted = async (tree: WorkTree, failpoint: Failpoint): Promise<void> => {
  const store = await tree.open({ failpoint, lockTimeoutMs: 200 });
  try {
    await commit(store, "receipted");
    await store.publish?.(stream);
  } finally {
    await store.close();
  }
};

const written = async (): Promise<WorkTree> => {
  const tree = workTree();
  await write(tree, "first");
  return tree;
};

const scenarios: Readonly<Record<string, Scenario>> = {
  "a command whose mission has no copy yet": {
    begin: async () => {
      const tree = await written();
      fs.rmSync(tree.copy);
      return tree;
    },
    run: receipted,
    kept: ["first", "receipted"],
  },
  "a command": { begin: written, run: receipted, kept: ["first", "receipted"] },
  "a command that something has to be taken in for": {
    begin: async () => {
      const [here, there] = [await written(), workTree()];
      bring(here, there);
      await write(there, "theirs");
      bring(there, here);
      return here;
    },
    run: receipted,
    kept: ["first", "receipted"],
  },
  "writing a copy anew": {
    begin: async () => {
      const [here, there] = [await written(), workTree()];
      bring(here, there);
      await write(there, "theirs");
      await write(here, "ours");
      mergeUnion(there, here);
      mergeWithMarkers(there, here);
      return here;
    },
    run: async (tree, failpoint) => {
      const [met] = await publishCopies({ ...tree, failpoint, anew: true, lockTimeoutMs: 200 });
      expect(met?.fault).toBeUndefined();
    },
    kept: ["first", "ours"],
  },
};

const attempt = async (
  { begin, run }: Scenario,
  at?: { readonly step: string; readonly turn: number; readonly plant: (copy: string) => void },
): Promise<{ readonly tree: WorkTree; readonly steps: readonly string[] }> => {
  const tree = await begin();
  const steps: string[] = [];
  await run(tree, (name) => {
    steps.push(name);
    if (name === at?.step && steps.filter((step) => step === name).length === at.turn) at.plant(tree.copy);
  });
  return { tree, steps };
};

/** As after `git checkout -- .mission-ledger`, without the copy. */
const clearAway = ({ publishTo }: WorkTree): void => {
  const attributes = "log/*.jsonl -text merge=mission-ledger\n";
  fs.rmSync(publishTo, { recursive: true, force: true });
  fs.mkdirSync(publishTo, { recursive: true });
  fs.writeFileSync(path.join(publishTo, ".gitattributes"), attributes);
};

const seen = new Set<string>();

describe.each(Object.entries(scenarios))(
  "%s, with the copy tampered with between any two steps",
  (_, scenario) => {
    test.each(Object.entries(plants))(
      "by one that is %s succeeds, and the log loses nothing",
      async (_, plant) => {
        const before = openBelow();
        const { steps } = await attempt(scenario);
        const turns = new Map<string, number>();
        for (const step of steps) {
          seen.add(step);
          const turn = (turns.get(step) ?? 0) + 1;
          turns.set(step, turn);
          const { tree } = await attempt(scenario, { step, turn, plant });
          const store = await tree.open();
          const commands = await commandsOf(store);
          await store.close();
          expect(commands, `${step} ${turn}`).toEqual(expect.arrayContaining([...scenario.kept]));
          expect(new Set(commands).size, `${step} ${turn}`).toBe(commands.length);
          clearAway(tree);
          await publishCopies(tree);
          const chain = fs
            .readFileSync(tree.log, "utf8")
            .split("\n")
            .filter((line) => !line.includes('"branch":'));
          expect(fs.readFileSync(tree.copy, "utf8").split("\n"), `${step} ${turn}`).toEqual(chain);
        }
        expect(openBelow()).toEqual(before);
      },
    );
  },
);

test("every step of publishing is one of those", () => {
  const named = fs
    .readdirSync(import.meta.dirname)
    .filter((name) => !name.endsWith(".test.ts"))
    .flatMap((name) => [
      ...fs
        .readFileSync(path.join(import.meta.dirname, name), "utf8")
        .matchAll(/failpoint\("(publish:[^"]+)"\)/g),
    ])
    .map((found) => found[1] ?? "");
  expect(named.length).toBeGreaterThan(2);
  expect(named.filter((name) => !seen.has(name))).toEqual([]);
});
