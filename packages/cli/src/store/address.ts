/** Addresses of ledgers: `file:<directory>`, `sqlite:<database file>`, `esdb://<host>`. */
import path from "node:path";
import { hideInAddress, isServerAddress } from "../output/passwords.ts";
import { usage } from "../output/problem.ts";
import { parseServerAddress } from "./server-address.ts";
import type { DiskAddress, StoreAddress } from "./store-kind.ts";

/** What a path behind the colon leads to: shown where one is missing or wrong. */
const wanted: Readonly<Record<DiskAddress["store"], string>> = {
  file: "a directory",
  sqlite: "a database file",
};

const isOnDisk = (scheme: string): scheme is DiskAddress["store"] => Object.hasOwn(wanted, scheme);

/** Paths are taken from `cwd`. Throws `USAGE`, which begins with `from`: the flag or variable that holds the address. */
export const parseAddress = (address: string, from: string, cwd: string): StoreAddress => {
  if (isServerAddress(address)) return parseServerAddress(address, from);
  const match = /^([a-z0-9+]+):(.*)$/is.exec(address);
  if (match === null)
    throw usage(
      `${from}: ${JSON.stringify(address.includes("://") ? hideInAddress(address.trim()) : address)} is not an address such as file:.mission-ledger, sqlite:plan.db or esdb://127.0.0.1:2113?tls=false`,
    );
  const [, scheme = "", rest = ""] = match;
  if (!isOnDisk(scheme))
    throw usage(
      `${from}: ${scheme}: stores are not part of this version; ${Object.keys(wanted)
        .map((name) => `${name}:`)
        .join(", ")} and esdb:// are`,
    );
  // Read as a path it would stand at the root of the disk; in a URL it would be a host.
  if (/^\/\/[^/]/.test(rest))
    throw usage(
      `${from}: ${scheme}: takes a path behind the colon: ${scheme}:${rest.slice(2)}, or ${scheme}:${rest.slice(1)}`,
    );
  const given = rest.replace(/^\/\/(?=\/)/, "");
  if (given === "") throw usage(`${from}: ${scheme}: needs ${wanted[scheme]} behind it`);
  // SQLite's own name for a database that ends with its connection: a ledger that nobody could open again.
  if (scheme === "sqlite" && given === ":memory:")
    throw usage(
      `${from}: sqlite: needs a database file behind it; what is in memory would be gone with the command`,
    );
  return { store: scheme, path: path.resolve(cwd, given) };
};

/** For people and documents: without a password. */
export const formatAddress = (address: StoreAddress): string =>
  address.store === "eventstoredb" ? address.shown : `${address.store}:${address.path}`;

/** For whoever opens the ledger, such as a thread: `parseAddress` makes the same of it again. Never printed. */
export const revealAddress = (address: StoreAddress): string =>
  address.store === "eventstoredb" ? address.reveal() : formatAddress(address);

/** Which ledger is meant, however its address is written. */
export const identityOf = (address: StoreAddress): string =>
  address.store === "eventstoredb" ? address.identity : formatAddress(address);
