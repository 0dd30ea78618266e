/**
 * A disk in memory that keeps apart what was flushed and what was only written, for bytes and for names. It promises as
 * little as a disk may: what was flushed stays, in any power cut; everything else may be there, in part, or not.
 */
import type { DiskProcess, ProcessOptions } from "./disk-calls.ts";
import type { DiskGround } from "./disk-ground.ts";
import { diskProcess } from "./disk-process.ts";
import { errnoError } from "./errno.ts";
import { type ContentSnapshot, FileContent } from "./file-content.ts";
import { linuxOpenFlags, type OpenFlags } from "./file-port.ts";
import { type DirectoryInode, type FileInode, type Inode, type NameChange, partsOf, Tree } from "./tree.ts";

export interface SimulatedDiskOptions {
  /** What the numbers in `open` mean. @defaultValue Linux's; pass `fs.constants` on another system */
  readonly openFlags?: OpenFlags;
  /** Bytes that files may hold together. @defaultValue no end */
  readonly capacity?: number;
}

/** A disk at one moment, with all that a power cut could make of it. */
export interface DiskSnapshot {
  readonly root: DirectoryInode;
  /** Names on the disk. */
  readonly durable: ReadonlyMap<DirectoryInode, ReadonlyMap<string, Inode>>;
  readonly changes: readonly NameChange[];
  readonly contents: ReadonlyMap<FileInode, ContentSnapshot>;
  readonly boot: number;
  readonly openFlags: OpenFlags;
}

const bootIdPath = "/proc/sys/kernel/random/boot_id";

export class SimulatedDisk implements DiskGround {
  readonly tree: Tree = new Tree();
  /** Raised by every change of bytes or names, and by every flush. */
  version = 0;
  /** Bytes that files may still take. */
  room: number;
  readonly openFlags: OpenFlags;
  readonly boot: number;

  constructor(
    { openFlags = linuxOpenFlags, capacity = Number.POSITIVE_INFINITY }: SimulatedDiskOptions = {},
    boot = 1,
  ) {
    this.openFlags = openFlags;
    this.room = capacity;
    this.boot = boot;
    this.plant(bootIdPath, bootIdOf(boot));
    this.room = capacity;
  }

  /** Starts a process. */
  process(options: ProcessOptions = {}): DiskProcess {
    return diskProcess(this, this.openFlags, options);
  }

  /** Puts a file on the disk, flushed, with the directories it needs. The bytes are not to be changed afterwards. */
  plant(path: string, bytes: Uint8Array): void {
    const parts = [...partsOf(path)];
    const name = parts.pop() as string;
    const directory = this.#makeDirectories(parts);
    const inode = this.tree.file(new FileContent({ bytes, length: bytes.length }));
    directory.entries.set(name, inode);
    directory.durable.set(name, inode);
    this.room -= bytes.length;
    this.changed();
  }

  /** Makes a directory, flushed. */
  plantDirectory(path: string): void {
    this.#makeDirectories(partsOf(path));
    this.changed();
  }

  #makeDirectories(parts: readonly string[]): DirectoryInode {
    let directory = this.tree.root;
    for (const part of parts) {
      const there = directory.entries.get(part);
      if (there?._tag === "File") throw errnoError("ENOTDIR", "mkdir", part);
      const next = there ?? this.tree.directory();
      directory.entries.set(part, next);
      directory.durable.set(part, next);
      directory = next;
    }
    return directory;
  }

  /** What a process would read from a file; `undefined` if there is none. */
  bytesOf(path: string): Uint8Array | undefined {
    const inode = this.tree.find(path, "open");
    if (inode?._tag !== "File") return undefined;
    const { bytes, length } = inode.content.snapshot().cached;
    return new Uint8Array(bytes.subarray(0, length));
  }

  snapshot(): DiskSnapshot {
    const durable = new Map<DirectoryInode, ReadonlyMap<string, Inode>>();
    const contents = new Map<FileInode, ContentSnapshot>();
    const visit = (inode: Inode): void => {
      if (inode._tag === "File") {
        if (!contents.has(inode)) contents.set(inode, inode.content.snapshot());
        return;
      }
      if (durable.has(inode)) return;
      durable.set(inode, new Map(inode.durable));
      for (const child of inode.durable.values()) visit(child);
      for (const child of inode.entries.values()) visit(child);
    };
    visit(this.tree.root);
    for (const { places } of this.tree.changes)
      for (const { directory, inode } of places) {
        visit(directory);
        if (inode !== undefined) visit(inode);
      }
    const { openFlags, boot } = this;
    return { root: this.tree.root, durable, changes: this.tree.changes, contents, boot, openFlags };
  }

  /** Everything is flushed, as `sync` does. */
  sync(): void {
    const { durable, contents } = this.snapshot();
    for (const directory of durable.keys()) this.tree.flush(directory);
    for (const { content } of contents.keys()) content.flush();
    this.changed();
  }

  changed(): void {
    this.version += 1;
  }

  take(growth: number, call: string, path: string, hasMore: boolean): number {
    const taken = Math.min(growth, Math.max(0, this.room));
    if (taken < growth && taken === 0 && !hasMore) throw errnoError("ENOSPC", call, path);
    this.room -= taken;
    return taken;
  }

  needRoom(call: string, path: string): void {
    if (this.room <= 0) throw errnoError("ENOSPC", call, path);
  }

  gave(bytes: number): void {
    this.room += bytes;
  }
}

export const simulatedDisk = (options: SimulatedDiskOptions = {}): SimulatedDisk =>
  new SimulatedDisk(options);

let latest: { readonly boot: number; readonly bytes: Uint8Array } | undefined;

/** Another one after each power cut, as on Linux. */
const bootIdOf = (boot: number): Uint8Array => {
  if (latest?.boot === boot) return latest.bytes;
  const text = `00000000-0000-4000-8000-${String(boot).padStart(12, "0")}\n`;
  latest = { boot, bytes: Uint8Array.from(text, (character) => character.charCodeAt(0)) };
  return latest.bytes;
};
