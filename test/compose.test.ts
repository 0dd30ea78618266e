/** The Compose files for people to try: no engine runs them here, so what they say is held against what such servers need. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";

const folder = path.resolve(import.meta.dirname, "../examples/eventstoredb");
const files = readdirSync(folder).filter((name) => name.endsWith(".yaml"));
const readme = readFileSync(path.join(folder, "README.md"), "utf8");

interface Service {
  readonly image: string;
  readonly restart: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly ports: readonly string[];
  readonly volumes: readonly string[];
  readonly healthcheck: {
    readonly test: readonly string[];
    readonly interval: string;
    readonly retries: number;
  };
}
interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, null>>;
}

const composeOf = (file: string): Compose =>
  parse(readFileSync(path.join(folder, file), "utf8"), { merge: true, strict: true, uniqueKeys: true });
const nodesOf = (file: string) => Object.entries(composeOf(file).services);
const hostPortOf = ({ ports }: Service): string => String(ports[0]?.split(":")[1]);

/** The address that the README gives for a file. */
const addressOf = (file: string): string => {
  const row = readme.split("\n").find((line) => line.startsWith(`| \`${file}\``));
  return String(/`(esdb:[^`]+)`/.exec(String(row))?.[1]);
};

test("there is a file for one node and one for a cluster", () => {
  expect(files.sort()).toEqual(["cluster.compose.yaml", "single-node.compose.yaml"]);
});

describe.each(files)("%s", (file) => {
  const nodes = nodesOf(file);

  test("names one pinned image for every node", () => {
    expect([...new Set(nodes.map(([, { image }]) => image))]).toEqual([
      "eventstore/eventstore:23.10.7-bookworm-slim",
    ]);
  });

  test("brings back a node that ends by itself", () => {
    for (const [, { restart }] of nodes) expect(restart).toBe("unless-stopped");
  });

  test("asks a node for its health where it says so, long enough for a slow start", () => {
    for (const [, { healthcheck }] of nodes) {
      expect(healthcheck.test[0]).toBe("CMD-SHELL");
      expect(healthcheck.test[1]).toContain("http://localhost:2113/health/live");
      expect(healthcheck).toMatchObject({ interval: "5s", retries: 24 });
    }
  });

  test("keeps each node's log in a volume of its own, and in memory nowhere", () => {
    const { volumes } = composeOf(file);
    const used = nodes.flatMap(([, service]) => service.volumes.map((mount) => mount.split(":")[0]));
    expect(used.toSorted()).toEqual(Object.keys(volumes).sort());
    for (const [, { environment, volumes: mounts }] of nodes) {
      expect(environment).not.toHaveProperty("EVENTSTORE_MEM_DB");
      expect(mounts.map((mount) => mount.split(":")[1])).toContain(environment.EVENTSTORE_DB);
    }
  });

  test("opens a node without accounts to this machine only", () => {
    for (const [, { environment, ports }] of nodes) {
      expect(environment.EVENTSTORE_INSECURE).toBe("true");
      for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:\d+:2113$/);
    }
  });

  test("sets nothing that newer servers refuse to start with", () => {
    for (const [, { environment }] of nodes)
      expect(Object.keys(environment).filter((key) => /TCP|HTTP_PORT|INT_IP|EXT_IP/.test(key))).toEqual([]);
  });

  test("writes every setting as text, as Compose wants it", () => {
    for (const [, { environment }] of nodes)
      for (const value of Object.values(environment)) expect(value).toBeTypeOf("string");
  });

  test("is reached at the address that the README gives", () => {
    const [, hosts, parameters] = /^esdb:\/\/([^/?]+)\?(.*)$/.exec(addressOf(file)) ?? [];
    expect(hosts?.split(",")).toEqual(nodes.map(([, service]) => `127.0.0.1:${hostPortOf(service)}`));
    expect(new URLSearchParams(parameters).get("tls")).toBe("false");
  });
});

test("the nodes of the cluster know each other, and name the address at which clients reach them", () => {
  const nodes = nodesOf("cluster.compose.yaml");
  expect(nodes).toHaveLength(3);
  for (const [name, service] of nodes) {
    const { environment } = service;
    const others = nodes.map(([other]) => other).filter((other) => other !== name);
    expect(environment.EVENTSTORE_GOSSIP_SEED).toBe(others.map((other) => `${other}:2113`).join(","));
    expect(environment).toMatchObject({
      EVENTSTORE_CLUSTER_SIZE: "3",
      EVENTSTORE_DISCOVER_VIA_DNS: "false",
      EVENTSTORE_ADVERTISE_HOST_TO_CLIENT_AS: "127.0.0.1",
      EVENTSTORE_ADVERTISE_NODE_PORT_TO_CLIENT_AS: hostPortOf(service),
    });
  }
});
