/** The store on a disk that keeps only what was flushed: every state a crash can leave, and broken stores that are seen. */
import {
  atCall,
  type BrokenDisk,
  brokenDisks,
  type CrashReport,
  crashChecks,
  crashLives,
  type ExploreCrashesOptions,
  exploreCrashes,
  type SimulatedFiles,
} from "@mission-ledger/testkit";
import { describe, expect, test } from "vitest";
import type { FilePort } from "./files/file-port.ts";
import { inspectStream, openFileStore } from "./index.ts";

const directory = "/data/ledger";

const explore = (options: Partial<ExploreCrashesOptions>, broken?: BrokenDisk): Promise<CrashReport> => {
  const breakFiles = broken?.breakFiles ?? ((files: SimulatedFiles) => files);
  const breakStore = broken?.breakStore ?? ((store) => store);
  return exploreCrashes({
    open: async (files) => breakStore(await openFileStore({ directory, files: breakFiles(files) })),
    look: (files, stream) => {
      const { head, findings } = inspectStream({ directory, stream, digests: false, files });
      return { head, problems: findings.map(({ why }) => why) };
    },
    grain: "whole files",
    mostFailures: 1,
    ...options,
  });
};

describe("the file store after a crash at any call", () => {
  test.each(Object.entries(crashLives))("keeps its promises in the lives called %s", async (_, lives) => {
    // Every state is glanced at; the rig of crash states judges more of them by a store that is opened again.
    const report = await explore({ lives, judgeEvery: 4 });
    expect(report.failures).toEqual([]);
    expect(report.judged).toBeGreaterThan(report.distinct / 5);
    expect(report.distinct).toBeGreaterThan(50);
  });

  test("answers a failed flush with unknown, and refuses from then on", async () => {
    const { history } = await explore({ lives: crashLives.lying ?? [] });
    expect(history.acknowledged.map(({ commandId }) => commandId)).toEqual(["c1"]);
    expect(history.faults.map(({ code, outcome }) => [code, outcome])).toEqual([
      ["DURABILITY_UNKNOWN", "unknown"],
      ["DURABILITY_UNKNOWN", "unknown"],
      ["DURABILITY_UNKNOWN", "unknown"],
      ["DURABILITY_UNKNOWN", "unknown"],
    ]);
  });

  test("does not rest on a directory that a dead process made and never flushed", async () => {
    for (const errno of [undefined, "EMFILE"]) {
      const fault =
        errno === undefined
          ? { _tag: "Dies" as const, when: "before" as const }
          : { _tag: "Errno" as const, errno };
      const report = await explore({
        lives: [
          {
            commands: [{ commandId: "c1" }],
            faults: atCall(({ name, path }) => name === "mkdir" && path === directory, fault),
          },
          { commands: [{ commandId: "c1" }] },
        ],
      });
      expect(report.failures).toEqual([]);
      expect(report.history.acknowledged).toHaveLength(1);
    }
  });

  test("is given a disk that has the whole port", () => {
    const takes = (files: FilePort): FilePort => files;
    const given: (files: SimulatedFiles) => FilePort = takes;
    expect(given).toBe(takes);
  });
});

describe("a store that is broken where it meets the disk", () => {
  test.each(brokenDisks.map((broken) => [broken.name, broken] as const))(
    "is caught: %s",
    async (_, broken) => {
      const { failures } = await explore({ lives: broken.lives }, broken);
      expect(failures[0]?.check).toBe(broken.caughtBy);
    },
  );

  test.each(crashChecks)("is let through by all other checks where “%s” is missing", async (missing) => {
    const checks = crashChecks.filter((check) => check !== missing);
    const passed: string[] = [];
    for (const broken of brokenDisks.filter(({ caughtBy }) => caughtBy === missing)) {
      const { failures } = await explore({ lives: broken.lives, checks }, broken);
      if (failures.length === 0) passed.push(broken.name);
      if (passed.length > 0) break;
    }
    expect(passed.length).toBeGreaterThan(0);
  });
});
