import fs from "node:fs";
import path from "node:path";
import { noteStream as stream } from "@mission-ledger/testkit";
import { describe, expect, test } from "vitest";
import { layoutOf } from "../layout.ts";
import { gitScenarios } from "../testing/git-scenarios.ts";
import { openBelow } from "../testing/open-files.ts";
import { plants } from "../testing/plants.ts";
import { scratchDirectory } from "../testing/scratch.ts";
import { type Claim, type Scenario, scenarios } from "../testing/tampered-scenarios.ts";

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

/** There the log was read at its path, or its descriptor opened: a later change is another matter. */
const afterTheLook = ["append:read-back-bytes", "publish:remember"];

const seen = new Set<string>();

describe.each(Object.entries({ ...scenarios, ...gitScenarios }))(
  "%s that is tampered with between any two steps",
  (_, scenario) => {
    test.each(Object.entries(plants))(
      "by a log that is %s succeeds only if the bytes are at the path",
      async (_, plant) => {
        const before = openBelow();
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
        expect(openBelow()).toEqual(before);
      },
    );
  },
);

test("every failpoint of the file store is one of those steps", () => {
  const sources = path.join(import.meta.dirname, "..");
  const named = fs
    .readdirSync(sources, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
    .flatMap((name) => [
      ...fs.readFileSync(path.join(sources, name), "utf8").matchAll(/failpoint\("([^"]+)"\)/g),
    ])
    .map((found) => found[1])
    // No receipt waits for these: copy/tampered-copy.test.ts, test/move-between-stores.prop.test.ts, archive/archive.test.ts.
    .filter((name) => !/^(?:archive|publish|transfer):/.test(name ?? ""));
  expect([...new Set(named)].filter((name) => name !== undefined && !seen.has(name))).toEqual([]);
});
