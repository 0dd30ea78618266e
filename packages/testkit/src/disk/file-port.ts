/** The small synchronous door to a disk that the simulation keeps: the file store's port is one, and so can yours be. */

/** A file's status, as far as a store may ask. `fs.Stats` is one. */
export interface SimulatedStatus {
  readonly dev: number;
  readonly ino: number;
  readonly size: number;
  readonly nlink: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
}

/** One call per system call. Every method throws what `node:fs` throws. */
export interface SimulatedFiles {
  open(path: string, flags: number, mode?: number): number;
  close(fd: number): void;
  read(fd: number, buffer: Uint8Array, offset: number, length: number, position: number): number;
  write(fd: number, buffer: Uint8Array, offset: number, length: number, position: number | null): number;
  fdatasync(fd: number): void;
  fsync(fd: number): void;
  fstat(fd: number): SimulatedStatus;
  lstat(path: string): SimulatedStatus | undefined;
  mkdir(path: string, mode: number): void;
  readdir(path: string): readonly string[];
  realpath(path: string): string;
  rename(from: string, to: string): void;
  unlink(path: string): void;
  /** Gives a file a second name; throws `EEXIST` if there is something of that name. */
  link(existing: string, name: string): void;
  fileSystemType(path: string): number;
  /** Whether the three below work. */
  hasKernelLocks(): boolean;
  tryLock(fd: number): boolean;
  waitForLock(fd: number): Promise<void>;
  unlock(fd: number): void;
}

export type CallName = keyof SimulatedFiles;

/** What the numbers in `open` mean. */
export interface OpenFlags {
  readonly O_WRONLY: number;
  readonly O_RDWR: number;
  readonly O_CREAT: number;
  readonly O_EXCL: number;
  readonly O_TRUNC: number;
  readonly O_APPEND: number;
  readonly O_DIRECTORY?: number;
}

/** Linux on x64 and arm64. Elsewhere pass `fs.constants`. */
export const linuxOpenFlags: OpenFlags = {
  O_WRONLY: 0o1,
  O_RDWR: 0o2,
  O_CREAT: 0o100,
  O_EXCL: 0o200,
  O_TRUNC: 0o1000,
  O_APPEND: 0o2000,
};
