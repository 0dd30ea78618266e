/** Addresses of ledgers: `file:<directory>`, `sqlite:<database file>`. */
import path from "node:path";
import { usage } from "../output/problem.ts";
import type { StoreAddress, StoreName } from "./store-kind.ts";

/** What an address leads to: shown where one is missing or wrong. */
const wanted: Readonly<Record<StoreName, string>> = { file: "a directory", sqlite: "a database file" };

const isStoreName = (scheme: string): scheme is StoreName => Object.hasOwn(wanted, scheme);

/** Paths are taken from `cwd`. Throws `USAGE`, which begins with `from`: the flag or variable that holds the address. */
export const parseAddress = (address: string, from: string, cwd: string): StoreAddress => {
  const match = /^([a-z0-9+]+):(.*)$/s.exec(address);
  if (match === null)
    throw usage(
      `${from}: ${JSON.stringify(address)} is not an address such as file:.mission-ledger or sqlite:plan.db`,
    );
  const [, scheme = "", rest = ""] = match;
  if (!isStoreName(scheme))
    throw usage(
      `${from}: ${scheme}: stores are not part of this version; ${Object.keys(wanted)
        .map((name) => `${name}:`)
        .join(" and ")} are`,
    );
  // Read as a path it would stand at the root of the disk; in a URL it would be a host.
  if (/^\/\/[^/]/.test(rest))
    throw usage(
      `${from}: ${scheme}: takes a path behind the colon: ${scheme}:${rest.slice(2)}, or ${scheme}:${rest.slice(1)}`,
    );
  const given = rest.replace(/^\/\/(?=\/)/, "");
  if (given === "") throw usage(`${from}: ${scheme}: needs ${wanted[scheme]} behind it`);
  return { store: scheme, path: path.resolve(cwd, given) };
};

export const formatAddress = ({ store, path: at }: StoreAddress): string => `${store}:${at}`;
