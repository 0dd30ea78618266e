/**
 * Snapshots beside the log. A cache: neither method throws, a file that cannot be believed counts as missing, and a ledger
 * that cannot be written simply has none.
 */
import path from "node:path";
import {
  type Json,
  type Randomness,
  type Snapshot,
  type SnapshotKey,
  type SnapshotStore,
  systemRandomness,
} from "@mission-ledger/core";
import { writeCacheFile } from "./files/cache-file.ts";
import type { FilePort } from "./files/file-port.ts";
import { nodeFiles } from "./files/node-files.ts";
import { makeDirectories, openRegularIfThere, readFully, readOnly } from "./files/safe-files.ts";
import { layoutOf } from "./layout.ts";
import { realRoot } from "./location/local-root.ts";
import { isSealed, sealLine } from "./log/sealed-line.ts";
import { encodeStreamName } from "./names.ts";

export interface FileSnapshotsOptions {
  /** The ledger's directory, as given to `openFileStore`. */
  readonly directory: string;
  /** A larger state is not kept. @defaultValue 16777216 */
  readonly maxBytes?: number;
  readonly files?: FilePort;
  readonly randomness?: Randomness;
}

/** 1 sorted the members of the state, so that lists made from it came in another order than from the log. */
const formatVersion = 2;

export const fileSnapshots = ({
  directory,
  maxBytes = 16_777_216,
  files = nodeFiles,
  randomness = systemRandomness,
}: FileSnapshotsOptions): SnapshotStore => {
  const folder = (): string => layoutOf(realRoot(files, directory)).snapshots;
  return {
    load: async (key) => {
      try {
        const opened = openRegularIfThere(files, path.join(folder(), fileName(key)), readOnly);
        if (opened === undefined) return undefined;
        try {
          const { size } = opened.status;
          return size > maxBytes ? undefined : parse(readFully(files, opened.fd, 0, size), key);
        } finally {
          files.close(opened.fd);
        }
      } catch {
        return undefined;
      }
    },
    // Not flushed: a file that a power cut tore fails its checksum, and costs one longer fold.
    save: async (key, { head, state, unknownEvents }) => {
      try {
        const line = sealLine(
          JSON.stringify({ v: formatVersion, ...keyOf(key), head, unknownEvents, state }),
        );
        if (line.length > maxBytes) return;
        makeDirectories(files, folder());
        writeCacheFile(files, folder(), fileName(key), line, randomness);
      } catch {
        // As promised: the next fold is longer, nothing else.
      }
    },
  };
};

const fileName = ({ stream, name, version }: SnapshotKey): string =>
  `${encodeStreamName(stream)}.${encodeStreamName(name)}.${version}.json`;

const keyOf = ({ stream, name, version }: SnapshotKey): SnapshotKey => ({ stream, name, version });

const parse = (bytes: Buffer, key: SnapshotKey): Snapshot | undefined => {
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
