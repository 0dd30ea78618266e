/** Who may do what on a server with accounts, and the words in which the others are refused. */
import { createHash, timingSafeEqual } from "node:crypto";
import { accessDenied, notAuthenticated, type Refusal } from "./wire/refusals.ts";
import type { WireAccount } from "./wire-server.ts";

export type WireRight = "append" | "read" | "read_all";

const everyRight: readonly WireRight[] = ["append", "read", "read_all"];

export interface Admission {
  /**
   * Undefined for a call that may go on. Nobody's call and a call without the right end with 7, an unknown account and a wrong
   * password with 16.
   */
  readonly refuse: (authorization: string | undefined, right: WireRight) => Refusal | undefined;
}

/** `mayReadAll` is asked for accounts that do not have that right by themselves: an administrator can grant it. */
export const admissionOf = (
  accounts: Readonly<Record<string, WireAccount>> | undefined,
  { mayReadAll = () => false }: { readonly mayReadAll?: (account: string) => boolean } = {},
): Admission => ({
  refuse: (authorization, right) => {
    if (accounts === undefined) return undefined;
    if (authorization === undefined) return accessDenied();
    const [name, password] = basic(authorization);
    const account = Object.hasOwn(accounts, name) ? accounts[name] : undefined;
    if (account === undefined || !isSame(account.password, password)) return notAuthenticated();
    if ((account.may ?? everyRight).includes(right)) return undefined;
    return right === "read_all" && mayReadAll(name) ? undefined : accessDenied();
  },
});

/** Name and password of a Basic header; of any other header, a name that nobody has. */
const basic = (authorization: string): readonly [string, string] => {
  const [scheme = "", encoded = ""] = authorization.split(" ");
  const decoded = scheme.toLowerCase() === "basic" ? Buffer.from(encoded, "base64").toString("utf8") : ":";
  const colon = decoded.indexOf(":");
  return [decoded.slice(0, Math.max(0, colon)), decoded.slice(colon + 1)];
};

const isSame = (known: string, given: string): boolean => timingSafeEqual(sha256(known), sha256(given));
const sha256 = (text: string): Buffer => createHash("sha256").update(text).digest();

/** The stream whose last event holds the metadata of `$all`. */
export const allMetastream = "$$$all";

/** Whether that event lets an account read `$all`: by name, or as everybody. */
export const grantsAll = (metadata: Uint8Array | undefined, account: string): boolean => {
  if (metadata === undefined) return false;
  try {
    const { $acl } = JSON.parse(Buffer.from(metadata).toString("utf8")) as { $acl?: { $r?: unknown } };
    const readers = Array.isArray($acl?.$r) ? ($acl.$r as readonly unknown[]) : [$acl?.$r];
    return readers.includes(account) || readers.includes("$all");
  } catch {
    return false;
  }
};
