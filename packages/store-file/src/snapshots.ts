/**
 * Snapshots beside the log. A cache: neither `load` nor `save` throws, a file that cannot be believed counts as missing, and
 * a ledger that cannot be written simply has none. One that was saved alone is newer than the set beside it.
 */
import path from "node:path";
import {
  type Randomness,
  type Snapshot,
  type SnapshotKey,
  type SnapshotStore,
  systemRandomness,
} from "@mission-ledger/core";
import { writeCacheFile } from "./files/cache-file.ts";
import type { FilePort } from "./files/file-port.ts";
import { nodeFiles } from "./files/node-files.ts";
import { glimpse, makeDirectories, openRegularIfThere, readOnly } from "./files/safe-files.ts";
import { layoutOf } from "./layout.ts";
import { realRoot } from "./location/local-root.ts";
import { encodeStreamName } from "./names.ts";
import { beginFileSet } from "./snapshot-sets/file-set.ts";
import { nameIn, readGeneration } from "./snapshot-sets/generation.ts";
import { findPlaces } from "./snapshot-sets/pack-index.ts";
import { parseSnapshot, snapshotLine } from "./snapshot-sets/snapshot-line.ts";

export interface FileSnapshotsOptions {
  /** The ledger's directory, as given to `openFileStore`. */
  readonly directory: string;
  /** A larger state is not kept. @defaultValue 16777216 */
  readonly maxBytes?: number;
  readonly files?: FilePort;
  readonly randomness?: Randomness;
}

export const fileSnapshots = ({
  directory,
  maxBytes = 16_777_216,
  files = nodeFiles,
  randomness = systemRandomness,
}: FileSnapshotsOptions): SnapshotStore => {
  const folder = (): string => layoutOf(realRoot(files, directory)).snapshots;
  const alone = (place: string, name: string, key: SnapshotKey): Snapshot | undefined => {
    const opened = openRegularIfThere(files, path.join(place, name), readOnly);
    if (opened === undefined) return undefined;
    try {
      const { size } = opened.status;
      return size > maxBytes ? undefined : parseSnapshot(glimpse(files, opened.fd, 0, size), key);
    } finally {
      files.close(opened.fd);
    }
  };
  const packed = (place: string, generation: string, key: SnapshotKey): Snapshot | undefined => {
    for (const { pack, offset, length } of findPlaces(files, place, nameIn(generation, "index"), key)) {
      if (length > maxBytes) continue;
      const opened = openRegularIfThere(files, path.join(place, path.basename(pack)), readOnly);
      if (opened === undefined) continue;
      try {
        const found = parseSnapshot(glimpse(files, opened.fd, offset, length), key);
        if (found !== undefined) return found;
      } finally {
        files.close(opened.fd);
      }
    }
    return undefined;
  };
  return {
    load: async (key) => {
      try {
        const place = folder();
        const current = (): string | undefined => readGeneration({ files, folder: place }, "current")?.id;
        for (let generation = current(); ; ) {
          const single = alone(place, nameIn(generation, fileName(key)), key);
          const found = single ?? (generation === undefined ? undefined : packed(place, generation, key));
          if (found !== undefined) return found;
          // A set may have taken the place of what was looked at, and removed it.
          const now = current();
          if (now === generation) return undefined;
          generation = now;
        }
      } catch {
        return undefined;
      }
    },
    // Not flushed: a file that a power cut tore fails its checksum, and costs one longer fold.
    save: async (key, snapshot) => {
      try {
        const line = snapshotLine(key, snapshot);
        if (line.length > maxBytes) return;
        const place = folder();
        makeDirectories(files, place);
        const generation = readGeneration({ files, folder: place }, "current")?.id;
        writeCacheFile(files, place, nameIn(generation, fileName(key)), line, randomness);
      } catch {
        // As promised: the next fold is longer, nothing else.
      }
    },
    beginSet: async (options) => beginFileSet({ files, folder: folder(), randomness, maxBytes, ...options }),
  };
};

const fileName = ({ stream, name, version }: SnapshotKey): string =>
  `${encodeStreamName(stream)}.${encodeStreamName(name)}.${version}.json`;
