/**
 * Reads an address as people have it: `esdb://`, `kurrentdb://`, `kurrent://` or `kdb://`, each with `+discover`.
 * Nothing of it is handed to the client as text: the client prints what it does not know, and quotes passwords in its errors.
 */
import type { ServerAddress, ServerCredentials, ServerHost } from "./address.ts";
import { readSettings } from "./settings.ts";
import { unreadable } from "./unreadable.ts";

const schemes: readonly string[] = ["esdb", "kurrentdb", "kurrent", "kdb"];
const defaultPort = 2113;

/** Whether a text is meant as the address of such a server; whether it can be read is another question. */
export const isServerAddress = (text: string): boolean => {
  const scheme = /^\s*([a-z]+)(?:\+discover)?:/i.exec(text)?.[1];
  return scheme !== undefined && schemes.includes(scheme.toLowerCase());
};

/**
 * Reads an address whole or not at all. Throws a `GatewayFailure` `refused` whose `details.part` names the part
 * that is wrong: `scheme`, `credentials`, `hosts`, `path` or the name of a setting.
 */
export const parseAddress = (text: string): ServerAddress => {
  const match = /^([a-z]+)(\+discover)?:\/\/([^/?]*)(\/*)([^?]*)(?:\?(.*))?$/is.exec(text.trim());
  const scheme = match?.[1]?.toLowerCase();
  if (match === null || scheme === undefined || !schemes.includes(scheme))
    throw unreadable(
      `it does not begin with ${schemes.map((name) => `${name}://`).join(", ")}, or one of these with +discover`,
      "scheme",
    );
  const [, , discover, authority = "", , path = "", query] = match;
  // A "/" or "?" that was not encoded ends the host too early and leaves the "@" behind it.
  if (path.includes("@") || query?.includes("@") === true)
    throw unreadable(
      'an "@" stands behind the host; in an account or password "/" is written %2F, "?" %3F and "@" %40',
      "credentials",
    );
  if (path !== "") throw unreadable("it has a path; nothing but settings may follow the hosts", "path");
  const { account, hosts: hostList } = splitAuthority(authority);
  const hosts = hostList.split(",").map(readHost);
  return {
    hosts,
    isCluster: discover !== undefined || hosts.length > 1,
    ...(account === undefined ? {} : { credentials: readCredentials(account) }),
    ...readSettings(query ?? ""),
  };
};

const splitAuthority = (authority: string): { readonly account?: string; readonly hosts: string } => {
  const parts = authority.split("@");
  const [account, hosts] = parts;
  if (parts.length > 2)
    throw unreadable(
      'there is more than one "@"; in an account or password it is written %40',
      "credentials",
    );
  return hosts === undefined ? { hosts: authority } : { account: account ?? "", hosts };
};

const readCredentials = (account: string): ServerCredentials => {
  const parts = account.split(":");
  const [rawName, rawPassword] = parts;
  // The client splits at every ":" before it decodes, and loses what follows the second one.
  if (parts.length > 2)
    throw unreadable(
      'there is more than one ":" before the "@"; in a password it is written %3A',
      "credentials",
    );
  if (rawName === undefined || rawName === "" || rawPassword === undefined || rawPassword === "")
    throw unreadable("an account needs a name and a password: name:password@host", "credentials");
  const [username, password] = [decoded(rawName), decoded(rawPassword)];
  if (username === undefined || password === undefined)
    throw unreadable('a "%" in an account or password is written %25', "credentials");
  if (username.includes(":")) throw unreadable('a name of an account cannot hold ":"', "credentials");
  return { username, password };
};

const decoded = (text: string): string | undefined => {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
};

const readHost = (text: string): ServerHost => {
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::(\d{1,5}))?$/i.exec(text.trim());
  const host = match?.[1] ?? match?.[2];
  const port = match?.[3] === undefined ? defaultPort : Number(match[3]);
  if (host === undefined || port < 1 || port > 65_535)
    throw unreadable(
      "a host is a name or an IP address (one of version 6 in brackets) and a port from 1 to 65535, as in node1:2113; several are parted by commas",
      "hosts",
    );
  return { host, port };
};
