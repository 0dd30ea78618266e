/** A stored view as text: one sealed line that names what it is of. */
import type { LastSeen, Projected } from "@mission-ledger/core";
import { isSealed } from "../log/sealed-line.ts";

const formatVersion = 1;

export const viewText = (
  name: string,
  version: number,
  { category, position, events, last, view }: Projected<unknown>,
): string => JSON.stringify({ v: formatVersion, name, version, category, position, events, last, view });

/** The view, if the line is whole, of this name and version, and not of a newer format. */
export const readView = <View>(bytes: Buffer, name: string, version: number): Projected<View> | undefined => {
  const line = bytes.subarray(0, -1);
  if (bytes.at(-1) !== 0x0a || !isSealed(line)) return undefined;
  const stored = JSON.parse(line.toString("utf8")) as Readonly<Record<string, unknown>>;
  if (stored.v !== formatVersion || stored.name !== name || stored.version !== version) return undefined;
  const { category, position, events, last, view } = stored;
  if (view === undefined || !Number.isSafeInteger(events)) return undefined;
  if (!(position === null || typeof position === "string")) return undefined;
  if (!(category === undefined || typeof category === "string") || !isLastSeen(last)) return undefined;
  return {
    view: view as View,
    position,
    events: events as number,
    last,
    ...(category === undefined ? {} : { category }),
  };
};

const isLastSeen = (last: unknown): last is LastSeen | null => {
  if (last === null) return true;
  if (typeof last !== "object") return false;
  const { stream, revision, digest } = last as Readonly<Record<string, unknown>>;
  return (
    typeof stream === "string" &&
    Number.isSafeInteger(revision) &&
    (digest === null || typeof digest === "string")
  );
};
