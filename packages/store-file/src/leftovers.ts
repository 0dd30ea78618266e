/**
 * What lies in a ledger's folder without being whole: logs as the folder lists them, locks whose log is gone, and what
 * rewrites left. Reads names only, and removes nothing.
 */
import path from "node:path";
import { nodeFiles } from "./files/node-files.ts";
import { layoutOf, lockSuffix, logSuffix } from "./layout.ts";
import { decodeStreamName } from "./names.ts";
import { streamOfQuarantined, streamOfTemporary } from "./rewrite/file-names.ts";

/** A file that a rewrite made. */
export interface RewriteFile {
  readonly stream: string;
  readonly path: string;
}

export interface Leftovers {
  /** Streams that have a log file, whether or not there is an event in it. */
  readonly logs: readonly string[];
  readonly lostLogs: readonly {
    readonly stream: string;
    /** Something was read from that log once: it had events. */
    readonly hadEvents: boolean;
  }[];
  /** Copies of logs from before they were rewritten. Kept for ever; a person may move them elsewhere. */
  readonly quarantined: readonly RewriteFile[];
  /** New logs that never came to their place, since whoever wrote them died. Of no use to anybody once no rewrite is running. */
  readonly unfinished: readonly RewriteFile[];
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
    quarantined: rewriteFilesIn(layout.quarantine, streamOfQuarantined),
    unfinished: rewriteFilesIn(layout.logs, streamOfTemporary),
  };
};

const rewriteFilesIn = (
  folder: string,
  streamOf: (name: string) => string | undefined,
): readonly RewriteFile[] =>
  namesIn(folder).flatMap((name) => {
    const stream = streamOf(name);
    return stream === undefined ? [] : [{ stream, path: path.join(folder, name) }];
  });

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
