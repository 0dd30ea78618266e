/** Files of the cache: whole or not there, as long as no power is cut. What a power cut tears fails its checksum and costs time only. */
import path from "node:path";
import type { Randomness } from "@mission-ledger/core";
import type { FilePort } from "./file-port.ts";
import { removeQuietly, writeNewFile } from "./write-file.ts";

export const writeCacheFile = (
  files: FilePort,
  directory: string,
  name: string,
  bytes: Uint8Array,
  randomness: Randomness,
): void => {
  const temporary = path.join(directory, `.${randomness.uuid()}.tmp`);
  const target = path.join(directory, name);
  writeNewFile(files, temporary, bytes, { flush: false });
  try {
    // Renaming over a file makes ext4 flush the new one first, which takes milliseconds and buys a cache nothing.
    if (files.lstat(target) !== undefined) files.unlink(target);
    files.rename(temporary, target);
  } catch (error) {
    removeQuietly(files, temporary);
    throw error;
  }
};
