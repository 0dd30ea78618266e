/** The suite for servers itself: what it forgives, and that it forgives nothing else. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type EventStore, openMemoryStore, StoreFault } from "@mission-ledger/core";
import { brokenStores, type StoreCase, storeCases } from "@mission-ledger/testkit";
import { afterEach, describe, expect, test } from "vitest";
import { claimRaces } from "./claim-races.ts";
import { runCase } from "./esdb/run-case.ts";
import { placeIn, targetsOf } from "./esdb/targets.ts";
import { killStorm } from "./kill-storm.ts";
import { problemsOfStream } from "./stores/chain.mjs";
import { type NamedStore, stores } from "./stores/index.mjs";

const away = (): StoreFault =>
  new StoreFault("STORE_UNAVAILABLE", "nobody is there", { outcome: "not_written", retryable: true });
const denied = (): StoreFault =>
  new StoreFault("PERMISSION_DENIED", "no", { outcome: "not_written", retryable: false });
const caseNamed = (name: string): StoreCase =>
  storeCases.find((storeCase) => storeCase.name === name) as StoreCase;
const appending = caseNamed("an append that expects no stream begins an empty one");
const everywhere = { mayVanish: true, mayReadAll: true };

/** A memory store whose appends fail the first `times` times, counted over all stores of one setup. */
const setupWith = (times: number, fault: () => Error) => {
  let failures = 0;
  return {
    open: async () => {
      const store = openMemoryStore();
      const append: EventStore["append"] = async (request) => {
        failures += 1;
        if (failures <= times) throw fault();
        return store.append(request);
      };
      return { store: { ...store, append } };
    },
  };
};

describe("a case on a server that may go away", () => {
  test("runs again after it was told that the server was away", async () => {
    expect(await runCase(appending, { setup: setupWith(2, away), ...everywhere })).toEqual({
      _tag: "Passed",
      runs: 3,
    });
  });

  test("fails when the server is away each time", async () => {
    await expect(runCase(appending, { setup: setupWith(99, away), ...everywhere })).rejects.toThrow(
      "nobody is there",
    );
  });

  test("fails on a server that is said to stay", async () => {
    const setup = setupWith(1, away);
    await expect(runCase(appending, { setup, mayVanish: false, mayReadAll: true })).rejects.toThrow(
      "nobody is there",
    );
  });

  test("fails at once for a fault that does not pass", async () => {
    const fault = () => new StoreFault("LOG_CORRUPT", "broken", { outcome: "not_written", retryable: false });
    await expect(runCase(appending, { setup: setupWith(1, fault), ...everywhere })).rejects.toThrow("broken");
  });

  test("fails on every store that is broken on purpose, and is not run again", async () => {
    const healthy = { supports: openMemoryStore().supports };
    const catching = brokenStores.filter(({ caughtBy }) => {
      const { needs } = caseNamed(caughtBy);
      return needs === undefined || needs === "decidesUnderLock";
    });
    expect(catching.length).toBeGreaterThan(15);
    for (const { name, caughtBy, breakIt } of catching) {
      let opened = 0;
      const setup = {
        ...healthy,
        patienceMs: 300,
        open: async () => {
          opened += 1;
          return { store: breakIt(openMemoryStore()) };
        },
      };
      await expect(runCase(caseNamed(caughtBy), { setup, ...everywhere }), name).rejects.toThrow();
      expect(opened, name).toBeLessThanOrEqual(2);
    }
  });
});

describe("a case that needs the whole log", () => {
  const reading = caseNamed("the whole log has one order, the same for every read");
  const setup = {
    open: async () => {
      const store = openMemoryStore();
      // biome-ignore lint/correctness/useYield: it is refused before it has anything to give
      const readAll: EventStore["readAll"] = async function* () {
        throw denied();
      };
      return { store: { ...store, readAll } };
    },
  };

  test("is left out for an account that was found not to have the right", async () => {
    expect(await runCase(reading, { setup, mayVanish: true, mayReadAll: false })).toEqual({
      _tag: "NotAllowed",
    });
  });

  test("fails for an account that has it", async () => {
    await expect(runCase(reading, { setup, ...everywhere })).rejects.toThrow("no");
  });

  test("is not what a refused append makes of another case", async () => {
    const refused = { setup: setupWith(9, denied), mayVanish: true, mayReadAll: false };
    await expect(runCase(appending, refused)).rejects.toThrow("no");
  });
});

