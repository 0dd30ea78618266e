/** What lies in a ledger's folder without being whole: logs as the folder lists them, and locks whose log is gone. Reads only. */
import { nodeFiles } from "./files/node-files.ts";
import { layoutOf, lockSuffix, logSuffix } from "./layout.ts";
import { decodeStreamName } from "./names.ts";

export interface Leftovers {
  /** Streams that have a log file, whether or not there is an event in it. */
  readonly logs: readonly string[];
  readonly lostLogs: readonly {
    readonly stream: string;
    /** Something was read from that log once: it had events. */
    readonly hadEvents: boolean;
  }[];
}

export const findLeftovers = ({ directory }: { readonly directory: string }): Leftovers => {
  const layout = layoutOf(directory);
  const logs = streamsIn(layout.logs, logSuffix);
  const known = new Set(logs);
  const cached = [...namesIn(layout.indexes), ...namesIn(layout.snapshots)].map(
    (name) => name.split(".")[0] ?? "",
  );
  const remembered = new Set(cached.flatMap((name) => decodeStreamName(name) ?? []));
  return {
    logs,
    lostLogs: streamsIn(layout.locks, lockSuffix)
      .filter((stream) => !known.has(stream))
      .map((stream) => ({ stream, hadEvents: remembered.has(stream) })),
  };
};

const streamsIn = (folder: string, suffix: string): readonly string[] =>
  namesIn(folder)
    .filter((name) => name.endsWith(suffix))
    .flatMap((name) => decodeStreamName(name.slice(0, -suffix.length)) ?? []);

const namesIn = (folder: string): readonly string[] => {
  try {
    return [...nodeFiles.readdir(folder)].sort();
  } catch {
    return [];
  }
};
