/** Packs events into commands, each small enough for one record of a store. */
import { canonicalJson } from "@mission-ledger/core";
import type { ImportedEvent } from "@mission-ledger/core/mission";
import { utf8Bytes } from "../bytes.ts";
import { envelopeBytes, maxCommandBytes, maxEventsPerCommand } from "./limits.ts";

/** The events in order, in as few groups as the limits allow. */
export const packEvents = (events: readonly ImportedEvent[]): readonly (readonly ImportedEvent[])[] => {
  const groups: ImportedEvent[][] = [];
  let bytes = 0;
  for (const event of events) {
    const size = utf8Bytes(canonicalJson(event)).length + envelopeBytes;
    const group = groups.at(-1);
    if (group === undefined || group.length === maxEventsPerCommand || bytes + size > maxCommandBytes) {
      groups.push([event]);
      bytes = size;
    } else {
      group.push(event);
      bytes += size;
    }
  }
  return groups;
};
