/**
 * An open log. Inode numbers may be compared only while a descriptor of the file is open (ext4 gives the number to the next
 * file at once), so whoever remembers one keeps the handle.
 */
import type { FilePort } from "../files/file-port.ts";
import { type OpenedFile, openRegularIfThere } from "../files/safe-files.ts";

export interface LogHandle {
  readonly fd: number;
  readonly dev: number;
  readonly ino: number;
  readonly writable: boolean;
  retain(): void;
  /** Closes the descriptor when nobody needs it any more. */
  release(): void;
}

/** `undefined` if there is no such log. */
export const openLog = (
  files: FilePort,
  name: string,
  flags: number,
  writable: boolean,
): LogHandle | undefined => {
  const opened = openRegularIfThere(files, name, flags);
  return opened === undefined ? undefined : handleOf(files, opened, writable);
};

export const handleOf = (files: FilePort, { fd, status }: OpenedFile, writable: boolean): LogHandle => {
  let users = 1;
  return {
    fd,
    dev: status.dev,
    ino: status.ino,
    writable,
    retain: () => {
      users += 1;
    },
    release: () => {
      users -= 1;
      if (users === 0) files.close(fd);
    },
  };
};
