/** Writing: all of the bytes or an error, and a new file whole under its name or not there. */
import type { FilePort } from "./file-port.ts";
import { createNew } from "./safe-files.ts";

/**
 * Writes all of the bytes, with as many calls as the disk needs. `position` is `null` for a descriptor opened to append. Throws what
 * the port throws, and `ENOSPC` where the disk takes nothing without an error: asked again it would do so for ever.
 */
export const writeFully = (files: FilePort, fd: number, bytes: Uint8Array, position: number | null): void => {
  for (let at = 0; at < bytes.length; ) {
    const count = files.write(fd, bytes, at, bytes.length - at, position === null ? null : position + at);
    if (count === 0) throw Object.assign(new Error("the disk took nothing"), { code: "ENOSPC" });
    at += count;
  }
};

export interface NewFileOptions {
  /** Whether its bytes are on the disk before it is there for others. Its name is flushed with the directory, not here. */
  readonly flush: boolean;
  /** @defaultValue 0o600 */
  readonly mode?: number;
}

/** Makes a file where there is none, and writes all of it. Throws `EEXIST` if there is one; after any other error it is gone. */
export const writeNewFile = (
  files: FilePort,
  name: string,
  bytes: Uint8Array,
  { flush, mode = 0o600 }: NewFileOptions,
): void => {
  const fd = files.open(name, createNew, mode);
  try {
    try {
      writeFully(files, fd, bytes, 0);
      if (flush) files.fdatasync(fd);
    } finally {
      files.close(fd);
    }
  } catch (error) {
    removeQuietly(files, name);
    throw error;
  }
};

/** Puts a new file in the place of whatever has the name, in one step. `temporary` is a name in the same directory. */
export const replaceFile = (
  files: FilePort,
  name: string,
  temporary: string,
  bytes: Uint8Array,
  options: NewFileOptions,
): void => {
  writeNewFile(files, temporary, bytes, options);
  try {
    files.rename(temporary, name);
  } catch (error) {
    removeQuietly(files, temporary);
    throw error;
  }
};

/** Removes a name that means nothing any more. Where the disk refuses, it only lies there. */
export const removeQuietly = (files: FilePort, name: string): void => {
  try {
    files.unlink(name);
  } catch {
    // It was never made, somebody else was first, or the disk refuses this too.
  }
};

/** As {@link removeQuietly}, but throws where the disk refuses: it must not lie there. */
export const removeIfThere = (files: FilePort, name: string): void => {
  try {
    files.unlink(name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
};
