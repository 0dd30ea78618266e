/** One process on a simulated disk: its descriptors and locks, the faults it meets, and its death. */
import type { CallFault, DiskProcess, ProcessOptions } from "./disk-calls.ts";
import type { DiskGround } from "./disk-ground.ts";
import { errnoError, ProcessDied } from "./errno.ts";
import type { CallName, OpenFlags, SimulatedFiles } from "./file-port.ts";
import { Status } from "./status.ts";
import type { DirectoryInode, FileInode, Inode } from "./tree.ts";

interface Descriptor {
  readonly inode: Inode;
  readonly path: string;
  readonly appends: boolean;
  readonly reads: boolean;
  readonly writes: boolean;
}

const ext4 = 0xef53;

export const diskProcess = (
  disk: DiskGround,
  flags: OpenFlags,
  { intercept, onCall }: ProcessOptions = {},
): DiskProcess => {
  const { tree } = disk;
  const open = new Map<number, Descriptor>();
  let calls = 0;
  let alive = true;

  const descriptor = (fd: number, call: string): Descriptor => {
    const found = open.get(fd);
    if (found === undefined) throw errnoError("EBADF", call);
    return found;
  };
  const fileOf = (fd: number, call: string): { readonly held: Descriptor; readonly inode: FileInode } => {
    const held = descriptor(fd, call);
    if (held.inode._tag !== "File") throw errnoError("EISDIR", call);
    return { held, inode: held.inode };
  };
  const unlockBy = (inode: Inode, holder: Descriptor): void => {
    if (inode._tag !== "File" || inode.lock !== holder) return;
    inode.lock = undefined;
    inode.waiting.shift()?.();
  };
  const closeFd = (fd: number): void => {
    const held = descriptor(fd, "close");
    open.delete(fd);
    unlockBy(held.inode, held);
    held.inode.users -= 1;
    tree.retire(held.inode);
  };
  const kill = (): void => {
    if (!alive) return;
    alive = false;
    for (const fd of [...open.keys()]) closeFd(fd);
  };
  const unlinked = (inode: Inode): void => {
    inode.nlink -= inode._tag === "Directory" ? 2 : 1;
    tree.retire(inode);
  };
  const lowestFree = (): number => {
    let fd = 3;
    while (open.has(fd)) fd += 1;
    return fd;
  };

  const openPath = (path: string, how: number): number => {
    let inode = tree.find(path, "open");
    const access = how & (flags.O_WRONLY | flags.O_RDWR);
    if (inode === undefined) {
      const { directory, name } = tree.placeOf(path, "open");
      if ((how & flags.O_CREAT) === 0) throw errnoError("ENOENT", "open", path);
      disk.needRoom("open", path);
      inode = tree.file();
      tree.change(`create ${path}`, [{ directory, name, inode }]);
      disk.changed();
    } else {
      const exclusive = flags.O_CREAT | flags.O_EXCL;
      if ((how & exclusive) === exclusive) throw errnoError("EEXIST", "open", path);
      if (inode._tag === "Directory" && access !== 0) throw errnoError("EISDIR", "open", path);
      if (inode._tag === "File" && (how & (flags.O_DIRECTORY ?? 0)) !== 0)
        throw errnoError("ENOTDIR", "open", path);
      if (inode._tag === "File" && (how & flags.O_TRUNC) !== 0) {
        disk.gave(inode.content.length);
        inode.content.cut();
        tree.touch(inode);
        disk.changed();
      }
    }
    const fd = lowestFree();
    inode.users += 1;
    open.set(fd, {
      inode,
      path,
      appends: (how & flags.O_APPEND) !== 0,
      reads: access !== flags.O_WRONLY,
      writes: access !== 0,
    });
    return fd;
  };

  const writeBytes = (fd: number, bytes: Uint8Array, position: number | null): number => {
    const { held, inode } = fileOf(fd, "write");
    if (!held.writes) throw errnoError("EBADF", "write");
    if (position === null && !held.appends)
      throw new TypeError("the simulated disk keeps no file position: append, or say where to write");
    const { content } = inode;
    const at = position === null || held.appends ? content.length : position;
    const growth = Math.max(0, at + bytes.length - content.length);
    const taken = bytes.length - growth + disk.take(growth, "write", held.path, bytes.length > growth);
    content.write(taken === bytes.length ? bytes : bytes.subarray(0, taken), at);
    tree.touch(inode);
    disk.changed();
    return taken;
  };

  const flushFd = (fd: number, call: "fsync" | "fdatasync", lost: string | undefined): void => {
    const { inode } = descriptor(fd, call);
    if (lost !== undefined) {
      if (inode._tag === "File") inode.content.failFlush();
      disk.changed();
      throw errnoError(lost, call);
    }
    if (inode._tag === "Directory") tree.flush(inode);
    else inode.content.flush();
    disk.changed();
  };

  const renamed = (from: string, to: string): void => {
    const inode = tree.find(from, "rename");
    if (inode === undefined) throw errnoError("ENOENT", "rename", from);
    const source = tree.placeOf(from, "rename");
    const target = tree.placeOf(to, "rename");
    const replaced = target.directory.entries.get(target.name);
    if (replaced === inode) return;
    if (replaced?._tag === "Directory")
      throw errnoError(inode._tag === "File" ? "EISDIR" : "ENOTEMPTY", "rename", to);
    if (replaced !== undefined && inode._tag === "Directory") throw errnoError("ENOTDIR", "rename", to);
    tree.change(`rename ${from} to ${to}`, [{ ...source }, { ...target, inode }]);
    if (replaced !== undefined) unlinked(replaced);
    disk.changed();
  };

  /** One call: counted, perhaps answered by a fault, and told of. */
  const call = <A>(
    name: CallName,
    path: () => string,
    length: number,
    action: (fault: CallFault | undefined) => A,
  ): A => {
    if (!alive) throw new ProcessDied(name);
    calls += 1;
    const asked =
      intercept === undefined && onCall === undefined ? undefined : { n: calls, name, path: path(), length };
    const fault = asked === undefined ? undefined : intercept?.(asked);
    if (fault?._tag === "Dies" && fault.when === "before") {
      kill();
      throw new ProcessDied(name);
    }
    try {
      if (fault?._tag === "Errno") {
        const error = errnoError(fault.errno, name, path());
        // Whatever `close` says, the descriptor is free.
        if (name === "close") action(undefined);
        throw error;
      }
      const answer = action(fault);
      if (fault?._tag === "Dies" || fault?._tag === "Torn") {
        kill();
        throw new ProcessDied(name);
      }
      return answer;
    } finally {
      if (asked !== undefined) onCall?.(asked);
    }
  };
  const pathOf = (fd: number) => (): string => open.get(fd)?.path ?? `descriptor ${fd}`;

  const files: SimulatedFiles = {
    open: (path, how) =>
      call(
        "open",
        () => path,
        0,
        () => openPath(path, how),
      ),
    close: (fd) => call("close", pathOf(fd), 0, () => closeFd(fd)),
    read: (fd, buffer, offset, length, position) =>
      call("read", pathOf(fd), length, () => {
        const { held, inode } = fileOf(fd, "read");
        if (!held.reads) throw errnoError("EBADF", "read");
        return inode.content.read(buffer, offset, length, position);
      }),
    write: (fd, buffer, offset, length, position) =>
      call("write", pathOf(fd), length, (fault) => {
        const bytes = buffer.subarray(offset, offset + length);
        switch (fault?._tag) {
          case "Short":
          case "Torn": {
            const count = Math.min(length, fault.bytes);
            return count === 0 ? 0 : writeBytes(fd, bytes.subarray(0, count), position);
          }
          case "Flipped":
            return writeBytes(fd, flipped(bytes, fault.bit), position);
          default:
            return writeBytes(fd, bytes, position);
        }
      }),
    fdatasync: (fd) => call("fdatasync", pathOf(fd), 0, (fault) => flushFd(fd, "fdatasync", lostBy(fault))),
    fsync: (fd) => call("fsync", pathOf(fd), 0, (fault) => flushFd(fd, "fsync", lostBy(fault))),
    fstat: (fd) => call("fstat", pathOf(fd), 0, () => new Status(descriptor(fd, "fstat").inode)),
    lstat: (path) =>
      call(
        "lstat",
        () => path,
        0,
        () => {
          const inode = tree.find(path, "lstat");
          return inode === undefined ? undefined : new Status(inode);
        },
      ),
    mkdir: (path) =>
      call(
        "mkdir",
        () => path,
        0,
        () => {
          if (tree.find(path, "mkdir") !== undefined) throw errnoError("EEXIST", "mkdir", path);
          const { directory, name } = tree.placeOf(path, "mkdir");
          disk.needRoom("mkdir", path);
          tree.change(`mkdir ${path}`, [{ directory, name, inode: tree.directory() }]);
          disk.changed();
        },
      ),
    readdir: (path) =>
      call(
        "readdir",
        () => path,
        0,
        () => [...directoryAt(path, "scandir").entries.keys()].sort(),
      ),
    realpath: (path) =>
      call(
        "realpath",
        () => path,
        0,
        () => {
          if (tree.find(path, "realpath") === undefined) throw errnoError("ENOENT", "realpath", path);
          return path;
        },
      ),
    rename: (from, to) =>
      call(
        "rename",
        () => from,
        0,
        () => renamed(from, to),
      ),
    unlink: (path) =>
      call(
        "unlink",
        () => path,
        0,
        () => {
          const inode = tree.find(path, "unlink");
          if (inode === undefined) throw errnoError("ENOENT", "unlink", path);
          if (inode._tag === "Directory") throw errnoError("EISDIR", "unlink", path);
          tree.change(`unlink ${path}`, [tree.placeOf(path, "unlink")]);
          if (inode.nlink === 1) disk.gave(inode.content.length);
          unlinked(inode);
          disk.changed();
        },
      ),
    link: (existing, name) =>
      call(
        "link",
        () => name,
        0,
        () => {
          const inode = tree.find(existing, "link");
          if (inode === undefined) throw errnoError("ENOENT", "link", existing);
          if (inode._tag === "Directory") throw errnoError("EPERM", "link", existing);
          if (tree.find(name, "link") !== undefined) throw errnoError("EEXIST", "link", name);
          tree.change(`link ${existing} as ${name}`, [{ ...tree.placeOf(name, "link"), inode }]);
          inode.nlink += 1;
          disk.changed();
        },
      ),
    hasKernelLocks: () => true,
    fileSystemType: (path) =>
      call(
        "fileSystemType",
        () => path,
        0,
        () => {
          if (tree.find(path, "statfs") === undefined) throw errnoError("ENOENT", "statfs", path);
          return ext4;
        },
      ),
    tryLock: (fd) =>
      call("tryLock", pathOf(fd), 0, () => {
        const { held, inode } = fileOf(fd, "lock");
        if (inode.lock !== undefined && inode.lock !== held) return false;
        inode.lock = held;
        return true;
      }),
    waitForLock: (fd) =>
      call("waitForLock", pathOf(fd), 0, async () => {
        const { held, inode } = fileOf(fd, "lock");
        while (inode.lock !== undefined && inode.lock !== held)
          await new Promise<void>((resolve) => {
            inode.waiting.push(resolve);
          });
        if (!alive) throw new ProcessDied("waitForLock");
        inode.lock = held;
      }),
    unlock: (fd) =>
      call("unlock", pathOf(fd), 0, () => {
        const held = descriptor(fd, "unlock");
        unlockBy(held.inode, held);
      }),
  };

  const directoryAt = (path: string, name: string): DirectoryInode => {
    const inode = tree.find(path, name);
    if (inode === undefined) throw errnoError("ENOENT", name, path);
    if (inode._tag !== "Directory") throw errnoError("ENOTDIR", name, path);
    return inode;
  };

  return {
    files,
    get calls() {
      return calls;
    },
    get descriptors() {
      return open.size;
    },
    get isAlive() {
      return alive;
    },
    kill,
  };
};

const lostBy = (fault: CallFault | undefined): string | undefined =>
  fault?._tag === "FlushLost" ? fault.errno : undefined;

const flipped = (bytes: Uint8Array, bit: number): Uint8Array => {
  // A copy: `slice` of a Buffer is none.
  const wrong = new Uint8Array(bytes);
  const at = Math.floor(bit / 8) % wrong.length;
  wrong[at] = (wrong[at] as number) ^ (1 << (bit % 8));
  return wrong;
};
