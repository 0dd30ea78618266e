/** Every command with a store that fails: at each method of its port that the command calls, with each class of fault. */
import { cpSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { type EventStore, type FaultCode, type Outcome, StoreFault } from "@mission-ledger/core";
import { describe, expect, test, vi } from "vitest";
import { commands } from "../cli.ts";
import { exitCodeOf, exitCodes } from "../output/exit-codes.ts";
import type { Io } from "../run/io.ts";
import type { AddressedStore } from "../store/store-kind.ts";
import { type AtCall, failingStore } from "../testing/failing-store.ts";
import { preparedFor, sampleOf } from "../testing/samples.ts";
import { type Ran, scratch, session } from "../testing/session.ts";
import { expectSoundDocument } from "../testing/sound-document.ts";

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

/** Runs the sample of a command in a copy of a folder, with something done at each call of the store's. */
const runIn = async (
  folder: string,
  name: string,
  now: number,
  atCall: AtCall,
): Promise<Ran & { cwd: string }> => {
  const cwd = scratch();
  cpSync(folder, cwd, { recursive: true });
  const shell = session({ cwd, clock: { now: () => now } } satisfies Partial<Io>);
  injected.atCall = atCall;
  try {
    return { ...(await shell.run(...sampleOf(name).argv, "--json")), cwd };
  } finally {
    injected.atCall = undefined;
  }
};

/** Records in all logs below a folder, copies among them. */
const recordsBelow = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".jsonl") && file.split(path.sep).includes("log"))
    .flatMap((file) => readFileSync(path.join(folder, file), "utf8").split("\n"))
    .filter((line) => line !== "")
    .sort();

/** They judge, and end with one number for all that they may find; git takes 1 for a conflict. */
const exitsOfTheirOwn: Readonly<Record<string, number>> = {
  "check-copies": exitCodes.data,
  doctor: exitCodes.data,
  "merge-driver": exitCodes.unexpected,
  rebuild: exitCodes.data,
  verify: exitCodes.data,
};

const anHourLater = Date.parse("2026-03-01T11:00:00.000Z");

describe.each(commands.map(({ name }) => name))("%s", (name) => {
  test("prints one document that tells the truth, whichever call of the store fails and however", async () => {
    const { directory } = await preparedFor(name);
    const calls: string[] = [];
    await runIn(directory, name, anHourLater, (method, when) => when === "before" && calls.push(method));
    const before = recordsBelow(directory);
    for (const method of new Set(calls))
      for (const [said, [when, make]] of Object.entries(classes))
        for (const turn of new Set([0, calls.filter((call) => call === method).length - 1])) {
          let seen = 0;
          const ran = await runIn(directory, name, anHourLater, (called, moment) => {
            if (called === method && moment === when && seen++ === turn) throw make();
          });
          const context = `${method}, call ${turn}, ${said}: ${ran.out}${ran.err}`;
          const document = expectSoundDocument(ran, name);
          const records = recordsBelow(ran.cwd);
          if (method === "append" || method === "readBack") {
            expect(document.ok, context).toBe(false);
            if (document.error?.code !== "INTERNAL")
              expect(ran.out, context).toMatch(/"(?:stream":"mission-|slug":")(?:p|q|001-a)"/);
          }
          if (document.error !== null) {
            expect([exitCodeOf(document.error.code), exitsOfTheirOwn[name]], context).toContain(ran.code);
            if (document.error.outcome === "not_written") expect(records, context).toEqual(before);
          } else {
            const { eventIds } = (document.data ?? {}) as { readonly eventIds?: readonly string[] };
            for (const id of eventIds ?? [])
              expect(
                records.some((record) => record.includes(id)),
                context,
              ).toBe(true);
          }
        }
  });
});
