/**
 * Looks at a server as `mled doctor` does: from the address to the clock, each check with what to do next. Promises: nothing is
 * written that anybody can read. Whether the account may append is asked with an append of no events at a revision that no stream
 * has, which the server refuses after it has looked at the rights; whether there is a quorum, with one of no events at the right
 * revision, which goes the way of every append and adds nothing.
 */
import { describeAddress, describeHost, type ServerAddress, type ServerHost } from "../address/address.ts";
import { parseAddress } from "../address/parse-address.ts";
import { type Certificates, certificatesOf } from "../gateway/certificates.ts";
import { openConnection } from "../gateway/connection.ts";
import { defaultDeadlineMs } from "../gateway/open-gateway.ts";
import { GatewayFailure } from "../gateway-port.ts";
import { datedTimers, type Timers } from "../timers.ts";
import { ask } from "./ask-server.ts";
import { type Check, type CheckName, failed, ok, skipped } from "./findings.ts";
import { type Probed, probeHost } from "./probe-host.ts";

export interface DiagnoseOptions {
  /** As people have it, or as `parseAddress` gives it. */
  readonly url: string | ServerAddress;
  /** Which ledger on the server. @defaultValue `ledger` of the address, else the one without a name */
  readonly namespace?: string;
  /** How long one check may take, in milliseconds. @defaultValue `defaultDeadline` of the address, else 5000 */
  readonly deadlineMs?: number;
  /** @defaultValue the system's */
  readonly timers?: Timers;
}

export interface Diagnosis {
  /** The address without account and files; empty where it cannot be read. */
  readonly server: string;
  /** No check failed. */
  readonly isHealthy: boolean;
  /** In the order in which they were made; always all of them. */
  readonly checks: readonly Check[];
}

/** In this order: each needs what stands before it. */
export const checkNames: readonly CheckName[] = [
  "address",
  "network",
  "tls",
  "leader",
  "account",
  "read",
  "append",
  "quorum",
  "read_all",
  "clock",
];

/** Never throws for what a server does; every check ends by its deadline. */
export const diagnose = async (options: DiagnoseOptions): Promise<Diagnosis> => {
  const { deadlineMs, timers = datedTimers } = options;
  const read = await readAddress(options.url);
  if ("failure" in read) return diagnosis("", [read.failure]);
  const { address, certificates } = read;
  const limitMs = deadlineMs ?? address.deadlineMs ?? defaultDeadlineMs;
  const server = describeAddress(address);

  const probes = await Promise.all(
    address.hosts.map((host) =>
      probeHost({ host, hasTls: address.hasTls, ...certificates, deadlineMs: limitMs, timers }).then(
        (probed) => ({ host, probed }),
      ),
    ),
  );
  const checks = [ok("address", { server }), networkCheck(probes)];
  const reached = probes.filter(({ probed }) => probed.network === "ok");
  if (reached.length === 0) return diagnosis(server, checks);
  checks.push(tlsCheck(reached));
  const spoken = reached.find(({ probed }) => probed.tls === "ok");
  if (spoken === undefined) return diagnosis(server, checks);

  const connection = await openConnection({ address, deadlineMs: limitMs, timers });
  try {
    const namespace = options.namespace ?? address.ledger ?? "";
    checks.push(...(await ask({ connection, node: spoken.host, namespace })));
  } finally {
    await connection.close();
  }
  return diagnosis(server, checks);
};

const diagnosis = (server: string, made: readonly Check[]): Diagnosis => ({
  server,
  isHealthy: made.every(({ status }) => status !== "failed"),
  checks: checkNames.map((name) => made.find(({ check }) => check === name) ?? skipped(name)),
});

const readAddress = async (
  url: string | ServerAddress,
): Promise<
  { readonly address: ServerAddress; readonly certificates: Certificates } | { readonly failure: Check }
> => {
  try {
    const address = typeof url === "string" ? parseAddress(url) : url;
    return { address, certificates: await certificatesOf(address) };
  } catch (error) {
    if (!(error instanceof GatewayFailure)) throw error;
    const code = "file" in error.details ? "file_unreadable" : "address_unreadable";
    return { failure: failed("address", code, error.details, error.message) };
  }
};

interface HostProbe {
  readonly host: ServerHost;
  readonly probed: Probed;
}

/** One host that answers is enough; the others are told as facts. */
const networkCheck = (probes: readonly HostProbe[]): Check => {
  const details = {
    hosts: probes.map(({ host, probed }) => ({
      host: describeHost(host),
      found: probed.network,
      ...(probed.reason === undefined || probed.network === "ok" ? {} : { reason: probed.reason }),
    })),
  };
  const [first] = probes;
  if (first === undefined || probes.some(({ probed }) => probed.network === "ok"))
    return ok("network", details);
  const { network } = first.probed;
  return network === "ok" ? ok("network", details) : failed("network", network, details);
};

const tlsCheck = (reached: readonly HostProbe[]): Check => {
  const details = {
    hosts: reached.map(({ host, probed }) => ({
      host: describeHost(host),
      found: probed.tls,
      ...(probed.reason === undefined ? {} : { reason: probed.reason }),
    })),
  };
  const found = reached[0]?.probed.tls;
  return found === undefined || found === "ok" || reached.some(({ probed }) => probed.tls === "ok")
    ? ok("tls", details)
    : failed("tls", found, details);
};
