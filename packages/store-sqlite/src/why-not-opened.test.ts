import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { faultOf } from "./faults.ts";
import { sqliteError } from "./testing/scripted-driver.ts";
import { whyNotOpened } from "./why-not-opened.ts";

const scratch = (): string => {
  const directory = mkdtempSync(path.join(tmpdir(), "mission-ledger-why-not-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
};

const failing = (at: "access" | "open" | "write", code: string) => {
  const fail = (): never => {
    throw Object.assign(new Error(code), { code });
  };
  return {
    accessSync: (name: string) => {
      if (at === (name.endsWith(".db") ? "access" : "write")) fail();
    },
    openSync: () => (at === "open" ? fail() : 3),
    closeSync: () => {},
  };
};

test.each([
  ["access", "ENOENT"],
  ["access", "EACCES"],
  ["open", "EMFILE"],
  ["write", "EROFS"],
] as const)("what fails at %s is told as %s", (at, code) => {
  expect(whyNotOpened("/plan/plan.db", failing(at, code))).toBe(code);
});

test("a database that is gone is missing; one that stands there in a writable folder is not explained", () => {
  const directory = scratch();
  const file = path.join(directory, "plan.db");
  expect(whyNotOpened(file)).toBe("ENOENT");
  expect(faultOf(sqliteError("SQLITE_CANTOPEN"), "read", { path: file }).code).toBe("STORE_MISSING");
  writeFileSync(file, "");
  expect(whyNotOpened(file)).toBeUndefined();
});

test("the database itself is never opened, and what was opened is closed", () => {
  const opened: string[] = [];
  const closed: number[] = [];
  whyNotOpened("/plan/plan.db", {
    accessSync: () => {},
    openSync: (name) => opened.push(name),
    closeSync: (descriptor) => closed.push(descriptor),
  });
  expect({ opened, closed }).toEqual({ opened: ["/plan"], closed: [1] });
});
