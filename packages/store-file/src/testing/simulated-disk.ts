/** Names, inodes and descriptors in memory: what a lock of plain files needs of a disk, every call at one moment. */
import type { FilePort, FileStatus } from "../files/file-port.ts";

interface Inode {
  readonly ino: number;
  readonly directory: boolean;
  bytes: Buffer;
  links: number;
}

export interface SimulatedDisk {
  readonly files: FilePort;
  /** Everything a power cut can take: what was never flushed is gone, as far as `isLost` says so. */
  cutPower(isLost: () => boolean): void;
  names(directory: string): readonly string[];
}

/** One of each, since making them is most of what a simulation would do. */
const errors = new Map<string, Error>();
const errnoError = (errno: string): Error => {
  const known = errors.get(errno) ?? Object.assign(new Error(`${errno}: simulated`), { code: errno });
  errors.set(errno, known);
  return known;
};

const createFlag = 0o100;
const exclusiveFlag = 0o200;

const notSimulated = (): never => {
  throw new Error("not simulated");
};

export const simulatedDisk = (): SimulatedDisk => {
  let inodes = 0;
  let descriptors = 2;
  const byName = new Map<string, Inode>();
  const byDescriptor = new Map<number, Inode>();
  /** The names in each directory. */
  const listed = new Map<string, Set<string>>();
  const split = (name: string): readonly [string, string] => {
    const at = name.lastIndexOf("/");
    return [name.slice(0, at) || "/", name.slice(at + 1)];
  };
  const bind = (name: string, inode: Inode): void => {
    if (byName.has(name)) throw errnoError("EEXIST");
    const [parent, base] = split(name);
    const names = listed.get(parent);
    if (names === undefined) throw errnoError("ENOENT");
    names.add(base);
    byName.set(name, inode);
    inode.links += 1;
    if (inode.directory) listed.set(name, new Set());
  };
  const unbind = (name: string): Inode => {
    const inode = named(name);
    const [parent, base] = split(name);
    listed.get(parent)?.delete(base);
    byName.delete(name);
    inode.links -= 1;
    return inode;
  };
  const make = (directory: boolean): Inode => {
    inodes += 1;
    return { ino: inodes, directory, bytes: Buffer.alloc(0), links: 0 };
  };
  const statusOf = (inode: Inode): FileStatus => ({
    dev: 1,
    ino: inode.ino,
    size: inode.bytes.length,
    nlink: inode.links,
    mtimeMs: 0,
    ctimeMs: 0,
    isFile: () => !inode.directory,
    isDirectory: () => inode.directory,
    isSymbolicLink: () => false,
  });
  const named = (name: string): Inode => {
    const inode = byName.get(name);
    if (inode === undefined) throw errnoError("ENOENT");
    return inode;
  };
  const opened = (fd: number): Inode => {
    const inode = byDescriptor.get(fd);
    if (inode === undefined) throw errnoError("EBADF");
    return inode;
  };
  listed.set("/", new Set());
  byName.set("/", make(true));
  const names = (directory: string): readonly string[] => [...(listed.get(directory) ?? [])];
  const files: FilePort = {
    open: (name, flags) => {
      const known = byName.get(name);
      if (known !== undefined && (flags & exclusiveFlag) !== 0) throw errnoError("EEXIST");
      const inode = known ?? ((flags & createFlag) === 0 ? named(name) : make(false));
      if (known === undefined) bind(name, inode);
      descriptors += 1;
      byDescriptor.set(descriptors, inode);
      return descriptors;
    },
    close: (fd) => {
      opened(fd);
      byDescriptor.delete(fd);
    },
    read: (fd, buffer, offset, length, position) => {
      const { bytes } = opened(fd);
      return bytes.copy(buffer, offset, position, Math.min(bytes.length, position + length));
    },
    write: (fd, buffer, offset, length, position) => {
      const inode = opened(fd);
      const at = position ?? inode.bytes.length;
      // A new buffer each time: what was read before stays what it was.
      const grown = Buffer.alloc(Math.max(inode.bytes.length, at + length));
      inode.bytes.copy(grown);
      grown.set(buffer.subarray(offset, offset + length), at);
      inode.bytes = grown;
      return length;
    },
    fdatasync: () => {},
    fsync: () => {},
    fstat: (fd) => statusOf(opened(fd)),
    lstat: (name) => {
      const inode = byName.get(name);
      return inode === undefined ? undefined : statusOf(inode);
    },
    mkdir: (name) => bind(name, make(true)),
    readdir: (name) => {
      named(name);
      return names(name);
    },
    realpath: (name) => {
      named(name);
      return name;
    },
    rename: (from, to) => {
      const inode = unbind(from);
      if (byName.has(to)) unbind(to);
      bind(to, inode);
    },
    unlink: (name) => {
      unbind(name);
    },
    link: (existing, name) => {
      bind(name, named(existing));
    },
    fileSystemType: () => 0xef53,
    hasKernelLocks: () => false,
    tryLock: notSimulated,
    waitForLock: notSimulated,
    unlock: notSimulated,
  };
  return {
    files,
    names,
    cutPower: (isLost) => {
      byDescriptor.clear();
      for (const [name, inode] of [...byName]) {
        if (inode.directory) continue;
        if (isLost()) inode.bytes = Buffer.alloc(0);
        if (isLost()) unbind(name);
      }
    },
  };
};
