import { StoreFault } from "@mission-ledger/core";
import { describe, expect, test } from "vitest";
import { lazyDriver } from "./load-driver.ts";

const faultOf = (error: unknown): StoreFault => {
  const load = lazyDriver(() => {
    throw error;
  });
  try {
    load();
  } catch (fault) {
    return fault as StoreFault;
  }
  throw new Error("it loaded");
};

describe("a driver that does not load", () => {
  test.each([
    [
      "The module '/x/build/Release/better_sqlite3.node'\nwas compiled against a different Node.js version using\nNODE_MODULE_VERSION 115. This version of Node.js requires\nNODE_MODULE_VERSION 127.",
      "built for another version of Node",
    ],
    [
      "Could not locate the bindings file. Tried:\n → /x/build/better_sqlite3.node",
      "missing or cannot be loaded",
    ],
    ["Cannot find module 'better-sqlite3'\nRequire stack:\n- /x/load-driver.js", "not installed"],
  ])("is told apart: %s", (message, why) => {
    const fault = faultOf(new Error(message));
    expect(fault).toMatchObject({ code: "DRIVER_MISSING", outcome: "not_written", retryable: false });
    expect(fault.message).toContain(why);
    expect(fault.hint).toMatch(/pnpm rebuild better-sqlite3.*npm rebuild better-sqlite3/s);
  });

  test("keeps what whoever brings it says is missing", () => {
    const known = new StoreFault("DRIVER_MISSING", "not here", { outcome: "not_written", retryable: false });
    expect(faultOf(known)).toBe(known);
  });
});
