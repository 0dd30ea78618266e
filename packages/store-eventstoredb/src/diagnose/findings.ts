/** What a look at a server can find, in words: one sentence, and the next step for a person. */

import type { FaultCode } from "@mission-ledger/core";

export type CheckName =
  | "address"
  | "network"
  | "tls"
  | "leader"
  | "account"
  | "read"
  | "append"
  | "quorum"
  | "read_all"
  | "clock";

/** Stable: programs compare it. */
export type CheckCode =
  | "ok"
  /** An earlier check has to hold first. */
  | "not_asked"
  | "address_unreadable"
  | "file_unreadable"
  | "name_unknown"
  | "nothing_listens"
  | "unreachable"
  | "no_answer"
  | "server_speaks_tls"
  | "server_speaks_plain"
  | "ca_unknown"
  | "certificate_wrong_name"
  | "certificate_expired"
  | "tls_refused"
  | "not_eventstoredb"
  | "account_wrong"
  | "account_missing"
  | "no_right_to_read"
  | "no_right_to_append"
  | "no_right_to_read_all"
  | "no_leader"
  | "no_quorum"
  | "leader_unreachable"
  | "not_ready"
  | "ledger_deleted"
  | "clock_off"
  | "unexpected";

export interface Check {
  readonly check: CheckName;
  readonly status: "ok" | "failed" | "skipped";
  readonly code: CheckCode;
  /** The code of the fault that commands end with because of it; `null` where they may succeed nevertheless. */
  readonly fault: FaultCode | null;
  /** What was found, as a sentence. */
  readonly message: string;
  /** What to do about it, as a sentence; `null` where there is nothing to do. */
  readonly nextStep: string | null;
  /** Facts as data: hosts, clocks, members. Never an account or a password. */
  readonly details: Readonly<Record<string, unknown>>;
}

/** What each failing code says, in this order: the sentence, and the next step. */
const words: Readonly<
  Record<Exclude<CheckCode, "ok" | "not_asked">, readonly [message: string, nextStep: string]>
