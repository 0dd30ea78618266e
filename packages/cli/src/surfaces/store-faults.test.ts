/** Every command with a store that fails: at each method of its port that the command calls, with each class of fault. */
import { type EventStore, type FaultCode, type Outcome, StoreFault } from "@mission-ledger/core";
import { describe, expect, test, vi } from "vitest";
import { commands } from "../cli.ts";
import type { AddressedStore } from "../store/store-kind.ts";
import { type AtCall, failingStore } from "../testing/failing-store.ts";
import { preparedFor } from "../testing/samples.ts";
import { expectTruth, recordsBelow, type Try, tryIn } from "../testing/tries.ts";

const injected = vi.hoisted(() => ({ atCall: undefined as AtCall | undefined }));

vi.mock("../store/addressed-store.ts", async (original) => {
  const real = await original<typeof import("../store/addressed-store.ts")>();
  const wrapped = (store: EventStore): EventStore =>
    failingStore(store, (method, when) => injected.atCall?.(method, when));
  return {
    ...real,
    storeAt: (...at: Parameters<typeof real.storeAt>): AddressedStore => {
      const addressed = real.storeAt(...at);
      return {
        ...addressed,
        open: async (ports) => {
          injected.atCall?.("open", "before");
          const opened = await addressed.open(ports);
          return { ...opened, store: wrapped(opened.store) };
        },
      };
    },
  };
});

const fault = (code: FaultCode, outcome: Outcome) => () =>
  new StoreFault(code, `${code} was injected`, { outcome, retryable: false, hint: "Look at the disk." });

/** Each class: what is thrown, and whether the method has done its work by then. */
const classes = {
  "a disk that is full": ["before", fault("STORAGE_FULL", "not_written")],
  "a permission that is missing": ["before", fault("PERMISSION_DENIED", "not_written")],
  "an answer that was lost": ["after", fault("DURABILITY_UNKNOWN", "unknown")],
  "a record that is not there as it was written": ["after", fault("READBACK_FAILED", "unknown")],
  "a defect": ["before", () => new TypeError("Cannot read properties of undefined (reading 'revision')")],
  "something that is no error": ["after", () => "\u001b[31mred\n{}"],
} as const satisfies Readonly<Record<string, readonly ["before" | "after", () => unknown]>>;

describe.each(commands.map(({ name }) => name))("%s", (name) => {
  test("prints one document that tells the truth, whichever call of the store fails and however", async () => {
    const { directory } = await preparedFor(name);
    const run = (atCall: AtCall): Promise<Try> =>
      tryIn(directory, name, {
        before: () => {
          injected.atCall = atCall;
        },
        after: () => {
          injected.atCall = undefined;
        },
      });
    const calls: string[] = [];
    await run((method, when) => when === "before" && calls.push(method));
    const before = recordsBelow(directory);
    for (const method of new Set(calls))
      for (const [said, [when, make]] of Object.entries(classes))
        for (const turn of new Set([0, calls.filter((call) => call === method).length - 1])) {
          let seen = 0;
          const ran = await run((called, moment) => {
            if (called === method && moment === when && seen++ === turn) throw make();
          });
          const context = `${method}, call ${turn}, ${said}: ${ran.out}${ran.err}`;
          const { ok, error } = expectTruth(ran, name, before, context);
          if (method !== "append" && method !== "readBack") continue;
          expect(ok, context).toBe(false);
          if (error?.code !== "INTERNAL")
            expect(ran.out, context).toMatch(/"(?:stream":"mission-|slug":")(?:p|q|001-a)"/);
        }
  });

  test("prints one document that tells the truth, at whichever call it is interrupted", async () => {
    const { directory } = await preparedFor(name);
    const before = recordsBelow(directory);
    const runUntil = async (turn: number): Promise<{ readonly ran: Try; readonly calls: number }> => {
      let calls = 0;
      const stopping = new AbortController();
      const ran = await tryIn(directory, name, {
        io: { signal: stopping.signal },
        before: () => {
          injected.atCall = () => calls++ === turn && stopping.abort();
        },
        after: () => {
          injected.atCall = undefined;
        },
      });
      return { ran, calls };
    };
    const { calls } = await runUntil(Number.POSITIVE_INFINITY);
    for (let turn = 0; turn < calls; turn += 1) {
      const { ran } = await runUntil(turn);
      const context = `call ${turn} of ${calls}: ${ran.out}${ran.err}`;
      const { error } = expectTruth(ran, name, before, context);
      expect([null, "INTERRUPTED"], context).toContain(error?.code ?? null);
    }
  });
});
