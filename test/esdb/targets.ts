/**
 * The servers that the suite is run on: the wire server, quiet, going down now and then, and as a cluster that changes its leader;
 * a server in a container, where an engine answers; and whatever server `MISSION_LEDGER_TEST_ESDB` names.
 *
 * A server that is not ours is never assumed to be empty, quick, or there all the time: every test has a ledger of its own under
 * a fresh namespace, and what may pass is tried again.
 */
import { randomBytes } from "node:crypto";
import { digestOf, type EventStore, emptyHead, isStoreFault, sealCommit } from "@mission-ledger/core";
import { openEventStoreDb } from "@mission-ledger/store-eventstoredb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { persist } from "../workers/persist.mjs";
import { engineLacks, startContainer } from "./container.ts";
import { startWireProcess, type WireProcess } from "./wire-process.ts";

export interface RunningTarget {
  readonly url: string;
  /** Where the server is ours: switches for what goes wrong. */
  readonly wire?: WireProcess;
  stop(): Promise<void>;
}

export interface Target {
  readonly name: string;
  /** Whether the server is pulled away while it is worked on, by the tests or, where it is not ours, by whoever tests it. */
  readonly mayVanish: boolean;
  /** Why nothing is run on it here. @defaultValue it is run on */
  readonly skipped?: string;
  /** Why nothing can be run on it here although it was asked for. @defaultValue it can */
  readonly lacks?: string;
  start(): Promise<RunningTarget>;
}

const startWire = async (nodes: 1 | 3): Promise<RunningTarget> => {
  const wire = await startWireProcess({ nodes });
  return { url: wire.url, wire, stop: wire.stop };
};

const wireTargets: readonly Target[] = [
  { name: "the wire server", mayVanish: false, start: () => startWire(1) },
  { name: "a wire server that goes down and comes back", mayVanish: true, start: () => startWire(1) },
  { name: "a wire cluster whose leader changes", mayVanish: true, start: () => startWire(3) },
];

const containerTarget = async (isRequired: boolean): Promise<Target> => {
  const lacks = await engineLacks();
  return {
    name: "a server in a container",
    mayVanish: false,
    start: startContainer,
    ...(lacks === undefined ? {} : isRequired ? { lacks } : { skipped: lacks }),
  };
};

const namedTarget = (url: string): Target => ({
  name: "the server that MISSION_LEDGER_TEST_ESDB names",
  mayVanish: true,
  start: async () => ({ url, stop: async () => {} }),
});

/** @param env as `process.env` */
export const targetsOf = async (
  env: Readonly<Record<string, string | undefined>>,
): Promise<readonly Target[]> => {
  const named = env.MISSION_LEDGER_TEST_ESDB?.trim();
  const isRequired = env.MISSION_LEDGER_REQUIRE_DOCKER === "1";
  const isOnlyNamed = named !== undefined && named !== "" && env.MISSION_LEDGER_TEST_ESDB_ONLY === "1";
  return [
    ...(isOnlyNamed ? [] : wireTargets),
    ...(isOnlyNamed && !isRequired ? [] : [await containerTarget(isRequired)]),
    ...(named === undefined || named === "" ? [] : [namedTarget(named)]),
  ];
};

/** Letters and digits only, so that nothing of it needs escaping; every run has another. */
const run =
  process.env.MISSION_LEDGER_TEST_ESDB_RUN ??
  `mltest${Date.now().toString(36)}${randomBytes(3).toString("hex")}`;
let namespaces = 0;

/** A name that no ledger had before. */
export const freshNamespace = (): string => {
  namespaces += 1;
  return `${run}p${process.pid.toString(36)}n${namespaces}`;
};

/** The server's address with the ledger in it; one that was in it before gives way. */
export const placeIn = (url: string, namespace: string): string => {
  const [, hosts = url, parameters = ""] = /^([^?]*)\?(.*)$/.exec(url) ?? [];
  const others = parameters
    .split("&")
    .filter((parameter) => parameter !== "" && !/^ledger=/i.test(parameter));
  return `${hosts}?${[...others, `ledger=${namespace}`].join("&")}`;
};

/** What is known of a server that is there. */
export interface Ground extends RunningTarget {
  readonly mayVanish: boolean;
  /** How much of the work of a quiet server is done: where one of ours is taken away all the time, waiting is most of it. */
  readonly share: number;
  /** An account may lack this right and write all the same; whoever needs it asks first. */
  readonly mayReadAll: boolean;
  /** The address of a ledger that nobody had before. */
  place(): string;
  open(place: string): Promise<EventStore>;
}

const openPlace = async (place: string): Promise<EventStore> =>
  (await persist(() => openEventStoreDb({ url: place }))).answer;

/** An empty ledger can be read without a look at the server's log, so there has to be something in it. */
const begun = async (store: EventStore): Promise<void> => {
  const context = { commandId: "look", commandDigest: digestOf("look"), actor: "tests" };
  const commit = sealCommit(
    emptyHead,
    { ...context, stream: "mission-look", recordedAt: "2026-01-02T03:04:05.678Z" },
    [{ type: "Looked", version: 1, data: {} }],
  );
  await persist(() => store.append({ commit, expected: "no_stream" }), { patienceMs: 90_000 });
};

/** Whether the account may read the server's whole log. Waits for a server that is on its way. */
const mayReadAll = async (url: string): Promise<boolean> => {
  const store = await openPlace(placeIn(url, freshNamespace()));
  try {
    await begun(store);
    await persist(async () => {
      for await (const _ of store.readAll()) break;
    });
    return true;
  } catch (error) {
    if (isStoreFault(error) && error.code === "PERMISSION_DENIED" && error.outcome === "not_written") {
      console.log(
        `skipped: what reads the whole log, since this account may not (${error.message}). ${error.hint}`,
      );
      return false;
    }
    throw error;
  } finally {
    await store.close();
  }
};

const targets = await targetsOf(process.env);

/** Milliseconds. A container is fetched first where it is not there yet. */
const startTimeoutMs = 300_000;

/** Registers `body` once for every target; it gets the ground when tests run, and not before. */
export const describeTargets = (
  title: string,
  body: (ground: () => Ground, target: Target) => void,
  isMeant: (target: Target) => boolean = () => true,
): void => {
  for (const target of targets.filter(isMeant)) {
    const { name, lacks, skipped } = target;
    if (skipped !== undefined) console.log(`skipped: ${title} on ${name}, since ${skipped}`);
    describe.skipIf(skipped !== undefined)(`${title}, on ${name}`, () => {
      if (lacks !== undefined) {
        test("is there, as MISSION_LEDGER_REQUIRE_DOCKER wants it", () => expect.fail(lacks));
        return;
      }
      let ground: Ground | undefined;
      beforeAll(async () => {
        const running = await target.start();
        ground = {
          ...running,
          mayVanish: target.mayVanish,
          share: target.mayVanish && running.wire !== undefined ? 0.4 : 1,
          mayReadAll: await mayReadAll(running.url),
          place: () => placeIn(running.url, freshNamespace()),
          open: openPlace,
        };
      }, startTimeoutMs);
      afterAll(async () => ground?.stop(), startTimeoutMs);
      body(() => {
        if (ground === undefined) throw new Error(`${name} was not started`);
        return ground;
      }, target);
    });
  }
};