> = {
  address_unreadable: [
    "The address cannot be read.",
    "Write it as esdb://name:password@host:2113?tls=true, with special characters percent-encoded.",
  ],
  file_unreadable: [
    "A file that the address names cannot be read.",
    "Check the path, and that you may read the file.",
  ],
  name_unknown: [
    "No machine of that name is known.",
    "Check the host in the address for a typing error, and whether this machine's name service knows it.",
  ],
  nothing_listens: [
    "The machine is there, but nothing listens on that port.",
    "Start the server, or correct the port: 2113 unless it was configured otherwise.",
  ],
  unreachable: [
    "No connection came about.",
    "Check that the machine is up, and that no firewall stands between.",
  ],
  no_answer: [
    "The connection was accepted, and then nobody said anything.",
    "Look whether the server hangs or is stopped, and restart it if so.",
  ],
  server_speaks_tls: [
    "The server expects TLS, and the address says tls=false.",
    "Take tls=false out of the address, and name the server's authority in tlsCAFile if it is not a public one.",
  ],
  server_speaks_plain: [
    "The server speaks without TLS, and the address asks for TLS.",
    "Add tls=false to the address if this is a server for tests; otherwise give the server a certificate.",
  ],
  ca_unknown: [
    "The server's certificate was signed by an authority that is not trusted here.",
    "Name the authority's certificate (a PEM file, such as ca.crt) in tlsCAFile.",
  ],
  certificate_wrong_name: [
    "The server's certificate is for another name than the one in the address.",
    "Use a name or an IP address that stands in the certificate, or give the server one that holds this name.",
  ],
  certificate_expired: [
    "The server's certificate is not valid at this time.",
    "Renew the certificate, and check the clocks of both machines.",
  ],
  tls_refused: [
    "The TLS handshake failed.",
    "Look into the server's log; it may ask for a client certificate: userCertFile and userKeyFile.",
  ],
  not_eventstoredb: [
    "Something answers there, but it is no EventStoreDB or KurrentDB.",
    "Check host and port: the one for clients is 2113 by default, also for HTTP.",
  ],
  account_wrong: [
    "The server does not know the account, or its password is wrong.",
    "Correct name and password in the address; percent-encode what is special in them.",
  ],
  account_missing: [
    "The server asks for an account, and the address has none.",
    "Put name and password into the address: esdb://name:password@host.",
  ],
  no_right_to_read: [
    "The account may not read the ledger's streams.",
    "Let an administrator give it read rights ($r) in the access list of these streams or in the server's default one.",
  ],
  no_right_to_append: [
    "The account may not append to the ledger's streams.",
    "Let an administrator give it write rights ($w) in the access list of these streams or in the server's default one.",
  ],
  no_right_to_read_all: [
    "The account may not read $all, which reading the whole ledger in order and following it need.",
    'Let an administrator grant it once: setStreamMetadata("$all", { acl: { readRoles: ["$admins", "<account>"] } }).',
  ],
  no_leader: [
    "No node leads the cluster at the moment.",
    "Wait a few seconds for the election and look again; if it stays so, look into the nodes' logs.",
  ],
  no_quorum: [
    "Too few nodes are alive to store anything: there is no quorum.",
    "Start the nodes that are down; one that stopped itself after an election has to be started again.",
  ],
  leader_unreachable: [
    "The cluster names a leader that cannot be reached from here.",
    "Let the nodes advertise addresses that clients can reach (ADVERTISE_HOST_TO_CLIENT_AS, ADVERTISE_NODE_PORT_TO_CLIENT_AS).",
  ],
  not_ready: [
    "The server is there, but not ready.",
    "Wait until it has started and look again; if it stays so, look into its log.",
  ],
  ledger_deleted: [
    "The list of the ledger's streams was deleted on the server for good.",
    "Use another name for the ledger: ledger=<name> in the address.",
  ],
  clock_off: [
    "The clocks of the server and of this machine are far apart.",
    "Set both by a time server: leases of claims are judged by the clock of whoever looks.",
  ],
  unexpected: [
    "The server answered in a way that nobody has named yet.",
    "Look into the server's log; if it says nothing, please report this.",
  ],
};

/** Of those that are no lack of a right and no wait, the server cannot be used. */
const faults: Partial<Readonly<Record<CheckCode, FaultCode | null>>> = {
  account_missing: "PERMISSION_DENIED",
  account_wrong: "PERMISSION_DENIED",
  clock_off: null,
  ledger_deleted: "STREAM_CLOSED",
  no_answer: "TIMEOUT",
  no_quorum: "TIMEOUT",
  no_right_to_append: "PERMISSION_DENIED",
  no_right_to_read: "PERMISSION_DENIED",
  no_right_to_read_all: "PERMISSION_DENIED",
};

const passed: Readonly<Record<CheckName, string>> = {
  address: "The address can be read.",
  network: "The server can be reached.",
  tls: "Both sides agree about TLS.",
  leader: "There is a leader.",
  account: "The account is known.",
  read: "The ledger's streams can be read.",
  append: "The ledger's streams can be appended to.",
  quorum: "There is a quorum.",
  read_all: "$all can be read.",
  clock: "The clocks agree.",
};

export const ok = (
  check: CheckName,
  details: Check["details"] = {},
  message: string = passed[check],
): Check => ({
  check,
  status: "ok",
  code: "ok",
  fault: null,
  message,
  nextStep: null,
  details,
});

export const failed = (
  check: CheckName,
  code: keyof typeof words,
  details: Check["details"] = {},
  message?: string,
): Check => ({
  check,
  status: "failed",
  code,
  fault: faults[code] === undefined ? "STORE_UNAVAILABLE" : faults[code],
  message: message ?? words[code][0],
  nextStep: words[code][1],
  details,
});

export const skipped = (
  check: CheckName,
  message: string = "Not looked at: something before it has to hold first.",
): Check => ({
  check,
  status: "skipped",
  code: "not_asked",
  fault: null,
  message,
  nextStep: null,
  details: {},
});
