/** What an address of a server says, in one shape for every way of writing it. */

/** One way to a server. */
export interface ServerHost {
  /** A name or an IP address; one of version 6 without its brackets. */
  readonly host: string;
  readonly port: number;
}

export interface ServerCredentials {
  readonly username: string;
  readonly password: string;
}

/** Where a server is and how to speak with it. Holds a password: show {@link describeAddress} instead. */
export interface ServerAddress {
  /** At least one. */
  readonly hosts: readonly ServerHost[];
  /** Whether the cluster behind the hosts is asked who leads; otherwise the one host is spoken with directly. */
  readonly isCluster: boolean;
  readonly hasTls: boolean;
  /** Path of a PEM file with the authorities to trust instead of the system's. */
  readonly caFile?: string;
  /** Paths of a client certificate and its key; both or neither. */
  readonly clientCertificate?: { readonly certificateFile: string; readonly keyFile: string };
  readonly credentials?: ServerCredentials;
  /** Our own parameter `ledger`: which of several ledgers on one server. */
  readonly ledger?: string;
  readonly connectionName?: string;
  /** `defaultDeadline`, in milliseconds. */
  readonly deadlineMs?: number;
  readonly maxDiscoverAttempts?: number;
  /** In milliseconds. */
  readonly discoveryIntervalMs?: number;
  /** In milliseconds, although the address says seconds. */
  readonly gossipTimeoutMs?: number;
  /** In milliseconds. */
  readonly keepAliveIntervalMs?: number;
  /** In milliseconds. */
  readonly keepAliveTimeoutMs?: number;
}

/** `host:port`, as it is written. */
export const describeHost = ({ host, port }: ServerHost): string =>
  `${host.includes(":") ? `[${host}]` : host}:${port}`;

/** The address for people: hosts, TLS and ledger; never an account, a password or a file. */
export const describeAddress = ({ hosts, hasTls, ledger }: ServerAddress): string => {
  const settings = [hasTls ? "" : "tls=false", ledger === undefined ? "" : `ledger=${ledger}`].filter(
    Boolean,
  );
  return `esdb://${hosts.map(describeHost).join(",")}${settings.length === 0 ? "" : `?${settings.join("&")}`}`;
};
