/**
 * Connection strings of EventStoreDB and KurrentDB, read as far as it takes to show them and to tell two ledgers apart. What
 * else is wrong with one is said by the store that is opened with it.
 */

import { hiddenPassword, hideInAddress } from "../output/passwords.ts";
import { usage } from "../output/problem.ts";
import type { ServerAddress } from "./store-kind.ts";

const parts = /^([a-z+]+):\/\/(?:([^@/?#\s]*)@)?([^/?#@\s]+)\/?(?:\?([^#\s]*))?$/i;

const host = /^(\[[0-9a-f:.]+\]|[^:[\],]+)(?::(\d{1,5}))?$/i;

const defaultPort = "2113";

/** Parameters whose values are no secret, in lower case and without `_` and `-`, as the server's clients compare them. */
const shownParameters: ReadonlySet<string> = new Set([
  "connectionname",
  "defaultdeadline",
  "discoveryinterval",
  "gossiptimeout",
  "keepaliveinterval",
  "keepalivetimeout",
  "ledger",
  "maxdiscoverattempts",
  "nodepreference",
  "throwonappendfailure",
  "tls",
  "tlscafile",
  "tlsverifycert",
  "usercertfile",
  "userkeyfile",
]);

/** Where a whole address is kept better than in the flag. */
const variables: Readonly<Record<string, string>> = {
  "--store": "MISSION_LEDGER_STORE",
  "--sync-to": "MISSION_LEDGER_SYNC_TO",
};

/** Throws `USAGE`, which begins with `from` and shows no password. */
export const parseServerAddress = (address: string, from: string): ServerAddress => {
  const scheme = address.slice(0, address.indexOf(":"));
  const rest = hideInAddress(address).slice(scheme.length + 1);
  if (!rest.startsWith("//"))
    throw usage(`${from}: ${scheme}: takes a URL: ${scheme}://${rest === "" ? "<host>:2113" : rest}`);
  const found = parts.exec(address);
  const [, , credentials, hosts = "", query = ""] = found ?? [];
  const named = hosts.split(",").map((one) => host.exec(one));
  if (found === null || named.some((one) => one === null || Number(one[2] ?? defaultPort) > 65_535))
    throw usage(
      `${from}: ${scheme}:${rest} is not a connection string such as esdb://127.0.0.1:2113?tls=false`,
      "In a name or password, write %40 for @, %3A for :, %2F for /, %3F for ? and %23 for #.",
    );
  const variable = variables[from];
  if ((credentials ?? "").split(":").includes(hiddenPassword))
    throw usage(
      `${from}: ${hiddenPassword} stands for a password that is not shown`,
      variable === undefined
        ? "Put the password in its place."
        : `Put the password in its place, or give the whole address as ${variable}.`,
    );
  const [user = "", password] = (credentials ?? "").split(/:(.*)/s);
  const parameters = query.split("&").filter((one) => one !== "");
  const ledger = parameters.filter((one) => keyOf(one) === "ledger").map(textOf);
  const shownCredentials =
    credentials === undefined ? "" : `${user}${password === undefined ? "" : `:${hiddenPassword}`}@`;
  const shownQuery = parameters.length === 0 ? "" : `?${parameters.map(shownParameter).join("&")}`;
  return {
    store: "eventstoredb",
    shown: `${scheme}://${shownCredentials}${hosts}${shownQuery}`,
    identity: [
      ...named.map((one) => `${one?.[1]?.toLowerCase()}:${one?.[2] ?? defaultPort}`).sort(),
      ...ledger,
    ].join("/"),
    reveal: () => address,
  };
};

const keyOf = (parameter: string): string =>
  (parameter.split("=", 1)[0] as string).toLowerCase().replaceAll(/[_-]/g, "");

const textOf = (parameter: string): string => parameter.slice(parameter.indexOf("=") + 1);

const shownParameter = (parameter: string): string =>
  shownParameters.has(keyOf(parameter)) || !parameter.includes("=")
    ? parameter
    : `${parameter.split("=", 1)[0]}=${hiddenPassword}`;
