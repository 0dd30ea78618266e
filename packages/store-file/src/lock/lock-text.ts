/** What stands in a small file of a lock, which is written once, under another name, and never changed. */
import type { FilePort } from "../files/file-port.ts";
import { readFully, readOnly, unsafeFile } from "../files/safe-files.ts";

/** At most its first `longest` bytes; `undefined` if there is no such file. Throws `UNSAFE_FILE` for what is no regular file. */
export const readLockText = (files: FilePort, name: string, longest: number): string | undefined => {
  let fd: number;
  try {
    fd = files.open(name, readOnly);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    // It may have a second name for a moment: the draft it was made from.
    if (!files.fstat(fd).isFile()) throw unsafeFile(name, "is not a regular file");
    return readFully(files, fd, 0, longest).toString("latin1");
  } finally {
    files.close(fd);
  }
};
