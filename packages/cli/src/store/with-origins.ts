/** Commits of a store that does not know where they come from, as a log wants them: each with an origin and a number. */
import {
  nameBasedUuid,
  type TransferEntry,
  type TransferExtent,
  type TransferSource,
} from "@mission-ledger/core";

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

/** The namespace under which these are derived; a fixed random UUID that never changes. */
const originNamespace = "2b0f5c1e-6f0d-4b6e-8f6a-93d1a4c7e210";

const originOf = (ledger: string, { stream }: TransferExtent): string =>
  nameBasedUuid(originNamespace, JSON.stringify([ledger, stream]));
