import { openMemoryStore } from "@mission-ledger/core";
import { describe, expect, test } from "vitest";
import { ConformanceFailure, faultOf, same } from "./failure.ts";
import { isWanted, runStoreCase, type StoreCase } from "./harness.ts";
import { storeCases, storeConformance } from "./store-conformance.ts";

const open = async () => ({ store: openMemoryStore() });

describe("the conformance suite", () => {
  const registered = (
    supports: Parameters<typeof storeConformance>[0]["supports"],
    more = {},
  ): readonly string[] => {
    const names: string[] = [];
    storeConformance({
      describe: (_, body) => body(),
      it: (name) => names.push(name),
      open,
      ...(supports === undefined ? {} : { supports }),
      ...more,
    });
    return names;
  };

  test("registers every case that needs nothing, and those whose need is met", () => {
    const needless = storeCases.filter(({ needs }) => needs === undefined).map(({ name }) => name);
    expect(registered(undefined)).toEqual(needless);
    const all = registered(
      { durable: true, multiProcess: true, decidesUnderLock: true, byteReadback: true },
      { reopen: async () => openMemoryStore(), tamper: async () => {} },
    );
    expect(all).toEqual(storeCases.map(({ name }) => name));
  });

  test("wants a durable store to offer a second look", () => {
    expect(() => registered({ durable: true })).toThrow(TypeError);
    expect(() => registered({ multiProcess: true })).toThrow(TypeError);
  });
});

describe("running one case", () => {
  test("closes and disposes what it opened, also when the case fails", async () => {
    const events: string[] = [];
    const failing: StoreCase = {
      name: "fails",
      run: async ({ another }) => {
        await another();
        throw new ConformanceFailure("no");
      },
    };
    const setup = {
      open: async () => {
        const store = openMemoryStore();
        const close = async () => {
          events.push("close");
          await store.close();
        };
        return { store: { ...store, close }, dispose: async () => void events.push("dispose") };
      },
    };
    await expect(runStoreCase(failing, setup)).rejects.toThrow("no");
    expect(events).toEqual(["close", "close", "dispose", "dispose"]);
  });

  test("gives up on what never happens", async () => {
    const waiting: StoreCase = {
      name: "waits",
      run: ({ inTime }) => inTime(new Promise(() => {}), "the event"),
    };
    await expect(runStoreCase(waiting, { open, patienceMs: 20 })).rejects.toThrow(
      "the event: nothing happened in 20 ms",
    );
  });

  test("tells what a case needs", () => {
    const needing = (needs: StoreCase["needs"]): StoreCase => ({
      name: "x",
      ...(needs === undefined ? {} : { needs }),
      run: async () => {},
    });
    expect(isWanted(needing(undefined), { open })).toBe(true);
    expect(isWanted(needing("reopen"), { open })).toBe(false);
    expect(isWanted(needing("reopen"), { open, reopen: async () => openMemoryStore() })).toBe(true);
    expect(isWanted(needing("tamper"), { open, tamper: async () => {} })).toBe(true);
    expect(isWanted(needing("durable"), { open, supports: { durable: true } })).toBe(true);
    expect(isWanted(needing("durable"), { open, supports: {} })).toBe(false);
  });
});

describe("a failure", () => {
  test("carries both sides for the runner to show", () => {
    try {
      same({ a: 1 }, { a: 2 }, "numbers");
    } catch (error) {
      expect(error).toMatchObject({
        message: "numbers\n  value.a: expected 2, got 1",
        actual: { a: 1 },
        expected: { a: 2 },
      });
    }
  });

  test("is given for an answer, for another error and for another fault", async () => {
    await expect(faultOf(async () => 1, ["LOG_REPLACED"], "x")).rejects.toThrow("but it was answered");
    await expect(
      faultOf(async () => Promise.reject(new RangeError("r")), ["LOG_REPLACED"], "x"),
    ).rejects.toThrow("expected a StoreFault");
    const closed = openMemoryStore();
    await closed.close();
    await expect(faultOf(() => closed.head("a-1"), ["LOG_REPLACED"], "x")).rejects.toThrow(
      "got STORE_CLOSED",
    );
    expect((await faultOf(() => closed.head("a-1"), ["STORE_CLOSED"], "x")).code).toBe("STORE_CLOSED");
  });
});
