/**
 * The file store's only door to the disk: small, synchronous, one call per system call, so that a test can answer in its
 * place with an errno, a short write or a simulated disk.
 */
import type { StatsBase } from "node:fs";

/** What the store asks of a file's status; `fs.Stats` is one. */
export type FileStatus = Pick<
  StatsBase<number>,
  "dev" | "ino" | "size" | "nlink" | "mtimeMs" | "ctimeMs" | "isFile" | "isDirectory" | "isSymbolicLink"
> &
  /** Whose it is and who may do what with it; absent where nobody knows. */
  Partial<Pick<StatsBase<number>, "uid" | "mode">>;

/** Every method throws what `node:fs` throws: an `Error` with the errno's name in `code`. */
export interface FilePort {
  open(path: string, flags: number, mode?: number): number;
  close(fd: number): void;
  /** Reads at `position`; answers how many bytes it got, 0 at the end. */
  read(fd: number, buffer: Uint8Array, offset: number, length: number, position: number): number;
  /** One write call. `position` is `null` for a descriptor opened to append. */
  write(fd: number, buffer: Uint8Array, offset: number, length: number, position: number | null): number;
  fdatasync(fd: number): void;
  fsync(fd: number): void;
  fstat(fd: number): FileStatus;
  /** `undefined` if nothing has that name. Never follows a link in the last part. */
  lstat(path: string): FileStatus | undefined;
  mkdir(path: string, mode: number): void;
  readdir(path: string): readonly string[];
  realpath(path: string): string;
  rename(from: string, to: string): void;
  unlink(path: string): void;
  /** Gives a file a second name; throws `EEXIST` if there is something of that name. */
  link(existing: string, name: string): void;
  /** The magic number of the file system that holds `path`. */
  fileSystemType(path: string): number;
  /** Whether this system has kernel locks for the three below. */
  hasKernelLocks(): boolean;
  /** Takes the exclusive kernel lock of a descriptor if it is free. */
  tryLock(fd: number): boolean;
  /** Waits for the lock outside the event loop. Cannot be cancelled. */
  waitForLock(fd: number): Promise<void>;
  unlock(fd: number): void;
}
