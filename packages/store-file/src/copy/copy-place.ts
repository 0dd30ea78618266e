/** Where a stream's published copy lies in a work tree, and where the ledger keeps its lock and what it knows of it. */
import path from "node:path";
import { digestOf } from "@mission-ledger/core";
import type { FilePort } from "../files/file-port.ts";
import { openRegularIfThere, readFully, readOnly } from "../files/safe-files.ts";
import { type Layout, logSuffix, type StreamPaths } from "../layout.ts";
import { realRoot } from "../location/local-root.ts";
import { attributesName } from "../location/locate-ledger.ts";

export interface CopyPaths {
  readonly stream: string;
  readonly encoded: string;
  readonly copy: string;
  /** In the ledger, one for each stream and work tree. */
  readonly lock: string;
  /** What the ledger last saw of the copy; may be deleted at any time. */
  readonly state: string;
}

export interface CopyPlace {
  /** `.mission-ledger` of the work tree. */
  readonly folder: string;
  readonly logs: string;
  /** The file whose presence says that this work tree wants copies. */
  readonly attributes: string;
  readonly states: string;
  /** What git holds while it replaces files of this work tree; `undefined` outside of one. */
  readonly gitLock: string | undefined;
  of(paths: StreamPaths): CopyPaths;
}

/** The folder itself is never resolved: if it is a link, that has to be seen. */
export const copyPlace = (files: FilePort, layout: Layout, publishTo: string): CopyPlace => {
  const absolute = path.resolve(publishTo);
  const folder = path.join(realRoot(files, path.dirname(absolute)), path.basename(absolute));
  const id = digestOf({ folder }).slice(0, 16);
  const logs = path.join(folder, "log");
  const states = path.join(layout.cache, "copies", id);
  return {
    folder,
    logs,
    attributes: path.join(folder, attributesName),
    states,
    gitLock: gitLockOf(files, path.dirname(folder)),
    of: ({ stream, encoded }) => ({
      stream,
      encoded,
      copy: path.join(logs, `${encoded}${logSuffix}`),
      lock: path.join(layout.locks, `${encoded}.${id}.copy`),
      state: path.join(states, encoded),
    }),
  };
};

/** Source: gitrepository-layout(5); a linked work tree has a file that names its own directory. */
const gitLockOf = (files: FilePort, workTree: string): string | undefined => {
  const dotGit = path.join(workTree, ".git");
  try {
    if (files.lstat(dotGit)?.isDirectory()) return path.join(dotGit, "index.lock");
    const opened = openRegularIfThere(files, dotGit, readOnly);
    if (opened === undefined) return undefined;
    try {
      const text = readFully(files, opened.fd, 0, longestPointer).toString("utf8");
      const target = /^gitdir: (.+?)\r?\n?$/.exec(text)?.[1];
      return target === undefined ? undefined : path.join(path.resolve(workTree, target), "index.lock");
    } finally {
      files.close(opened.fd);
    }
  } catch {
    return undefined;
  }
};

const longestPointer = 4_096;
