/**
 * The suite that every store keeps, over each server. Where the server may go away, a case that was told so runs again in a ledger
 * of its own: its claims are about answers, and a user who gets none asks again. A case that fails undisturbed has failed.
 */
import type { EventStore, StoreFault } from "@mission-ledger/core";
import {
  isWanted,
  type OpenedStore,
  runStoreCase,
  type StoreCase,
  storeCases,
} from "@mission-ledger/testkit";
import { test } from "vitest";
import { describeTargets, type Ground } from "./targets.ts";
import { watchedStore } from "./watched-store.ts";

const supports = { durable: true, multiProcess: true, decidesUnderLock: false, byteReadback: false } as const;
/** Runs of a case that is disturbed each time. */
const mostRuns = 6;
/** Milliseconds. */
const patienceMs = 60_000;
const caseTimeoutMs = 240_000;

interface Opened extends OpenedStore {
  readonly place: string;
}

/** A fault after which a user would ask again: the server was away, or too slow. */
const isDisturbance = ({ code, retryable }: StoreFault): boolean =>
  retryable && (code === "STORE_UNAVAILABLE" || code === "TIMEOUT");

const readsAll: readonly (keyof EventStore)[] = ["readAll", "subscribe"];

/** What a case was told on the way. */
interface Seen {
  disturbances: number;
  isDeniedAll: boolean;
}

const setupOn = ({ place, open, wire, mayVanish }: Ground, seen: Seen) => {
  const watched = async (at: string) =>
    watchedStore(await open(at), (fault, operation) => {
      if (isDisturbance(fault)) seen.disturbances += 1;
      if (fault.code === "PERMISSION_DENIED" && readsAll.includes(operation)) seen.isDeniedAll = true;
    });
  let appends = 0;
  /** The second append of a case meets a change of leader, or a server that goes down. */
  const interrupted = async (at: string) => {
    const store = await watched(at);
    if (wire === undefined || !mayVanish) return store;
    const append: typeof store.append = (request) => {
      appends += 1;
      if (appends === 2) void wire.interrupt();
      return store.append(request);
    };
    return { ...store, append };
  };
  return {
    supports,
    patienceMs,
    open: async (): Promise<Opened> => {
      const at = place();
      return { place: at, store: await interrupted(at) };
    },
    reopen: ({ place: at }: Opened) => watched(at),
    ...(wire === undefined
      ? {}
      : {
          tamper: ({ place: at }: Opened, stream: string, revision: number) =>
            wire.tamper(`${/ledger=([^&]*)/.exec(at)?.[1]}_${stream}`, revision),
        }),
  };
};

const runCase = async (storeCase: StoreCase, ground: Ground, skip: (why: string) => void): Promise<void> => {
  for (let runs = 1; ; runs += 1) {
    const seen: Seen = { disturbances: 0, isDeniedAll: false };
    try {
      await runStoreCase(storeCase, setupOn(ground, seen));
      return;
    } catch (error) {
      if (seen.isDeniedAll && !ground.mayReadAll) {
        skip("this account may not read the whole log");
        return;
      }
      if (!ground.mayVanish || seen.disturbances === 0 || runs >= mostRuns) throw error;
      console.log(`once more, since the server was away ${seen.disturbances} times: ${storeCase.name}`);
    }
  }
};

describeTargets("the conformance suite", (ground, target) => {
  const isOurs = target.name.includes("wire");
  const setup = { open: async () => Promise.reject(), supports, reopen: async () => Promise.reject() };
  const wanted = storeCases.filter((storeCase) =>
    isWanted(storeCase, isOurs ? { ...setup, tamper: async () => {} } : setup),
  );
  // On a server far away a case waits more than it works: some at a time.
  const register = isOurs ? test : test.concurrent;
  for (const storeCase of wanted)
    register(storeCase.name, { timeout: caseTimeoutMs }, ({ skip }) => runCase(storeCase, ground(), skip));
});
