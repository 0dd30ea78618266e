/** What only the server itself can say: who leads, and what the account may do. */
import { describeHost, type ServerHost } from "../address/address.ts";
import { emptyAppend } from "../gateway/append.ts";
import type { ClusterMember } from "../gateway/client.ts";
import { type Connection, openConnection } from "../gateway/connection.ts";
import { leads } from "../gateway/leader.ts";
import { readAll, readRange } from "../gateway/read.ts";
import { GatewayFailure } from "../gateway-port.ts";
import { streamNames } from "../layout/names.ts";
import { type Check, type CheckCode, type CheckName, failed, ok, skipped } from "./findings.ts";

export interface AskOptions {
  readonly connection: Connection;
  /** Speaks the language that the address asks for. */
  readonly node: ServerHost;
  readonly namespace: string;
}

/** From here on leases and dates are wrong enough to be noticed. The server's header tells whole seconds. */
const clockToleranceMs = 10_000;
/** No stream is ever so long. */
const impossibleRevision = 2n ** 62n;

export const ask = async ({ connection, node, namespace }: AskOptions): Promise<readonly Check[]> => {
  const stream = streamNames(namespace).catalogue;
  const greeting = await greet(connection, node);
  if (greeting.leader.status === "failed") return [greeting.leader];

  let last: bigint | "no_stream" | undefined;
  const read = await check(connection, "read", async () => {
    const found = await readRange(connection, { stream, from: "end", direction: "backwards", maxCount: 1 });
    last = found._tag === "Events" ? (found.events[0]?.revision ?? "no_stream") : "no_stream";
  });
  // Whether the account is known shows in the first call that needs one.
  const account = accountCheck(connection, read);
  if (account.status === "failed") return [greeting.leader, account];
  if (read.status === "failed" && read.code !== "no_right_to_read") return [greeting.leader, account, read];

  const append = await check(connection, "append", () => emptyAppend(connection, stream, impossibleRevision));
  const revision = last;
  const quorum =
    append.status === "failed" || revision === undefined
      ? skipped("quorum")
      : // A wrong revision says that somebody's append came between, and is stored.
        await check(connection, "quorum", () => emptyAppend(connection, stream, revision));
  const all = await check(connection, "read_all", () =>
    readAll(connection, { from: "end", direction: "backwards", maxCount: 1 }),
  );
  return [greeting.leader, account, read, append, quorum, all, greeting.clock];
};

/** The first words with a node: what it knows of its cluster, and what time it has. Nobody's account is needed. */
const greet = async (
  { address, deadlineMs, timers }: Connection,
  node: ServerHost,
): Promise<{ readonly leader: Check; readonly clock: Check }> => {
  const single = await openConnection({
    address: { ...address, hosts: [node], isCluster: false },
    deadlineMs,
    timers,
  });
  let serverTime: number | undefined;
  const askedAt = timers.now();
  try {
    const members = await single.call(
      { call: "gossip", isAnonymous: true },
      async ({ client, credentials, wire }) => {
        const known = await client.gossip(credentials);
        serverTime = wire.serverTime();
        return known;
      },
    );
    return {
      leader: leaderCheck(members),
      clock: clockCheck({ serverTime, members, askedAt, answeredAt: timers.now() }),
    };
  } catch (error) {
    const failure = gatewayFailure(error);
    // A server may keep its gossip from whoever has no account; the calls that follow have one.
    const leader =
      failure.kind === "access_denied" || failure.kind === "not_authenticated"
        ? skipped("leader", "The server tells nobody without an account who leads.")
        : failed("leader", codeOf(failure, "leader", single), failure.details);
    return { leader, clock: skipped("clock", "The server did not say what time it has.") };
  } finally {
    await single.close();
  }
};

/** States of members that have no vote: the manager and what only reads. */
const voiceless: ReadonlySet<number> = new Set([9, 12, 13, 14]);

