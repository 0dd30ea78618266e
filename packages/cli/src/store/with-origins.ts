/** Commits of a store that does not know where they come from, as a log wants them: each with an origin and a number. */
import { createHash } from "node:crypto";
import type { TransferEntry, TransferExtent, TransferSource } from "@mission-ledger/core";

/**
 * Each stream is an origin of its own, always the same one for the same ledger, and its commits are numbered from 1: two logs
 * that were written so never claim one place for different commits.
 */
export const withOrigins = (source: TransferSource, ledger: string): TransferSource => ({
  ...source,
  read: async function* (extent, signal) {
    const origin = originOf(ledger, extent);
    let number = 0;
    for await (const entries of source.read(extent, signal))
      yield entries.map((entry): TransferEntry => {
        if (entry._tag === "Aside") return entry;
        number += 1;
        return { ...entry, origin, number };
      });
  },
});

/** A UUID of version 8, whose bits are the maker's. Source: RFC 9562, section 5.8. */
const originOf = (ledger: string, { stream }: TransferExtent): string => {
  const hex = createHash("sha256")
    .update(JSON.stringify([ledger, stream]))
    .digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
};
