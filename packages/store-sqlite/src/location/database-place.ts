/** Where the database lies, as the kernel sees it, and that what lies there is ours to open. */
import fs from "node:fs";
import path from "node:path";
import { StoreFault } from "@mission-ledger/core";
import { codeOf, faultOf } from "../faults.ts";

/** Source: durability rules, section 3. Locks are not shared with the other side of these. */
const unsafeFileSystems: ReadonlyMap<number, string> = new Map([
  [0x6969, "NFS"],
  [0xff534d42, "SMB (cifs)"],
  [0xfe534d42, "SMB 2"],
  [0x01021997, "9p (a Windows drive in WSL)"],
  [0x65735546, "FUSE"],
]);

export interface PlaceOptions {
  readonly path: string;
  readonly allowUnsafeFileSystem: boolean;
  /** @defaultValue what `statfs` says */
  readonly fileSystemType?: (directory: string) => number;
}

const typeOf = (directory: string): number => fs.statfsSync(directory).type;

/**
 * The database's real path: links above it are resolved once, since whoever owns those directories may lay them. The directory
 * need not be there yet. Throws `STORE_UNAVAILABLE` on a file system that is shared with another kernel.
 */
export const databasePlace = ({
  path: given,
  allowUnsafeFileSystem,
  fileSystemType = typeOf,
}: PlaceOptions): string => {
  const absolute = path.resolve(given);
  if (absolute !== absolute.trim() || absolute.includes("\0"))
    throw new TypeError("a database's path has no white space at its ends and no NUL");
  const [directory, existing] = realDirectory(path.dirname(absolute));
  if (!allowUnsafeFileSystem) checkFileSystem(directory, existing, fileSystemType);
  return path.join(directory, path.basename(absolute));
};

const realDirectory = (directory: string): readonly [real: string, existing: string] => {
  const missing: string[] = [];
  let metTwice = "";
  for (let existing = directory; ; ) {
    try {
      const real = fs.realpathSync(existing);
      return [path.join(real, ...missing), real];
    } catch (error) {
      const isMissing = codeOf(error) === "ENOENT";
      const parent = path.dirname(existing);
      if (isMissing && parent !== existing && isNothing(existing)) {
        missing.unshift(path.basename(existing));
        existing = parent;
        continue;
      }
      // Somebody may have made it between the two looks. A link that leads nowhere still does at the second: that is a
      // mistake or a trap, not a directory to be made.
      if (!isMissing || metTwice === existing) throw faultOf(error, "open", { path: existing });
      metTwice = existing;
    }
  }
};

const isNothing = (name: string): boolean => {
  try {
    return statusOf(name) === undefined;
  } catch (error) {
    throw faultOf(error, "open", { path: name });
  }
};

const checkFileSystem = (
  directory: string,
  existing: string,
  fileSystemType: (directory: string) => number,
): void => {
  let type: number;
  try {
    type = fileSystemType(existing);
  } catch (error) {
    throw faultOf(error, "open", { path: existing });
  }
  // statfs answers a signed number on some systems
  const name = unsafeFileSystems.get(type >>> 0);
  if (name === undefined) return;
  throw new StoreFault(
    "STORE_UNAVAILABLE",
    `${directory} lies on ${name}, whose locks other machines do not share`,
    {
      outcome: "not_written",
      retryable: false,
      hint: "Keep the database on a local disk, or set allowUnsafeFileSystem if only this machine ever writes.",
      details: { path: directory, fileSystem: name },
    },
  );
};

/** Which file stands under a name. The name alone proves nothing: SQLite goes on writing to a file that was moved away. */
export interface FileIdentity {
  readonly dev: number;
  readonly ino: number;
}

export const isSameFile = (one: FileIdentity | undefined, other: FileIdentity | undefined): boolean =>
  one !== undefined && other !== undefined && one.ino === other.ino && one.dev === other.dev;

/** Looks without opening: a descriptor of a database's file that is closed drops SQLite's locks on it (POSIX). */
export const statusOf = (name: string): fs.Stats | undefined => fs.lstatSync(name, { throwIfNoEntry: false });

/** The file to open; `undefined` if there is none. Throws `UNSAFE_FILE` for a link, a device, a file with a second name. */
export const databaseFile = (name: string): fs.Stats | undefined => {
  let status: fs.Stats | undefined;
  try {
    status = statusOf(name);
  } catch (error) {
    throw faultOf(error, "open", { path: name });
  }
  if (status === undefined) return undefined;
  if (status.isSymbolicLink()) throw unsafeFile(name, "is a symbolic link");
  if (!status.isFile()) throw unsafeFile(name, "is not a regular file");
  if (status.nlink > 1) throw unsafeFile(name, "has a second name (hard link)");
  return status;
};

/** Makes an empty file that only its owner may read; its -wal and -shm get the same mode from SQLite. */
export const createDatabaseFile = (name: string): void => {
  try {
    // Exclusively: nobody can have it open yet, so nobody's locks fall when it is closed.
    fs.closeSync(fs.openSync(name, "wx", 0o600));
    if (process.platform === "win32") return;
    const directory = fs.openSync(path.dirname(name), "r");
    try {
      fs.fsyncSync(directory);
    } finally {
      fs.closeSync(directory);
    }
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw faultOf(error, "open", { path: name });
  }
};

const unsafeFile = (name: string, why: string): StoreFault =>
  new StoreFault("UNSAFE_FILE", `${name} ${why}; the ledger does not use it`, {
    outcome: "not_written",
    retryable: false,
    hint: "Look who put it there, move it away, and try again.",
    details: { path: name },
  });
