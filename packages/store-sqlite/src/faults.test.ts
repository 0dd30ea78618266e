import { StoreFault } from "@mission-ledger/core";
import { describe, expect, test } from "vitest";
import { faultOf, isBusy, type Step } from "./faults.ts";
import { DamagedRow } from "./schema/rows.ts";
import { sqliteError } from "./testing/scripted-driver.ts";

type Row = readonly [
  error: string,
  step: Step,
  code: string,
  outcome: "not_written" | "unknown",
  retryable: boolean,
];

/** Source: durability rules, section 10. */
const table: readonly Row[] = [
  ["SQLITE_BUSY", "begin", "LOCK_TIMEOUT", "not_written", true],
  ["SQLITE_BUSY_RECOVERY", "begin", "LOCK_TIMEOUT", "not_written", true],
  ["SQLITE_LOCKED", "begin", "LOCK_TIMEOUT", "not_written", true],
  ["SQLITE_LOCKED_SHAREDCACHE", "begin", "LOCK_TIMEOUT", "not_written", true],
  ["SQLITE_PROTOCOL", "begin", "LOCK_TIMEOUT", "not_written", true],
  ["SQLITE_BUSY_SNAPSHOT", "begin", "INTERNAL", "not_written", false],
  ["SQLITE_FULL", "insert", "STORAGE_FULL", "not_written", true],
  ["SQLITE_FULL", "commit", "STORAGE_FULL", "not_written", true],
  ["SQLITE_IOERR", "insert", "STORAGE_ERROR", "not_written", false],
  ["SQLITE_IOERR_READ", "read", "STORAGE_ERROR", "not_written", false],
  ["SQLITE_IOERR", "commit", "DURABILITY_UNKNOWN", "unknown", true],
  ["SQLITE_IOERR_FSYNC", "commit", "DURABILITY_UNKNOWN", "unknown", true],
  ["SQLITE_IOERR_WRITE", "commit", "DURABILITY_UNKNOWN", "unknown", true],
  ["SQLITE_IOERR_SHMSIZE", "read", "STORAGE_FULL", "not_written", true],
  ["SQLITE_IOERR_SHMSIZE", "commit", "DURABILITY_UNKNOWN", "unknown", true],
  ["SQLITE_IOERR_SHORT_READ", "read", "LOG_CORRUPT", "not_written", false],
  ["SQLITE_IOERR_SHORT_READ", "commit", "LOG_CORRUPT", "unknown", true],
  ["SQLITE_IOERR_NOMEM", "insert", "RESOURCES_EXHAUSTED", "not_written", true],
  ["SQLITE_CORRUPT", "insert", "LOG_CORRUPT", "not_written", false],
  ["SQLITE_CORRUPT_INDEX", "read", "LOG_CORRUPT", "not_written", false],
  ["SQLITE_CORRUPT", "commit", "LOG_CORRUPT", "unknown", true],
  ["SQLITE_NOTADB", "open", "LOG_CORRUPT", "not_written", false],
  ["SQLITE_READONLY", "begin", "STORAGE_READ_ONLY", "not_written", false],
  ["SQLITE_READONLY_DIRECTORY", "open", "STORAGE_READ_ONLY", "not_written", false],
  ["SQLITE_READONLY_DBMOVED", "insert", "STORE_MISSING", "not_written", false],
  ["SQLITE_CANTOPEN", "open", "STORE_MISSING", "not_written", false],
  ["SQLITE_CANTOPEN_ISDIR", "open", "STORE_MISSING", "not_written", false],
  ["SQLITE_PERM", "open", "PERMISSION_DENIED", "not_written", false],
  ["SQLITE_AUTH", "open", "PERMISSION_DENIED", "not_written", false],
  ["SQLITE_TOOBIG", "insert", "LIMIT_EXCEEDED", "not_written", false],
  ["SQLITE_NOMEM", "insert", "RESOURCES_EXHAUSTED", "not_written", true],
  ["SQLITE_NOMEM", "commit", "RESOURCES_EXHAUSTED", "unknown", true],
  ["SQLITE_INTERRUPT", "insert", "TIMEOUT", "not_written", true],
  ["SQLITE_MISUSE", "insert", "INTERNAL", "not_written", false],
  ["SQLITE_SOMETHING_NEW", "commit", "INTERNAL", "unknown", true],
  ["SQLITE_BUSY_RECOVERY", "read-back", "LOCK_TIMEOUT", "unknown", true],
  ["SQLITE_FULL", "read-back", "STORAGE_FULL", "unknown", true],
  ["SQLITE_IOERR_READ", "read-back", "STORAGE_ERROR", "unknown", true],
  ["SQLITE_CORRUPT", "read-back", "LOG_CORRUPT", "unknown", true],
  ["SQLITE_CANTOPEN", "read-back", "STORE_MISSING", "unknown", true],
  ["EACCES", "open", "PERMISSION_DENIED", "not_written", false],
  ["ENOENT", "open", "STORE_MISSING", "not_written", false],
  ["ELOOP", "open", "UNSAFE_FILE", "not_written", false],
  ["EMFILE", "open", "RESOURCES_EXHAUSTED", "not_written", true],
  ["ENOSPC", "open", "STORAGE_FULL", "not_written", true],
  ["EROFS", "open", "STORAGE_READ_ONLY", "not_written", false],
];

describe("an error of SQLite", () => {
  test.each(table)("%s at %s is %s", (error, step, code, outcome, retryable) => {
    const fault = faultOf(sqliteError(error), step, { stream: "mission-a" });
    expect(fault).toMatchObject({ code, outcome, retryable });
    expect(fault.details).toMatchObject({ stream: "mission-a", step, sqlite: error });
    expect(fault.hint).toBeTruthy();
  });

  test("is busy only where waiting helps", () => {
    expect(
      ["SQLITE_BUSY", "SQLITE_BUSY_RECOVERY", "SQLITE_LOCKED", "SQLITE_PROTOCOL"].every((code) =>
        isBusy(sqliteError(code)),
      ),
    ).toBe(true);
    expect(["SQLITE_BUSY_SNAPSHOT", "SQLITE_FULL", "ENOENT"].some((code) => isBusy(sqliteError(code)))).toBe(
      false,
    );
    expect(isBusy(new Error("no code"))).toBe(false);
  });
});

describe("another error", () => {
  test("about a directory that is not there means that the store is missing", () => {
    const error = new TypeError("Cannot open database because the directory does not exist");
    expect(faultOf(error, "open", {})).toMatchObject({ code: "STORE_MISSING", outcome: "not_written" });
  });

  test("about a damaged row names the row", () => {
    const fault = faultOf(
      new DamagedRow("its checksum is wrong", { table: "events", position: 7 }),
      "read",
      {},
    );
    expect(fault).toMatchObject({ code: "LOG_CORRUPT", details: { table: "events", position: 7 } });
  });

  test("that is a fault already stays it, but is not surer than its step", () => {
    const fault = new StoreFault("LOG_REPLACED", "x", { outcome: "not_written", retryable: false });
    expect(faultOf(fault, "read", {})).toBe(fault);
    expect(faultOf(fault, "read-back", {})).toMatchObject({
      code: "LOG_REPLACED",
      outcome: "unknown",
      retryable: true,
    });
  });

  test("that nobody foresaw is a defect, unknown once the commit has begun", () => {
    expect(faultOf(new Error("?"), "insert", {})).toMatchObject({ code: "INTERNAL", outcome: "not_written" });
    expect(faultOf(new Error("?"), "commit", {})).toMatchObject({ code: "INTERNAL", outcome: "unknown" });
  });
});