const leaderCheck = (members: readonly ClusterMember[]): Check => {
  const voters = members.filter(({ state }) => !voiceless.has(state));
  const alive = voters.filter(({ isAlive }) => isAlive);
  const leader = alive.find(({ state }) => state === leads);
  const details = {
    alive: alive.length,
    voters: voters.length,
    members: members.map((member) => ({ address: describeHost(member), isAlive: member.isAlive })),
    ...(leader === undefined ? {} : { leader: describeHost(leader) }),
  };
  if (alive.length < Math.floor(voters.length / 2) + 1) return failed("leader", "no_quorum", details);
  return leader === undefined ? failed("leader", "no_leader", details) : ok("leader", details);
};

interface Times {
  /** From a header of the answer, which cuts off what is less than a second. */
  readonly serverTime: number | undefined;
  readonly members: readonly ClusterMember[];
  readonly askedAt: number;
  readonly answeredAt: number;
}

const clockCheck = ({ serverTime, members, askedAt, answeredAt }: Times): Check => {
  // What a member said may be old, but it was not said later than now.
  const aheadMs = Math.max(0, ...members.map(({ saidAt, isAlive }) => (isAlive ? saidAt - answeredAt : 0)));
  const headerMs =
    serverTime === undefined
      ? 0
      : serverTime > answeredAt
        ? serverTime - answeredAt
        : Math.min(0, serverTime + 999 - askedAt);
  const offsetMs = aheadMs > clockToleranceMs ? aheadMs : headerMs;
  if (serverTime === undefined && offsetMs === 0)
    return skipped("clock", "The server did not say what time it has.");
  return Math.abs(offsetMs) > clockToleranceMs
    ? failed("clock", "clock_off", { offsetMs })
    : ok("clock", { offsetMs });
};

const accountCheck = ({ address }: Connection, read: Check): Check => {
  if (read.code === "account_wrong" || read.code === "account_missing")
    return failed("account", read.code, read.details);
  if (address.credentials === undefined) return ok("account", {}, "No account is needed.");
  return address.hasTls ? ok("account") : ok("account", {}, "The account is not sent, for want of TLS.");
};

/** One thing asked of the leader; where another node turns out to lead, of that one. */
const check = async (
  connection: Connection,
  name: CheckName,
  make: () => Promise<unknown>,
): Promise<Check> => {
  let failure: GatewayFailure | undefined;
  for (let attempt = 0; attempt < 3; attempt += 1) {
    try {
      await make();
      return ok(name);
    } catch (error) {
      failure = gatewayFailure(error);
      if (failure.kind !== "not_leader") break;
    }
  }
  if (failure === undefined) return ok(name);
  return failed(name, codeOf(failure, name, connection), failure.details);
};

const gatewayFailure = (error: unknown): GatewayFailure => {
  if (error instanceof GatewayFailure) return error;
  throw error;
};

const unimplemented = 12;

const codeOf = (
  { kind, details }: GatewayFailure,
  name: CheckName,
  { address }: Connection,
): Exclude<CheckCode, "ok" | "not_asked"> => {
  switch (kind) {
    case "not_authenticated":
      return "account_wrong";
    case "access_denied":
      if (address.credentials === undefined) return "account_missing";
      if (name === "append" || name === "quorum") return "no_right_to_append";
      return name === "read_all" ? "no_right_to_read_all" : "no_right_to_read";
    case "not_leader":
      return "no_leader";
    case "server_timeout":
      return "no_quorum";
    case "deadline":
      return "no_answer";
    case "unavailable":
      if (details.reason === "no_leader") return "no_leader";
      return details.reason === "no_connection" ? "leader_unreachable" : "not_ready";
    case "stream_deleted":
      return "ledger_deleted";
    case "unknown":
      return details.grpcCode === unimplemented ? "not_eventstoredb" : "unexpected";
    case "too_large":
    case "refused":
    case "closed":
      return "unexpected";
  }
};
