import { expect, test } from "vitest";
import type { SqlStatement } from "../driver/driver.ts";
import { beginAtOnce } from "./begin-at-once.ts";

const connectionThat = (run: () => unknown) => ({
  prepare: () => ({ run }) as SqlStatement,
});

test("a try for the lock that fails throws what the driver threw, without a stack", () => {
  const tried = (): unknown => {
    try {
      beginAtOnce(
        connectionThat(() => {
          throw Object.assign(new Error("database is locked"), { code: "SQLITE_BUSY" });
        }),
      );
      return undefined;
    } catch (error) {
      return error;
    }
  };
  const error = tried();
  expect(error).toMatchObject({ code: "SQLITE_BUSY", message: "database is locked" });
  expect((error as Error).stack).not.toContain("\n    at ");
});

test("errors have their stacks again after a try, however it went", () => {
  const before = Error.stackTraceLimit;
  beginAtOnce(connectionThat(() => {}));
  expect(Error.stackTraceLimit).toBe(before);
  expect(() => beginAtOnce(connectionThat(() => JSON.parse("{")))).toThrow(SyntaxError);
  expect(Error.stackTraceLimit).toBe(before);
  expect(before).toBeGreaterThan(0);
});
