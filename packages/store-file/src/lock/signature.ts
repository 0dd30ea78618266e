/** Who holds a lock, written into its file for the one who waits in vain. */
import type { FilePort } from "../files/file-port.ts";
import { openRegular, readFully, readWriteCreate } from "../files/safe-files.ts";

export interface Signature {
  readonly pid: number;
  /** RFC 3339. */
  readonly since: string;
}

/** Best effort: it is only a hint for an error message. */
export const sign = (files: FilePort, fd: number, now: number): void => {
  const text = Buffer.from(`${`${process.pid} ${new Date(now).toISOString()}`.padEnd(47)}\n`);
  try {
    files.write(fd, text, 0, text.length, 0);
  } catch {
    // Then nobody is named.
  }
};

/** The process that last signed. Perhaps not the one that holds it now: signing again costs a write each time. */
export const lastSignature = (files: FilePort, path: string): Signature | undefined => {
  try {
    const { fd } = openRegular(files, path, readWriteCreate);
    try {
      const parts = /^([0-9]+) (\S+)/.exec(readFully(files, fd, 0, 48).toString("latin1"));
      return parts === null ? undefined : { pid: Number(parts[1]), since: parts[2] as string };
    } finally {
      files.close(fd);
    }
  } catch {
    return undefined;
  }
};
