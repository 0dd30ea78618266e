/** Reading the catalogue; a catalogue of which the server hides something is a fault, since missions would be missing. */
import { notWhole } from "../faults.ts";
import type { Gateway, StoredEvent } from "../gateway-port.ts";
import { hidesEvents, metadataStream } from "../layout/hidden.ts";
import type { Patience } from "../patience.ts";

export interface CatalogueReader {
  /** Entries from a revision on, at most so many; none where there are none. */
  range(from: number, count: number, until?: number): Promise<readonly StoredEvent[]>;
  /** Revision of the last entry; -1 for a catalogue that was not begun. */
  end(until?: number): Promise<number>;
}

export interface CatalogueReaderSetup {
  readonly gateway: Gateway;
  readonly name: string;
  readonly patience: Patience;
}

export const catalogueReader = ({ gateway, name, patience }: CatalogueReaderSetup): CatalogueReader => {
  const read = async (
    stream: string,
    from: bigint | "start" | "end",
    maxCount: number,
    until: number | undefined,
  ) =>
    patience.patiently(
      () =>
        gateway.readRange({
          stream,
          from,
          direction: from === "end" ? "backwards" : "forwards",
          maxCount,
        }),
      until === undefined ? {} : { until },
    );
  const entries = async (
    from: bigint | "start" | "end",
    maxCount: number,
    until: number | undefined,
  ): Promise<readonly StoredEvent[]> => {
    const found = await read(name, from, maxCount, until);
    if (found._tag === "Events") {
      if (from === "start" && found.events[0]?.revision !== 0n) throw notWhole(name, 0, "entries are hidden");
      return found.events;
    }
    if (hidesEvents(await read(metadataStream(name), "end", 1, until)))
      throw notWhole(name, 0, "it was deleted, or its beginning cut off, on the server");
    return [];
  };
  return {
    range: (from, count, until) => entries(from === 0 ? "start" : BigInt(from), count, until),
    end: async (until) => Number((await entries("end", 1, until))[0]?.revision ?? -1n),
  };
};
