/** The suite that every store keeps, over each server. */
import { isWanted, type OpenedStore, storeCases } from "@mission-ledger/testkit";
import { test } from "vitest";
import { runCase } from "./run-case.ts";
import { describeTargets, type Ground, type Target } from "./targets.ts";

const supports = { durable: true, multiProcess: true, decidesUnderLock: false, byteReadback: false } as const;
/** Milliseconds. */
const patienceMs = 60_000;
const caseTimeoutMs = 240_000;

interface Opened extends OpenedStore {
  readonly place: string;
}

const setupOn = ({ place, open, wire, mayVanish }: Ground) => {
  /** The second append of a case meets a change of leader, or a server that goes down. */
  let appends = 0;
  const interrupted = async (at: string) => {
    const store = await open(at);
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
    reopen: ({ place: at }: Opened) => open(at),
    ...(wire === undefined
      ? {}
      : {
          tamper: ({ place: at }: Opened, stream: string, revision: number) =>
            wire.tamper(`${/ledger=([^&]*)/.exec(at)?.[1]}_${stream}`, revision),
        }),
  };
};

const registerCases = (ground: () => Ground, target: Target): void => {
  const isOurs = target.name.includes("wire");
  const setup = { open: async () => Promise.reject(), supports, reopen: async () => Promise.reject() };
  const wanted = storeCases.filter((storeCase) =>
    isWanted(storeCase, isOurs ? { ...setup, tamper: async () => {} } : setup),
  );
  // On a server far away a case waits more than it works: some at a time.
  const register = isOurs ? test : test.concurrent;
  for (const storeCase of wanted)
    register(storeCase.name, { timeout: caseTimeoutMs }, async ({ skip }) => {
      const { mayVanish, mayReadAll } = ground();
      const outcome = await runCase(storeCase, { setup: setupOn(ground()), mayVanish, mayReadAll });
      if (outcome._tag === "NotAllowed") skip("this account may not read the whole log");
      else if (outcome.runs > 1)
        console.log(`took ${outcome.runs} runs, since the server was away: ${storeCase.name}`);
    });
};

// A single node that goes away is met by races, kills and copies; here the cluster does, in each case.
describeTargets("the conformance suite", registerCases, ({ name }) => !name.includes("goes down"));
