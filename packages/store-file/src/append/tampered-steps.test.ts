import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { type EventStore, emptyHead, type StreamHead } from "@mission-ledger/core";
import { describe, expect, test } from "vitest";
import { openFileStore, repairStream } from "../index.ts";
import { layoutOf } from "../layout.ts";
import type { LockChoice } from "../lock/lock-kind.ts";
import { scratchDirectory } from "../testing/scratch.ts";
import { commitOn, expectedAfter, put, stream } from "../testing/writing.ts";

/** What somebody may do to a log between any two steps. Each leaves alone what is not there. */
const plants: Readonly<Record<string, (log: string) => void>> = {
  unlinked: (log) => fs.rmSync(log, { force: true, recursive: true }),
  "replaced by a copy": (log) => {
    if (!fs.existsSync(log)) return;
    fs.copyFileSync(log, `${log}.copy`);
    fs.renameSync(`${log}.copy`, log);
  },
  "replaced by an empty file": (log) => {
    fs.rmSync(log, { force: true });
    if (fs.existsSync(path.dirname(log))) fs.writeFileSync(log, "");
  },
  emptied: (log) => {
    if (fs.existsSync(log)) fs.truncateSync(log);
  },
  truncated: (log) => {
    if (fs.existsSync(log)) fs.truncateSync(log, Math.floor(fs.statSync(log).size / 2));
  },
  "written to by a stranger": (log) => {
    if (fs.existsSync(log)) fs.appendFileSync(log, "a stranger's line\n");
  },
  "replaced by a link": (log) => {
    if (!fs.existsSync(path.dirname(log))) return;
    fs.writeFileSync(`${log}.old`, "");
    if (fs.existsSync(log)) fs.renameSync(log, `${log}.old`);
    fs.symlinkSync(`${log}.old`, log);
  },
  "replaced by a FIFO": (log) => {
    if (!fs.existsSync(path.dirname(log))) return;
    fs.rmSync(log, { force: true });
    execFileSync("mkfifo", [log]);
  },
  "given a second name": (log) => {
    if (fs.existsSync(log)) fs.linkSync(log, `${log}.twin`);
  },
  "replaced by a directory": (log) => {
    if (!fs.existsSync(path.dirname(log))) return;
    fs.rmSync(log, { force: true });
    fs.mkdirSync(log);
  },
  "moved away with its directory": (log) => {
    if (fs.existsSync(path.dirname(log))) fs.renameSync(path.dirname(log), `${path.dirname(log)}.old`);
  },
  "removed with its directory": (log) => fs.rmSync(path.dirname(log), { recursive: true, force: true }),
  "removed with the whole ledger": (log) =>
    fs.rmSync(path.dirname(path.dirname(log)), { recursive: true, force: true }),
};

interface Ground {
  readonly directory: string;
  readonly log: string;
  readonly failpoint: (name: string) => void;
  /** From here on the plant waits for its step. */
  arm(): void;
}

type Claim = (log: string) => boolean;

const holdsReceipted: Claim = (log) => fs.readFileSync(log, "utf8").includes('"receipted"');

interface Scenario {
  /** Answers what has to be true of the log if it succeeds. Throws what is refused. */
  run(ground: Ground): Promise<Claim>;
}

const withStore = async (
  { directory, failpoint }: Ground,
  action: (store: EventStore) => Promise<Claim>,
  lock: LockChoice = "auto",
): Promise<Claim> => {
  const store = await openFileStore({ directory, failpoint, lock, lockTimeoutMs: 200 });
  try {
    return await action(store);
  } finally {
    await store.close();
  }
};

