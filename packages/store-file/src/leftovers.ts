/**
 * What lies in a ledger's folder without being whole: logs as the folder lists them, those that hold nothing any more, locks
 * whose log is gone, and files that never came to their place. Reads names and the first line of logs, and removes nothing.
 */
import path from "node:path";
import { nodeFiles } from "./files/node-files.ts";
import { openRegularIfThere, readFully, readOnly } from "./files/safe-files.ts";
import { layoutOf, lockSuffix, logSuffix } from "./layout.ts";
import { decodeStreamName } from "./names.ts";
import { streamOfQuarantined, streamOfTemporary } from "./rewrite/file-names.ts";
import { nameIn, readGeneration } from "./snapshot-sets/generation.ts";
import { journalEnd, readJournal } from "./snapshot-sets/journal.ts";

/** A file that a rewrite made. */
export interface RewriteFile {
  readonly stream: string;
  readonly path: string;
}

export interface Leftovers {
  /** Streams that have a log file, whether or not there is an event in it. */
  readonly logs: readonly string[];
  /** Logs without a single line, although something was read from them once: their content is gone. */
  readonly emptiedLogs: readonly { readonly stream: string; readonly path: string }[];
  readonly lostLogs: readonly {
    readonly stream: string;
    /** Something was read from that log once: it had events. */
    readonly hadEvents: boolean;
  }[];
  /** Copies of logs from before they were rewritten. Kept for ever; a person may move them elsewhere. */
  readonly quarantined: readonly RewriteFile[];
  /** New logs that never came to their place, since whoever wrote them died. Of no use to anybody once no rewrite is running. */
  readonly unfinished: readonly RewriteFile[];
  /** Files of the cache and drafts of `lock/kind` that nobody finished. As useless as the former. */
  readonly temporary: readonly string[];
}

export interface LeftoversOptions {
  readonly directory: string;
  /** Look at the log and the lock of this stream alone. @defaultValue all */
  readonly only?: string;
}

export const findLeftovers = ({ directory, only }: LeftoversOptions): Leftovers => {
  const layout = layoutOf(directory);
  const isAsked = (stream: string): boolean => only === undefined || stream === only;
  const logs = streamsIn(layout.logs, logSuffix).filter(isAsked);
  const known = new Set(logs);
  const cached = [...namesIn(layout.indexes), ...namesIn(layout.snapshots)].map(
    // What was saved beside a set has the set's generation before its name.
    (name) => name.slice(name.indexOf("~") + 1).split(".")[0] ?? "",
  );
  const remembered = new Set(cached.flatMap((name) => decodeStreamName(name) ?? []));
  let inSet: ReadonlySet<string> | undefined;
  // Read only for what has no name of its own in the cache: most ledgers have no such log.
  const isRemembered = (stream: string): boolean => {
    if (remembered.has(stream)) return true;
    inSet ??= streamsOfSet(layout.snapshots);
    return inSet.has(stream);
  };
  return {
    logs,
    emptiedLogs: logs
      .filter((stream) => isEmptied(layout.of(stream).log) && isRemembered(stream))
      .map((stream) => ({ stream, path: layout.of(stream).log })),
    lostLogs: streamsIn(layout.locks, lockSuffix)
      .filter((stream) => isAsked(stream) && !known.has(stream))
      .map((stream) => ({ stream, hadEvents: isRemembered(stream) })),
    quarantined: rewriteFilesIn(layout.quarantine, streamOfQuarantined),
    unfinished: rewriteFilesIn(layout.logs, streamOfTemporary),
    temporary: [
      ...filesIn(layout.indexes, isCacheDraft),
      ...filesIn(layout.snapshots, isCacheDraft),
      ...filesIn(layout.views, isCacheDraft),
      ...filesIn(layout.locks, (name) => name.startsWith("kind.draft.")),
    ],
  };
};

const blockBytes = 1_048_576;

/** Whether no line ends in the log, however long it is. Of a log with a record the first block tells. */
const isEmptied = (log: string): boolean => {
  try {
    const opened = openRegularIfThere(nodeFiles, log, readOnly);
    if (opened === undefined) return false;
    try {
      for (let at = 0; at < opened.status.size; at += blockBytes)
        if (readFully(nodeFiles, opened.fd, at, blockBytes).includes(0x0a)) return false;
      return true;
    } finally {
      nodeFiles.close(opened.fd);
    }
  } catch {
    return false; // Whoever reads it is told why it cannot be read.
  }
};

/** Streams whose snapshots the set that counts was made with: its journals outlive the rebuild to tell. */
const streamsOfSet = (folder: string): ReadonlySet<string> => {
  const streams = new Set<string>();
  try {
    const current = readGeneration({ files: nodeFiles, folder }, "current")?.id;
    const isJournal = (name: string): boolean =>
      name.startsWith(nameIn(current, "")) && name.endsWith(journalEnd);
    for (const name of current === undefined ? [] : namesIn(folder).filter(isJournal))
      readJournal(nodeFiles, folder, name, ({ stream }) => void streams.add(stream));
  } catch {
    // What cannot be read remembers nothing.
  }
  return streams;
};

const isCacheDraft = (name: string): boolean => name.startsWith(".") && name.endsWith(".tmp");

const filesIn = (folder: string, isWanted: (name: string) => boolean): readonly string[] =>
  namesIn(folder)
    .filter(isWanted)
    .map((name) => path.join(folder, name));

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
