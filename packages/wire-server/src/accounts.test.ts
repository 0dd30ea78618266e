import { describe, expect, test } from "vitest";
import { admissionOf, grantsAll } from "./accounts.ts";

const basic = (name: string, password: string): string =>
  `Basic ${Buffer.from(`${name}:${password}`).toString("base64")}`;
const accounts = {
  admin: { password: "changeit" },
  ledger: { password: "a:b", may: ["append", "read"] },
  auditor: { password: "x", may: ["read"] },
} as const;

describe("a server with accounts", () => {
  const { refuse } = admissionOf(accounts);

  test("an account without a list has every right", () => {
    expect(refuse(basic("admin", "changeit"), "append")).toBeUndefined();
    expect(refuse(basic("admin", "changeit"), "read_all")).toBeUndefined();
  });

  test("a password may hold a colon", () => {
    expect(refuse(basic("ledger", "a:b"), "append")).toBeUndefined();
  });

  test("a wrong password and an unknown account are not authenticated", () => {
    expect(refuse(basic("admin", "changed"), "read")?.code).toBe(16);
    expect(refuse(basic("nobody", ""), "read")?.code).toBe(16);
    expect(refuse(basic("constructor", ""), "read")?.code).toBe(16);
    expect(refuse("Bearer abc", "read")?.code).toBe(16);
  });

  test("a call without credentials, and one without the right, is denied access", () => {
    expect(refuse(undefined, "read")).toMatchObject({
      code: 7,
      trailers: { exception: "access-denied" },
    });
    expect(refuse(basic("auditor", "x"), "append")?.code).toBe(7);
    expect(refuse(basic("ledger", "a:b"), "read_all")?.code).toBe(7);
  });

  test("reading everything can be granted, appending cannot", () => {
    const granted = admissionOf(accounts, { mayReadAll: (account) => account === "auditor" });
    expect(granted.refuse(basic("auditor", "x"), "read_all")).toBeUndefined();
    expect(granted.refuse(basic("auditor", "x"), "append")?.code).toBe(7);
    expect(granted.refuse(basic("ledger", "a:b"), "read_all")?.code).toBe(7);
  });

  test("the grant is read from the metadata of $all", () => {
    const metadata = (value: unknown) => Buffer.from(JSON.stringify(value));
    expect(grantsAll(metadata({ $acl: { $r: ["ledger"] } }), "ledger")).toBe(true);
    expect(grantsAll(metadata({ $acl: { $r: "ledger" } }), "ledger")).toBe(true);
    expect(grantsAll(metadata({ $acl: { $r: ["$all"] } }), "ledger")).toBe(true);
    expect(grantsAll(metadata({ $acl: { $r: ["$admins"] } }), "ledger")).toBe(false);
    expect(grantsAll(metadata({ $acl: { $w: ["ledger"] } }), "ledger")).toBe(false);
    expect(grantsAll(metadata(null), "ledger")).toBe(false);
    expect(grantsAll(undefined, "ledger")).toBe(false);
  });
});

test("a server without accounts asks nobody", () => {
  expect(admissionOf(undefined).refuse(undefined, "append")).toBeUndefined();
});