describe("the judges of races and kills", () => {
  let folder: string;
  const fresh = (): string => {
    folder = mkdtempSync(path.join(tmpdir(), "mission-ledger-judges-"));
    return stores.file.placeIn(folder);
  };
  afterEach(() => {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  /** The referee sees the log without one of its events; the workers, in processes of their own, see all of it. */
  const lacking = (type: string): NamedStore => ({
    ...stores.file,
    open: async (place) => {
      const store = await stores.file.open(place);
      const read: EventStore["read"] = async function* (stream, options) {
        let isDropped = false;
        for await (const batch of store.read(stream, options))
          yield batch.filter((event) => {
            const isLost: boolean = !isDropped && event.type === type;
            isDropped ||= isLost;
            return !isLost;
          });
      };
      return { ...store, read };
    },
    inspect: async () => ({ problems: [], figures: {} }),
  });

  test("find no fault with a healthy store", async () => {
    const races = await claimRaces({ under: stores.file, place: fresh(), racers: 2, rounds: 3 });
    expect(races).toMatchObject({ problems: [], rounds: 3 });
  });

  test("notice an acknowledged event that is not in the log", async () => {
    const races = await claimRaces({
      under: lacking("WorkPackageClaimed"),
      place: fresh(),
      racers: 2,
      rounds: 3,
    });
    expect(races.problems.join("\n")).toMatch(/was acknowledged and is not in the log/);
    expect(races.problems.join("\n")).toMatch(/2 prizes are claimed in the log, not 3/);
  });

  test("notice a command that stands in the log without one of its events", async () => {
    const storm = killStorm({
      under: lacking("WorkPackageClaimed"),
      place: fresh(),
      fraction: () => 0.5,
      workers: 2,
      stepsPerWorker: 4,
      maxKills: 0,
    });
    // The reader beside it may be the first to see it, or the judge at the end.
    const said = await storm.then(
      ({ problems }) => problems.join("\n"),
      (error: Error) => error.message,
    );
    expect(said).toMatch(/was seen half|not as its receipt says|lacks events between/);
  });

  test("notice a gap and an event that is there twice", async () => {
    const store = await stores.file.open(fresh());
    const under = { ...stores.file, open: async () => store };
    await claimRaces({ under: stores.file, place: folder, racers: 1, rounds: 1 });
    const events = [];
    for await (const batch of (await under.open()).read("mission-race-0")) events.push(...batch);
    await store.close();
    expect(problemsOfStream("mission-race-0", events)).toEqual([]);
    expect(problemsOfStream("mission-race-0", events.toSpliced(1, 1)).join()).toMatch(
      /@2 does not follow revision 0/,
    );
    const [first] = events;
    if (first === undefined) throw new Error("there is no event");
    expect(problemsOfStream("mission-race-0", [first, first]).join()).toMatch(/@0 is there twice/);
  });
});

describe("the servers that are chosen", () => {
  const named = (env: Readonly<Record<string, string>>) =>
    targetsOf(env).then((targets) => targets.map(({ name }) => name));
  const ours = "the server that MISSION_LEDGER_TEST_ESDB names";

  test("are the wire server and a container where none is named", async () => {
    const names = await named({});
    expect(names.filter((name) => name.includes("wire"))).toHaveLength(3);
    expect(names).toContain("a server in a container");
    expect(names).not.toContain(ours);
  });

  test("are all of them and the one that is named, or that one alone", async () => {
    const env = { MISSION_LEDGER_TEST_ESDB: "esdb://a,b,c" };
    expect(await named(env)).toHaveLength(5);
    expect(await named({ ...env, MISSION_LEDGER_TEST_ESDB_ONLY: "1" })).toEqual([ours]);
    expect(await named({ MISSION_LEDGER_TEST_ESDB: " ", MISSION_LEDGER_TEST_ESDB_ONLY: "1" })).toHaveLength(
      4,
    );
  });

  test("have their own ledger put into any address, and nothing else changed", () => {
    expect(placeIn("esdb://a", "x")).toBe("esdb://a?ledger=x");
    expect(placeIn("esdb://u:p@a:1,b:2?tls=false&nodePreference=leader", "x")).toBe(
      "esdb://u:p@a:1,b:2?tls=false&nodePreference=leader&ledger=x",
    );
    expect(placeIn("esdb://a?ledger=team&tlsCAFile=/x?y", "x")).toBe("esdb://a?tlsCAFile=/x?y&ledger=x");
    expect(placeIn("esdb://a?Ledger=team&tls=false", "x")).toBe("esdb://a?tls=false&ledger=x");
  });
});
