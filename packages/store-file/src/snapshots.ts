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
  /** `undefined` where there is no such file, or more than is ever kept. */
  const bytesOf = (
    file: string,
    { offset, length }: { readonly offset: number; readonly length?: number } = { offset: 0 },
  ): Buffer | undefined => {
    const opened = openRegularIfThere(files, file, readOnly);
    if (opened === undefined) return undefined;
    try {
      const bytes = length ?? opened.status.size;
      return bytes > maxBytes ? undefined : glimpse(files, opened.fd, offset, bytes);
    } finally {
      files.close(opened.fd);
    }
  };
  const alone = (place: string, name: string, key: SnapshotKey): Snapshot | undefined => {
    const bytes = bytesOf(path.join(place, name));
    return bytes === undefined ? undefined : parseSnapshot(bytes, key);
  };
  const packed = (place: string, generation: string, key: SnapshotKey): Snapshot | undefined => {
    for (const { pack, ...at } of findPlaces(files, place, nameIn(generation, "index"), key)) {
      const bytes = bytesOf(path.join(place, path.basename(pack)), at);
      const found = bytes === undefined ? undefined : parseSnapshot(bytes, key);
      if (found !== undefined) return found;
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
    isDamaged: async (key) => {
      try {
        const place = folder();
        const generation = readGeneration({ files, folder: place }, "current")?.id;
        const single = bytesOf(path.join(place, nameIn(generation, fileName(key))));
        // What a power cut left of a file that was never flushed ends anywhere, and is no damage.
        if (single !== undefined) return single.at(-1) === 0x0a && parseSnapshot(single, key) === undefined;
        if (generation === undefined) return false;
        const places = findPlaces(files, place, nameIn(generation, "index"), key);
        const [only] = places;
        // Of several with equal hashes one may be another's, and sound.
        if (only === undefined || places.length > 1) return false;
        const bytes = bytesOf(path.join(place, path.basename(only.pack)), only);
        return bytes !== undefined && parseSnapshot(bytes, key) === undefined;
      } catch {
        return false;
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
