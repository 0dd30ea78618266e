/** Addresses as they are read and shown: which ledger is meant, and never a password. */
import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hidePasswords } from "../output/passwords.ts";
import { session } from "../testing/session.ts";
import { formatAddress, identityOf, parseAddress, revealAddress } from "./address.ts";

const parse = (address: string) => parseAddress(address, "--store", "/work");

const messageOf = (address: string): string => {
  try {
    parse(address);
  } catch (error) {
    const { message, hint } = error as { message: string; hint?: string };
    return `${message}\n${hint}`;
  }
  throw new Error(`${address} was taken`);
};

const marked = "S3cr3t";

describe("the address of a server", () => {
  test.each([
    "esdb://127.0.0.1:2113?tls=false",
    "esdb+discover://cluster.example:2113",
    "kurrentdb://node1,node2:2114,node3?nodePreference=leader",
    "kurrentdb+discover://cluster",
    "kurrent://h",
    "kdb://h",
    "esdb://[::1]:2113?tls=false&ledger=plans",
    "esdb://h?tlsCAFile=/home/a@b/ca.pem",
    "ESDB://h",
  ])("%s is shown and opened as it was given", (address) => {
    const parsed = parse(address);
    expect(parsed.store).toBe("eventstoredb");
    expect(formatAddress(parsed)).toBe(address);
    expect(revealAddress(parsed)).toBe(address);
  });

  test("shows who asks, and not with which password", () => {
    const address = `esdb://ada:${marked}%40x@h:2113?tls=true&token=${marked}`;
    const parsed = parse(address);
    expect(formatAddress(parsed)).toBe("esdb://ada:***@h:2113?tls=true&token=***");
    expect(revealAddress(parsed)).toBe(address);
    for (const printed of [JSON.stringify(parsed), inspect(parsed, { depth: 9 }), String(parsed)])
      expect(printed).not.toContain(marked);
    expect(hidePasswords(`cannot open esdb://ada:${marked}@h:2113: no`)).toBe(
      "cannot open esdb://ada:***@h:2113: no",
    );
  });

  test.each([
    ["esdb:127.0.0.1:2113", "esdb: takes a URL: esdb://127.0.0.1:2113"],
    ["kurrentdb:", "kurrentdb://<host>:2113"],
    ["esdb://", "is not a connection string"],
    ["esdb://h:99999", "is not a connection string"],
    ["esdb://h,,i", "is not a connection string"],
    ["esdb://ada:***@h", "stands for a password"],
    ["esdb://***@h", "stands for a password"],
    ["esdb://a b", "is not a connection string"],
  ])("%s is refused with what is wrong", (address, problem) => {
    expect(messageOf(address)).toContain(problem);
  });

  test("means one ledger however it is written, and another one in another namespace or on another port", () => {
    const of = (address: string): string => identityOf(parse(address));
    expect(of("esdb://ada:x@B,a:2113?tls=false")).toBe(of("kurrentdb://a,b:2113"));
    const all = ["esdb://a", "esdb://b", "esdb://a:2114", "esdb://a?ledger=x", "esdb://a?ledger=y"].map(of);
    expect(new Set(all).size).toBe(all.length);
  });

  test("gives no password away, whatever it is made of and whether or not it was encoded", () => {
    const password = fc.string({ maxLength: 12 }).map((text) => `${marked}${text}`);
    fc.assert(
      fc.property(password, fc.boolean(), fc.constantFrom("", "//"), (text, isEncoded, slashes) => {
        const address = `esdb:${slashes}ada:${isEncoded ? encodeURIComponent(text) : text}@h:2113`;
        let shown: string;
        try {
          shown = formatAddress(parse(address));
        } catch (error) {
          shown = (error as Error).message;
        }
        expect(shown).not.toContain(marked);
      }),
    );
  });
});

describe("no command shows the password", () => {
  const secret = `esdb://ada:${marked}@127.0.0.1:1?tls=false`;

  test.each([
    ["where", "--store", secret],
    ["init", "--dry-run", "--store", secret],
    ["board", "p", "--store", secret],
    ["repair", "--store", secret],
    ["unlock", "p", "--store", secret],
    ["reconcile", "--store", secret],
    ["publish", "--store", secret],
    ["init", "--git", "--store", secret],
    ["where", "--ledger", secret],
    ["where", "--store", ` ${secret}`],
    ["where", "--store", secret.replace("//", "")],
    ["where", "--store", secret.replace(marked, `${marked}/`)],
    ["copy", secret, secret],
    ["copy", "file:nowhere", secret],
    [secret],
    ["board", secret],
    ["wp", "show", `${secret}/WP01`],
    ["board", "--limit", secret],
    ["help", secret],
  ])("mled %j", async (...argv) => {
    const shell = session();
    for (const { out, err } of [await shell.run(...argv), await shell.run(...argv, "--json")])
      expect(out + err).not.toContain(marked);
  });

  test("that comes from the environment", async () => {
    const shell = session({ env: { MISSION_LEDGER_ACTOR: "a", MISSION_LEDGER_STORE: secret } });
    expect((await shell.json("where")).data).toMatchObject({
      store: "eventstoredb",
      path: null,
      address: "esdb://ada:***@127.0.0.1:1?tls=false",
      directory: null,
      exists: null,
      decidedBy: "MISSION_LEDGER_STORE",
    });
    for (const argv of [["where"], ["board"], ["doctor"], ["mission", "create", "p", "T"]]) {
      const { out, err } = await shell.run(...argv);
      expect(out + err, argv.join(" ")).not.toContain(marked);
    }
  });
});
