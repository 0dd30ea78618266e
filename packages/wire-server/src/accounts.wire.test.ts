/** TLS and accounts as a client meets them: raw calls, and the client that the ledger uses. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { EventStoreDBClient, jsonEvent, NO_STREAM, START } from "@eventstore/db-client";
import { describe, expect, test } from "vitest";
import { allMetastream } from "./accounts.ts";
import { idOf } from "./testing/raw-calls.ts";
import { atEnd, client, served, stored } from "./testing/servers.ts";
import { makeCertificates } from "./tls-certificates.ts";

const accounts = {
  admin: { password: "changeit" },
  ledger: { password: "p:w@1", may: ["append", "read"] },
  auditor: { password: "look", may: ["read"] },
} as const;

const as = (name: string, password: string) => ({
  headers: { authorization: `Basic ${Buffer.from(`${name}:${password}`).toString("base64")}` },
});

const secured = async () => {
  const certificates = makeCertificates();
  const both = await served({ tls: certificates, accounts }, { ca: certificates.ca });
  return { ...both, ca: certificates.ca };
};

describe("a server with TLS", () => {
  test("serves a client that trusts its authority", async () => {
    const { raw } = await secured();
    expect((await raw.features()).status).toBe("ok");
  });

  test("is unavailable to a client in plain text, and to one that trusts another authority", async () => {
    const { server } = await secured();
    expect((await client(server.port).features()).status).toBe(14);
    const stranger = client(server.port, { ca: makeCertificates().ca });
    expect((await stranger.features()).status).toBe(14);
  });

  test("is killed, started and cut like any other", async () => {
    const { server, raw } = await secured();
    server.strike({ at: "append", fault: { kind: "commit_then_cut", how: "rst" } });
    expect((await raw.append("a", -1, ["x"], as("admin", "changeit"))).status).toBe(14);
    expect(stored(server, "a")).toEqual(["x"]);
    await server.kill();
    await server.start();
    await expect
      .poll(async () => (await raw.append("a", -1, ["x"], as("admin", "changeit"))).revision)
      .toBe(0);
  });
});

describe("a server with accounts", () => {
  test("answers features and gossip to everybody", async () => {
    const { raw } = await secured();
    expect([(await raw.features()).status, (await raw.gossip()).status]).toEqual(["ok", "ok"]);
  });

  test("refuses a wrong password with 16, and nobody's call with 7", async () => {
    const { server, raw } = await secured();
    expect((await raw.append("a", -1, ["x"], as("admin", "wrong"))).status).toBe(16);
    expect((await raw.read("a", as("nobody", "x"))).status).toBe(16);
    expect((await raw.append("a", -1, ["x"])).status).toBe(7);
    expect((await raw.read("a")).status).toBe(7);
    expect(stored(server, "a")).toEqual([]);
  });

  test("lets each account do what it may, and refuses the rest with 7", async () => {
    const { server, raw } = await secured();
    expect((await raw.append("a", -1, ["x"], as("auditor", "look"))).status).toBe(7);
    expect((await raw.append("a", -1, ["x"], as("ledger", "p:w@1"))).revision).toBe(0);
    expect((await raw.read("a", as("auditor", "look"))).seen).toEqual(["x"]);
    expect((await raw.read("$all", as("ledger", "p:w@1"))).status).toBe(7);
    expect((await raw.subscribe("$all", as("ledger", "p:w@1"))).status).toBe(7);
    expect((await raw.read("$all", as("admin", "changeit"))).seen).toEqual(["x"]);
    expect(stored(server, "a")).toEqual(["x"]);
  });

  test("lets an account read everything once that was granted", async () => {
    const { server, raw } = await secured();
    await raw.append(allMetastream, -1, ["$metadata"], as("admin", "changeit"));
    expect((await raw.read("$all", as("auditor", "look"))).status).toBe(7);
    server.tamper(allMetastream, 0n, { data: Buffer.from('{"$acl":{"$r":["auditor"]}}') });
    expect((await raw.read("$all", as("auditor", "look"))).status).toBe("ok");
    expect((await raw.read("$all", as("ledger", "p:w@1"))).status).toBe(7);
  });

  test("ends the batch call for a wrong password, and only the request for a missing right", async () => {
    const { raw } = await secured();
    expect((await raw.batch("a", -1, ["x"])).answers).toEqual(["ours error 7"]);
    expect(await raw.batch("a", -1, ["x"], as("admin", "wrong"))).toMatchObject({
      answers: [],
      end: { status: 16 },
    });
  });
});

describe("the ledger's client on a secured server", () => {
  const connect = async (account: string, password: string) => {
    const { server, ca } = await secured();
    const folder = mkdtempSync(path.join(tmpdir(), "wire-ca-"));
    atEnd(() => rmSync(folder, { recursive: true }));
    const caFile = path.join(folder, "ca.pem");
    writeFileSync(caFile, ca);
    const login = `${encodeURIComponent(account)}:${encodeURIComponent(password)}`;
    const eventStore = EventStoreDBClient.connectionString(
      `esdb://${login}@127.0.0.1:${server.port}?tls=true&tlsCAFile=${caFile}`,
    );
    atEnd(() => eventStore.dispose());
    const append = () =>
      eventStore.appendToStream("mission-1", jsonEvent({ id: idOf("x"), type: "x", data: {} }), {
        expectedRevision: NO_STREAM,
        credentials: { username: account, password },
      });
    return { server, eventStore, append };
  };

  test("appends, and reads back", async () => {
    const { eventStore, append } = await connect("ledger", "p:w@1");
    expect((await append()).nextExpectedRevision).toBe(0n);
    const types: (string | undefined)[] = [];
    for await (const { event } of eventStore.readStream("mission-1", { fromRevision: START }))
      types.push(event?.type);
    expect(types).toEqual(["x"]);
  });

  test("calls both refusals access denied, and keeps the code", async () => {
    const wrong = await connect("ledger", "wrong");
    await expect(wrong.append()).rejects.toMatchObject({ type: "access-denied", code: 16 });
    const weak = await connect("auditor", "look");
    await expect(weak.append()).rejects.toMatchObject({ type: "access-denied", code: 7 });
  });

  test("may grant reading everything", async () => {
    const { eventStore, server } = await connect("admin", "changeit");
    await eventStore.setStreamMetadata("$all", { acl: { readRoles: ["auditor"] } });
    const [metadata] = server.events(allMetastream);
    expect(JSON.parse(Buffer.from(metadata?.data ?? []).toString())).toEqual({ $acl: { $r: ["auditor"] } });
  });
});
