/** Ten processes race for one work package, a thousand times, on each store. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { claimRaces } from "./claim-races.ts";
import { stores } from "./stores/index.mjs";

const racers = 10;
const rounds = 1000;

let folder: string;
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe.each(Object.values(stores).map((under) => [under.name, under] as const))(
  `${racers} processes racing for one work package, ${rounds} times, on %s`,
  (_, under) => {
    test("one wins each time, every loser is told who holds it, and no event is lost", async () => {
      folder = mkdtempSync(path.join(tmpdir(), "mission-ledger-races-"));
      const races = await claimRaces({ under, place: under.placeIn(folder), racers, rounds });
      expect(races.problems).toEqual([]);
      expect(races.rounds).toBe(rounds);
      console.log(
        `races on ${under.name}: ${rounds} rounds, ${racers} processes, wins ${JSON.stringify(races.wins)}`,
      );
    }, 600_000);
  },
);