const scenarios: Readonly<Record<string, Scenario>> = {
  "the first append": {
    run: (ground) =>
      withStore(ground, async (store) => {
        ground.arm();
        await put(store, emptyHead, "receipted");
        return holdsReceipted;
      }),
  },
  "an append": {
    run: (ground) =>
      withStore(ground, async (store) => {
        const { head } = await put(store, emptyHead, "first");
        ground.arm();
        await put(store, head, "receipted");
        return holdsReceipted;
      }),
  },
  "an append under a lock of plain files": {
    run: (ground) =>
      withStore(
        ground,
        async (store) => {
          const { head } = await put(store, emptyHead, "first");
          ground.arm();
          await put(store, head, "receipted");
          return holdsReceipted;
        },
        "generation",
      ),
  },
  "an append decided again": {
    run: (ground) =>
      withStore(ground, async (store) => {
        const { head: stale } = await put(store, emptyHead, "first");
        await put(store, stale, "second");
        ground.arm();
        const appended = await store.append({
          commit: commitOn(stale, "receipted"),
          expected: expectedAfter(stale),
          decideAgain: (_missed, actual) => commitOn(actual, "receipted"),
        });
        if (appended._tag === "Conflict") throw new Error("conflict");
        if (!("length" in (await store.readBack(appended)))) throw new Error("conflict");
        return holdsReceipted;
      }),
  },
  "a retry": {
    run: (ground) =>
      withStore(ground, async (store) => {
        await put(store, emptyHead, "receipted");
        ground.arm();
        await put(store, emptyHead, "receipted");
        return holdsReceipted;
      }),
  },
  "a confirmation": {
    run: (ground) =>
      withStore(ground, async (store) => {
        const { head } = await put(store, emptyHead, "receipted");
        ground.arm();
        await store.confirm(stream, { revision: head.revision, digest: head.digest } satisfies StreamHead);
        return holdsReceipted;
      }),
  },
  "a repair": {
    run: async (ground) => {
      await withStore({ ...ground, failpoint: () => {} }, async (store) => {
        await put(store, emptyHead, "receipted");
        return holdsReceipted;
      });
      fs.appendFileSync(ground.log, "foreign\n");
      fs.writeFileSync(layoutOf(ground.directory).of(stream).suspect, "");
      ground.arm();
      const { outcome, before, after } = await repairStream({ ...ground, stream, lockTimeoutMs: 200 });
      if (outcome === "refused") throw new Error("conflict");
      // What it read it must have kept; what was gone before it came it cannot know.
      return (log) => fs.statSync(log).size === after.bytes && (before.records === 0 || holdsReceipted(log));
    },
  },
};

/** Runs a scenario and plants at the n-th time that a step is reached; answers the steps it went through. */
const attempt = async (
  scenario: Scenario,
  at?: { readonly step: string; readonly turn: number; readonly plant: (log: string) => void },
): Promise<{
  readonly steps: readonly string[];
  readonly claim: Claim | undefined;
  readonly log: string;
}> => {
  const directory = path.join(scratchDirectory(), "ledger");
  fs.mkdirSync(directory);
  const { log } = layoutOf(directory).of(stream);
  const steps: string[] = [];
  let isArmed = false;
  const failpoint = (name: string): void => {
    if (!isArmed) return;
    steps.push(name);
    if (at === undefined || name !== at.step || steps.filter((step) => step === name).length !== at.turn)
      return;
    isArmed = false;
    at.plant(log);
  };
  const arm = (): void => {
    isArmed = true;
  };
  try {
    return { steps, log, claim: await scenario.run({ directory, log, failpoint, arm }) };
  } catch (error) {
    if (!/^conflict/.test((error as Error).message))
      expect(error, `${at?.step} ${at?.turn}`).toMatchObject({ name: "StoreFault" });
    return { steps, log, claim: undefined };
  }
};

/** There the descriptor that is read was opened while the log stood at the path: a later change is another matter. */
const afterTheLook = ["append:read-back-bytes"];

const seen = new Set<string>();

describe.each(Object.entries(scenarios))("%s that is tampered with between any two steps", (_, scenario) => {
  test.each(Object.entries(plants))(
    "by a log that is %s succeeds only if the bytes are at the path",
    async (_, plant) => {
      const descriptors = fs.readdirSync("/proc/self/fd").length;
      const { steps, claim } = await attempt(scenario);
      expect(claim).toBeDefined();
      const turns = new Map<string, number>();
      for (const step of steps) {
        seen.add(step);
        const turn = (turns.get(step) ?? 0) + 1;
        turns.set(step, turn);
        const { claim, log } = await attempt(scenario, { step, turn, plant });
        if (claim === undefined || afterTheLook.includes(step)) continue;
        expect(fs.lstatSync(log, { throwIfNoEntry: false })?.isFile(), `${step} ${turn}`).toBe(true);
        expect(claim(log), `${step} ${turn}`).toBe(true);
      }
      expect(fs.readdirSync("/proc/self/fd").length).toBe(descriptors);
    },
  );
});

test("every failpoint of the file store is one of those steps", () => {
  const sources = path.join(import.meta.dirname, "..");
  const named = fs
    .readdirSync(sources, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
    // Copies and decisions die at each of their calls in copy/kill.test.ts.
    .filter((name) => !/^(?:copy|reconcile)[\\/]/.test(name))
    .flatMap((name) => [
      ...fs.readFileSync(path.join(sources, name), "utf8").matchAll(/failpoint\("([^"]+)"\)/g),
    ])
    .map((found) => found[1]);
  expect([...new Set(named)].filter((name) => name !== undefined && !seen.has(name))).toEqual([]);
});
