/**
 * Names and inodes: what the cache holds, what the disk holds, and the operations on names in between, each of which reaches
 * the disk only when its directory is flushed.
 */
import { errnoError } from "./errno.ts";
import { FileContent } from "./file-content.ts";

export interface FileInode {
  readonly _tag: "File";
  readonly ino: number;
  readonly content: FileContent;
  nlink: number;
  mtimeMs: number;
  ctimeMs: number;
  /** Open descriptors; the number is given to another inode only when nobody holds it. */
  users: number;
  /** The descriptor that holds the exclusive lock. */
  lock: object | undefined;
  readonly waiting: (() => void)[];
}

export interface DirectoryInode {
  readonly _tag: "Directory";
  readonly ino: number;
  readonly entries: Map<string, Inode>;
  readonly durable: Map<string, Inode>;
  nlink: number;
  mtimeMs: number;
  ctimeMs: number;
  users: number;
}

export type Inode = FileInode | DirectoryInode;

/** A change of names that is not flushed. `inode` is what stands at the place afterwards; nothing after a removal. */
export interface NameChange {
  readonly id: number;
  readonly places: readonly {
    readonly directory: DirectoryInode;
    readonly name: string;
    readonly inode?: Inode;
  }[];
  readonly what: string;
}

const sharesPlace = (one: NameChange, other: NameChange): boolean =>
  one.places.some(({ directory, name }) =>
    other.places.some((place) => place.directory === directory && place.name === name),
  );

/** Earlier changes of the same names: without them a change cannot have reached the disk. */
export const requirementsOf = (changes: readonly NameChange[], index: number): readonly number[] => {
  const change = changes[index] as NameChange;
  return changes.flatMap((earlier, at) => (at < index && sharesPlace(earlier, change) ? [at] : []));
};

const splitPaths = new Map<string, readonly string[]>();
const mostSplit = 4_096;

/** The parts of an absolute path. */
export const partsOf = (path: string): readonly string[] => {
  const known = splitPaths.get(path);
  if (known !== undefined) return known;
  if (splitPaths.size >= mostSplit) splitPaths.clear();
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  splitPaths.set(path, parts);
  return parts;
};

export class Tree {
  readonly root: DirectoryInode;
  changes: readonly NameChange[] = [];
  #free: number[] = [];
  #nextIno = 2;
  #nextChange = 1;
  #now = 1_600_000_000_000;

  constructor() {
    this.root = this.directory();
  }

  /** A number, if given, must not be in use. */
  directory(ino: number = this.#inoOf()): DirectoryInode {
    const times = { mtimeMs: this.#now, ctimeMs: this.#now };
    return {
      _tag: "Directory",
      ino,
      entries: new Map(),
      durable: new Map(),
      nlink: 2,
      users: 0,
      ...times,
    };
  }

  file(content: FileContent = new FileContent(), ino: number = this.#inoOf()): FileInode {
    const times = { mtimeMs: this.#now, ctimeMs: this.#now };
    return {
      _tag: "File",
      ino,
      content,
      nlink: 1,
      users: 0,
      lock: undefined,
      waiting: [],
      ...times,
    };
  }

  /** What has a name; `undefined` if nothing has. Throws `ENOTDIR` where a file stands in the way. */
  find(path: string, call: string): Inode | undefined {
    let inode: Inode = this.root;
    for (const part of partsOf(path)) {
      if (inode._tag !== "Directory") throw errnoError("ENOTDIR", call, path);
      const next = inode.entries.get(part);
      if (next === undefined) return undefined;
      inode = next;
    }
    return inode;
  }

  /** The directory that holds a name, and the name. */
  placeOf(path: string, call: string): { readonly directory: DirectoryInode; readonly name: string } {
    const parts = partsOf(path);
    const name = parts.at(-1);
    if (name === undefined) throw errnoError("EBUSY", call, path);
    let directory: Inode = this.root;
    for (let index = 0; index < parts.length - 1; index += 1) {
      if (directory._tag !== "Directory") throw errnoError("ENOTDIR", call, path);
      const next: Inode | undefined = directory.entries.get(parts[index] as string);
      if (next === undefined) throw errnoError("ENOENT", call, path);
      directory = next;
    }
    if (directory._tag !== "Directory") throw errnoError("ENOTDIR", call, path);
    return { directory, name };
  }

  /** Makes one change of names, atomic as a whole, in the cache. */
  change(what: string, places: NameChange["places"]): void {
    this.#now += 1_000;
    for (const { directory, name, inode } of places) {
      if (inode === undefined) directory.entries.delete(name);
      else directory.entries.set(name, inode);
      directory.mtimeMs = this.#now;
      directory.ctimeMs = this.#now;
    }
    this.changes = [...this.changes, { id: this.#nextChange++, places, what }];
  }

  touch(inode: FileInode): void {
    this.#now += 1;
    inode.mtimeMs = this.#now;
    inode.ctimeMs = this.#now;
  }

  /** Brings the names of a directory to the disk, with whatever those changes rest on. */
  flush(directory: DirectoryInode): void {
    const { changes } = this;
    if (!changes.some(({ places }) => places.some((place) => place.directory === directory))) return;
    const wanted = new Set<number>();
    const want = (index: number): void => {
      if (wanted.has(index)) return;
      wanted.add(index);
      for (const earlier of requirementsOf(changes, index)) want(earlier);
    };
    changes.forEach(({ places }, index) => {
      if (places.some((place) => place.directory === directory)) want(index);
    });
    changes.forEach(({ places }, index) => {
      if (!wanted.has(index)) return;
      for (const { directory: holder, name, inode } of places)
        if (inode === undefined) holder.durable.delete(name);
        else holder.durable.set(name, inode);
    });
    this.changes = changes.filter((_, index) => !wanted.has(index));
  }

  /** Gives the number of an inode that nobody can reach any more to the next one made, as ext4 does. */
  retire(inode: Inode): void {
    if (inode.nlink === 0 && inode.users === 0) this.#free.push(inode.ino);
  }

  /** Numbers from here on are free, as after a restart. */
  startNumbersAt(ino: number): void {
    this.#nextIno = Math.max(this.#nextIno, ino);
  }

  #inoOf(): number {
    return this.#free.pop() ?? this.#nextIno++;
  }
}
