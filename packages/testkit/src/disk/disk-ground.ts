import type { Tree } from "./tree.ts";

/** What a process stands on: names and bytes, and the room that is left for them. */
export interface DiskGround {
  readonly tree: Tree;
  /** To be called after every change of bytes or names, and after every flush. */
  changed(): void;
  /** Takes up to so many bytes of the room; throws `ENOSPC` if nothing at all could be written. */
  take(growth: number, call: string, path: string, hasMore: boolean): number;
  /** Throws `ENOSPC` where not even a name has room. */
  needRoom(call: string, path: string): void;
  /** Gives bytes back. */
  gave(bytes: number): void;
}
