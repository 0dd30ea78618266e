import type { SimulatedStatus } from "./file-port.ts";
import type { Inode } from "./tree.ts";

/** Like `fs.Stats`, with as little of it as a store may rely on. */
export class Status implements SimulatedStatus {
  readonly dev: number = 1;
  readonly ino: number;
  readonly size: number;
  readonly nlink: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  readonly #isFile: boolean;

  constructor(inode: Inode) {
    this.ino = inode.ino;
    this.size = inode._tag === "File" ? inode.content.length : 4_096;
    this.nlink = inode.nlink;
    this.mtimeMs = inode.mtimeMs;
    this.ctimeMs = inode.ctimeMs;
    this.#isFile = inode._tag === "File";
  }

  isFile(): boolean {
    return this.#isFile;
  }

  isDirectory(): boolean {
    return !this.#isFile;
  }

  isSymbolicLink(): boolean {
    return false;
  }
}
