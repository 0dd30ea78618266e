/** The settings behind the "?" of an address. One that nobody knows is refused: the client would print it and go on without. */
import type { ServerAddress } from "./address.ts";
import { unreadable } from "./unreadable.ts";

type Settings = Partial<Omit<ServerAddress, "hosts" | "isCluster" | "credentials" | "clientCertificate">> & {
  readonly userCertFile?: string;
  readonly userKeyFile?: string;
};

/** What a setting makes of its value, or the sentence why it takes none such. */
type Reader = (value: string) => Settings | string;

const wholeNumber =
  (least: number, most: number, then: (value: number) => Settings): Reader =>
  (value) => {
    const number = /^-?\d{1,12}$/.test(value) ? Number(value) : Number.NaN;
    return number >= least && number <= most ? then(number) : `takes a whole number from ${least} to ${most}`;
  };

const oneOf =
  (values: readonly string[], then: (value: string) => Settings | string): Reader =>
  (value) => {
    const flat = flattened(value);
    return values.map(flattened).includes(flat) ? then(flat) : `takes ${values.join(" or ")}`;
  };

const path =
  (then: (value: string) => Settings): Reader =>
  (value) =>
    value.includes("\0") ? "takes the path of a file" : then(value);

const dayMs = 86_400_000;
const anyEffect = (): Settings => ({});
/** "Never" is once a day: what the client makes of -1 is more than a timer can hold, and fires at once. */
const orNever =
  (least: number, then: (value: number) => Settings): Reader =>
  (value) => {
    const read = wholeNumber(least, dayMs, then)(value);
    return value === "-1" ? then(dayMs) : typeof read === "string" ? `${read}, or -1 for never` : read;
  };

/** Source: the client's own table, and `ledger`, which is ours. Settings without effect are those that a ledger decides itself. */
const readers: Readonly<Record<string, Reader>> = {
  connectionName: (value) =>
    // It travels as a header, where the client throws on anything else outside of every promise.
    /^[\x20-\x7e]{1,128}$/.test(value)
      ? { connectionName: value }
      : "takes up to 128 printable ASCII characters",
  defaultDeadline: wholeNumber(1, dayMs, (deadlineMs) => ({ deadlineMs })),
  discoveryInterval: wholeNumber(0, dayMs, (discoveryIntervalMs) => ({ discoveryIntervalMs })),
  gossipTimeout: wholeNumber(1, 3600, (seconds) => ({ gossipTimeoutMs: seconds * 1000 })),
  // Below ten seconds the client prints a warning.
  keepAliveInterval: orNever(10_000, (keepAliveIntervalMs) => ({ keepAliveIntervalMs })),
  keepAliveTimeout: orNever(1000, (keepAliveTimeoutMs) => ({ keepAliveTimeoutMs })),
  ledger: (value) =>
    /^[A-Za-z0-9_.]{1,64}$/.test(value)
      ? { ledger: value }
      : 'takes 1 to 64 letters, digits, "_" and "."; a "-" would end the category of its streams',
  maxDiscoverAttempts: wholeNumber(1, 1_000_000, (maxDiscoverAttempts) => ({ maxDiscoverAttempts })),
  nodePreference: oneOf(["leader", "follower", "random", "read_only_replica"], anyEffect),
  throwOnAppendFailure: oneOf(["true", "false"], anyEffect),
  tls: oneOf(["true", "false"], (value) => ({ hasTls: value === "true" })),
  tlsCAFile: path((caFile) => ({ caFile })),
  tlsVerifyCert: oneOf(["true", "false"], (value) =>
    value === "true" ? {} : "has no effect in this client: name the authority to trust in tlsCAFile instead",
  ),
  userCertFile: path((userCertFile) => ({ userCertFile })),
  userKeyFile: path((userKeyFile) => ({ userKeyFile })),
};

/** As the client compares names: case, "_" and "-" do not count. */
const flattened = (name: string): string => name.trim().toLowerCase().replace(/[_-]/g, "");

const names: ReadonlyMap<string, string> = new Map(
  Object.keys(readers).map((name) => [flattened(name), name]),
);

/** Reads `key=value&…`. Throws a `GatewayFailure` `refused` that names the setting and never its value. */
export const readSettings = (query: string): Omit<ServerAddress, "hosts" | "isCluster" | "credentials"> => {
  const seen = new Set<string>();
  let settings: Settings = {};
  for (const pair of query === "" ? [] : query.split("&")) {
    const { name, value } = readPair(pair);
    if (seen.has(name)) throw unreadable(`${name} stands in it twice`, name);
    seen.add(name);
    const read = readers[name]?.(value) ?? {};
    if (typeof read === "string") throw unreadable(`${name} ${read}`, name);
    settings = { ...settings, ...read };
  }
  const { userCertFile, userKeyFile, hasTls = true, ...rest } = settings;
  if ((userCertFile === undefined) !== (userKeyFile === undefined))
    throw unreadable("userCertFile and userKeyFile need each other", "userCertFile");
  return {
    ...rest,
    hasTls,
    ...(userCertFile === undefined || userKeyFile === undefined
      ? {}
      : { clientCertificate: { certificateFile: userCertFile, keyFile: userKeyFile } }),
  };
};

const readPair = (pair: string): { readonly name: string; readonly value: string } => {
  const at = pair.indexOf("=");
  const key = at < 0 ? pair : pair.slice(0, at);
  const name = names.get(flattened(key));
  if (name === undefined)
    throw unreadable(
      `${/^[A-Za-z_-]{1,32}$/.test(key) ? `nobody knows the setting ${key}` : "there is a setting that nobody knows"}; known are ${Object.keys(readers).join(", ")}`,
      "settings",
    );
  let value: string;
  try {
    value = decodeURIComponent(pair.slice(at + 1)).trim();
  } catch {
    throw unreadable(`${name} holds a "%" that is not written %25`, name);
  }
  if (at < 0 || value === "") throw unreadable(`${name} has no value`, name);
  return { name, value };
};
