/** What lies in a ledger's folder and is no mission: logs that never got an event, and locks whose log is gone. Reads only. */
import fs from "node:fs";
import path from "node:path";
import { missionCategory, slugOfStream } from "@mission-ledger/core/mission";
import { decodeStreamName } from "@mission-ledger/store-file";

export interface Leftovers {
  /** Missions whose log is there and has no event in it, as far as its file can tell. */
  readonly logs: readonly string[];
  readonly lostLogs: readonly {
    readonly slug: string;
    /** Something was read from that log once: it had events. */
    readonly hadEvents: boolean;
  }[];
}

export const findLeftovers = (directory: string): Leftovers => {
  const logs = slugsIn(path.join(directory, "log"), ".jsonl");
  const known = new Set(logs);
  const cached = [
    ...namesIn(path.join(directory, "cache", "index")),
    ...namesIn(path.join(directory, "cache", "snapshots")),
  ].map((name) => name.split(".")[0] ?? "");
  const remembered = new Set(cached.flatMap((name) => slugOf(name) ?? []));
  return {
    logs,
    lostLogs: slugsIn(path.join(directory, "lock"), ".lock")
      .filter((slug) => !known.has(slug))
      .map((slug) => ({ slug, hadEvents: remembered.has(slug) })),
  };
};

const slugsIn = (folder: string, suffix: string): readonly string[] =>
  namesIn(folder)
    .filter((name) => name.endsWith(suffix))
    .flatMap((name) => slugOf(name.slice(0, -suffix.length)) ?? []);

const slugOf = (encoded: string): string | undefined => {
  const stream = decodeStreamName(encoded);
  return stream?.startsWith(`${missionCategory}-`) === true ? slugOfStream(stream) : undefined;
};

const namesIn = (folder: string): readonly string[] => {
  try {
    return fs.readdirSync(folder).sort();
  } catch {
    return [];
  }
};
