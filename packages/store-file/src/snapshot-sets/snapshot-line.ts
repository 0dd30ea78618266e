/** A snapshot as a sealed line, alone in a file or one of many in a pack. */
import type { Json, Snapshot, SnapshotKey } from "@mission-ledger/core";
import { isSealed, sealLine } from "../log/sealed-line.ts";

/** 1 sorted the members of the state, so that lists made from it came in another order than from the log. */
const formatVersion = 2;

export const snapshotLine = (key: SnapshotKey, snapshot: Snapshot): Buffer =>
  sealLine(snapshotText(key, snapshot));

/** Still to be sealed. */
export const snapshotText = (
  { stream, name, version }: SnapshotKey,
  { head, state, unknownEvents }: Snapshot,
): string => JSON.stringify({ v: formatVersion, stream, name, version, head, unknownEvents, state });

/** `undefined` for what is damaged, torn, or a snapshot of something else. */
export const parseSnapshot = (bytes: Buffer, key: SnapshotKey): Snapshot | undefined => {
  const line = bytes.subarray(0, -1);
  if (bytes.at(-1) !== 0x0a || !isSealed(line)) return undefined;
  const { v, stream, name, version, head, unknownEvents, state } = JSON.parse(
    line.toString("utf8"),
  ) as Record<string, unknown>;
  const fits = v === formatVersion && stream === key.stream && name === key.name && version === key.version;
  if (!fits || head === null || typeof head !== "object" || state === undefined) return undefined;
  if (!Number.isSafeInteger(unknownEvents)) return undefined;
  const { revision, digest, mark } = head as Record<string, unknown>;
  if (!Number.isSafeInteger(revision) || !(digest === null || typeof digest === "string")) return undefined;
  return {
    head: { revision: revision as number, digest, ...(typeof mark === "string" ? { mark } : {}) },
    state: state as Json,
    unknownEvents: unknownEvents as number,
  };
};
