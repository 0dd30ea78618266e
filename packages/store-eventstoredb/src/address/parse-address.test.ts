import { describe, expect, test } from "vitest";
import { GatewayFailure } from "../gateway-port.ts";
import { describeAddress } from "./address.ts";
import { isServerAddress, parseAddress } from "./parse-address.ts";

const refusalOf = (address: string): GatewayFailure => {
  try {
    parseAddress(address);
  } catch (error) {
    if (error instanceof GatewayFailure) return error;
    throw error;
  }
  throw new Error("It was read");
};

describe("the address of a server", () => {
  test.each(["esdb", "kurrentdb", "kurrent", "kdb", "ESDB"])("begins with %s://", (scheme) => {
    expect(parseAddress(`${scheme}://node1:2114?tls=false`)).toEqual({
      hosts: [{ host: "node1", port: 2114 }],
      isCluster: false,
      hasTls: false,
    });
    expect(parseAddress(`${scheme}+discover://node1`)).toEqual({
      hosts: [{ host: "node1", port: 2113 }],
      isCluster: true,
      hasTls: true,
    });
    expect(isServerAddress(`${scheme}+discover://node1`)).toBe(true);
  });

  test("may name several hosts, which makes them a cluster", () => {
    expect(parseAddress("esdb://a:1, b,[::1]:3/?tls=true")).toEqual({
      hosts: [
        { host: "a", port: 1 },
        { host: "b", port: 2113 },
        { host: "::1", port: 3 },
      ],
      isCluster: true,
      hasTls: true,
    });
  });

  test("carries an account whose reserved characters are percent-encoded", () => {
    const { credentials } = parseAddress("esdb://ops%40home:p%3Aa%40s%2Fs%25%3F@node1");
    expect(credentials).toEqual({ username: "ops@home", password: "p:a@s/s%?" });
  });

  test("carries settings, whose names may be written in any way that the client takes", () => {
    expect(
      parseAddress(
        "esdb://a?TLS=False&tls_ca_file=%2Fetc%2Fca.pem&user-cert-file=c&userKeyFile=k&nodePreference=ReadOnlyReplica&gossipTimeout=3&defaultDeadline=900&keepAliveInterval=-1&keepAliveTimeout=20000&connectionName=it%27s%20me&maxDiscoverAttempts=4&discoveryInterval=50&throwOnAppendFailure=false&tlsVerifyCert=true&ledger=team_1.x",
      ),
    ).toEqual({
      hosts: [{ host: "a", port: 2113 }],
      isCluster: false,
      hasTls: false,
      caFile: "/etc/ca.pem",
      clientCertificate: { certificateFile: "c", keyFile: "k" },
      gossipTimeoutMs: 3000,
      deadlineMs: 900,
      keepAliveIntervalMs: 86_400_000,
      keepAliveTimeoutMs: 20_000,
      connectionName: "it's me",
      maxDiscoverAttempts: 4,
      discoveryIntervalMs: 50,
      ledger: "team_1.x",
    });
  });

  test.each([
    ["http://node1", "scheme"],
    ["esdb:node1", "scheme"],
    ["", "scheme"],
    ["esdb://", "hosts"],
    ["esdb://node1,", "hosts"],
    ["esdb://node1:0", "hosts"],
    ["esdb://node1:65536", "hosts"],
    ["esdb://node1:2113:2114", "hosts"],
    ["esdb://::1", "hosts"],
    ["esdb://node one", "hosts"],
    ["esdb://node1/path", "path"],
    ["esdb://name@node1", "credentials"],
    ["esdb://:word@node1", "credentials"],
    ["esdb://name:@node1", "credentials"],
    ["esdb://name:two@words@node1", "credentials"],
    ["esdb://name:two:words@node1", "credentials"],
    ["esdb://name:a%zz@node1", "credentials"],
    ["esdb://na%3Ame:word@node1", "credentials"],
    ["esdb://name:one/two@node1", "credentials"],
    ["esdb://name:one?two@node1", "credentials"],
    ["esdb://node1?tsl=false", "settings"],
    ["esdb://node1?tls", "tls"],
    ["esdb://node1?tls=", "tls"],
    ["esdb://node1?tls=maybe", "tls"],
    ["esdb://node1?tls=true&TLS=true", "tls"],
    ["esdb://node1?tlsVerifyCert=false", "tlsVerifyCert"],
    ["esdb://node1?keepAliveInterval=9999", "keepAliveInterval"],
    ["esdb://node1?defaultDeadline=0", "defaultDeadline"],
    ["esdb://node1?defaultDeadline=1e3", "defaultDeadline"],
    ["esdb://node1?gossipTimeout=soon", "gossipTimeout"],
    ["esdb://node1?connectionName=%E2%98%83", "connectionName"],
    ["esdb://node1?ledger=two-parts", "ledger"],
    ["esdb://node1?ledger=%zz", "ledger"],
    ["esdb://node1?userCertFile=x", "userCertFile"],
    ["esdb://node1?tls=true&", "settings"],
  ])("%s cannot be read, because of its %s", (address, part) => {
    const refusal = refusalOf(address);
    expect(refusal).toMatchObject({ kind: "refused", isDefinite: true, details: { part } });
  });

  test.each([
    "esdb://admin:geheim",
    "esdb://admin:geheim@",
    "esdb://admin:ge@heim@node1",
    "esdb://admin:geheim:1@node1",
    "esdb://admin:%geheim@node1",
    "esdb://admin:x/geheim@node1",
    "esdb://admin:x?geheim@node1",
    "esdb://admin:x?geheim=1@node1",
    "http://admin:geheim@node1",
    "esdb://admin:geheim@no de1",
    "esdb://admin:word@node1?tls=geheim",
    "esdb://admin:word@node1?ge%68eim=1",
  ])("is never quoted where it cannot be read: %s", (address) => {
    const refusal = refusalOf(address);
    expect(JSON.stringify([refusal.message, refusal.details, String(refusal.cause)])).not.toMatch(/heim/);
  });

  test("is shown without account and files", () => {
    const address = parseAddress("kdb+discover://admin:word@a,[::1]:5?tls=false&ledger=x&tlsCAFile=%2Fca");
    expect(describeAddress(address)).toBe("esdb://a:2113,[::1]:5?tls=false&ledger=x");
  });
});
