/**
 * Where things lie in a ledger's directory. Logs, locks and what stands in quarantine are kept for ever; the cache may be
 * deleted at any time.
 */
import path from "node:path";
import { encodeStreamName } from "./names.ts";

/** The paths of one stream. */
export interface StreamPaths {
  readonly stream: string;
  /** The stream's name as it stands in file names and positions. */
  readonly encoded: string;
  readonly log: string;
  readonly lock: string;
  /** Keeps flushes of the log apart, and says how far the last one reached. */
  readonly flush: string;
  /** Exists while a failed flush has not been repaired. */
  readonly suspect: string;
  readonly index: string;
}

export interface Layout {
  readonly root: string;
  /** Names this copy of the ledger. */
  readonly origin: string;
  readonly logs: string;
  readonly locks: string;
  readonly order: string;
  /** Says which kind of lock the ledger is kept with. */
  readonly lockKind: string;
  readonly cache: string;
  readonly indexes: string;
  readonly snapshots: string;
  /** Views of the whole log. */
  readonly views: string;
  /** Whole copies of logs as they were before they were rewritten. */
  readonly quarantine: string;
  of(stream: string): StreamPaths;
}

export const logSuffix = ".jsonl";
export const lockSuffix = ".lock";

/** Streams whose paths are kept; a command asks for them several times. */
const mostKept = 1_024;

export const layoutOf = (root: string): Layout => {
  const logs = path.join(root, "log");
  const locks = path.join(root, "lock");
  const cache = path.join(root, "cache");
  const indexes = path.join(cache, "index");
  const kept = new Map<string, StreamPaths>();
  const pathsOf = (stream: string): StreamPaths => {
    const encoded = encodeStreamName(stream);
    return {
      stream,
      encoded,
      log: path.join(logs, `${encoded}${logSuffix}`),
      lock: path.join(locks, `${encoded}${lockSuffix}`),
      flush: path.join(locks, `${encoded}.flush`),
      suspect: path.join(locks, `${encoded}.suspect`),
      index: path.join(indexes, encoded),
    };
  };
  return {
    root,
    origin: path.join(root, "origin"),
    logs,
    locks,
    cache,
    indexes,
    order: path.join(locks, "order"),
    lockKind: path.join(locks, "kind"),
    snapshots: path.join(cache, "snapshots"),
    views: path.join(cache, "views"),
    quarantine: path.join(root, "quarantine"),
    of: (stream) => {
      const known = kept.get(stream);
      if (known !== undefined) return known;
      if (kept.size >= mostKept) kept.clear();
      const paths = pathsOf(stream);
      kept.set(stream, paths);
      return paths;
    },
  };
};
