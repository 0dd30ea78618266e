/** A file that is kept open and has to stay the one that others find by its name. */
import type { FilePort } from "../files/file-port.ts";
import type { NameWatch } from "../files/name-watch.ts";
import { openRegular, readWriteCreate } from "../files/safe-files.ts";

export interface NamedFile {
  /** Opened, and made if it is not there, on first use. */
  descriptor(): number;
  /**
   * Whether the name still leads to it. If not, it is closed: somebody put another file there, and what is done with ours
   * reaches nobody.
   */
  isStillThere(names: "look" | "looked"): boolean;
  readonly isOpen: boolean;
  /** Forgets the descriptor without closing it. */
  abandon(): void;
  close(): void;
}

export const namedFile = (files: FilePort, path: string, watch: NameWatch): NamedFile => {
  let fd: number | undefined;
  let ino = 0;
  let dev = 0;
  let checked = -1;
  const close = (): void => {
    const open = fd;
    fd = undefined;
    if (open !== undefined) files.close(open);
  };
  return {
    descriptor: () => {
      if (fd !== undefined) return fd;
      const file = openRegular(files, path, readWriteCreate);
      ({ ino, dev } = file.status);
      checked = -1;
      fd = file.fd;
      return fd;
    },
    isStillThere: (names) => {
      const generation = names === "looked" ? watch.latest : watch.generation();
      if (generation === checked) return true;
      const status = files.lstat(path);
      if (status?.ino === ino && status.dev === dev) {
        checked = generation;
        return true;
      }
      close();
      return false;
    },
    get isOpen() {
      return fd !== undefined;
    },
    abandon: () => {
      fd = undefined;
    },
    close,
  };
};
