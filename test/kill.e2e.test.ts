/**
 * Eight processes make 320 transitions of missions while SIGKILL falls on them at random moments; what they were promised is
 * then held against the log. The long form, thousands of kills on the bare kernel, is the rig `test/rigs/kill.mjs`.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { seededRandomness } from "@mission-ledger/testkit";
import { afterEach, describe, expect, test } from "vitest";
import { killStorm } from "./kill-storm.ts";
import { stores } from "./stores/index.mjs";

const workers = 8;
const stepsPerWorker = 40;
const seed = Number(process.env.MISSION_LEDGER_SEED ?? Date.now() % 2_147_483_647);
const { fraction } = seededRandomness(seed);

let folder: string;
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe.each(Object.values(stores).map((under) => [under.name, under] as const))(
  `${workers} processes under SIGKILL, ${workers * stepsPerWorker} transitions on %s`,
  (_, under) => {
    test("every receipt is in the log, every command is there once and whole, and the chain holds", async () => {
      folder = mkdtempSync(path.join(tmpdir(), "mission-ledger-kills-"));
      const storm = await killStorm({
        under,
        place: under.placeIn(folder),
        fraction,
        workers,
        stepsPerWorker,
      });
      expect(storm.problems).toEqual([]);
      expect(storm.kills).toBeGreaterThan(workers);
      const { kills, receipts, repeats, figures, looks } = storm;
      console.log(
        `kills on ${under.name}: seed ${seed}, ${kills} kills, ${receipts} receipts, ${repeats} of them for a repeat, ${JSON.stringify(figures)}, ${looks} looks at the log beside it`,
      );
    }, 900_000);
  },
);
