/** What a process asks of a simulated disk, what may come of it, and how a test has its say. */
import type { CallName, SimulatedFiles } from "./file-port.ts";

/** A call that is about to be made. */
export interface DiskCall {
  /** Of this process, from 1. */
  readonly n: number;
  readonly name: CallName;
  /** As the call gave it, or as its descriptor was opened. */
  readonly path: string;
  /** Bytes to be written or read; 0 for other calls. */
  readonly length: number;
}

/** What happens instead of a call, or beside it. */
export type CallFault =
  | { readonly _tag: "Errno"; readonly errno: string }
  /** The process ends. Whatever it calls later throws `ProcessDied` and does nothing. */
  | { readonly _tag: "Dies"; readonly when: "before" | "after" }
  /** A write takes so many bytes, and says so. */
  | { readonly _tag: "Short"; readonly bytes: number }
  /** So many bytes are written, then the process ends. */
  | { readonly _tag: "Torn"; readonly bytes: number }
  /** A write says that it took everything, and one bit came out wrong. */
  | { readonly _tag: "Flipped"; readonly bit: number }
  /** A flush says `errno`; what it was for counts as clean from then on, and no later flush writes it. */
  | { readonly _tag: "FlushLost"; readonly errno: string };

/** Asked before every call; answers nothing for a call that goes well. */
export type Intercept = (call: DiskCall) => CallFault | undefined;

export interface ProcessOptions {
  readonly intercept?: Intercept;
  /** After every call that was made, whether it went well or not. */
  readonly onCall?: (call: DiskCall) => void;
}

export interface DiskProcess {
  /** The process's door to the disk. */
  readonly files: SimulatedFiles;
  /** Calls made so far. */
  readonly calls: number;
  /** Descriptors that are open. */
  readonly descriptors: number;
  readonly isAlive: boolean;
  /** Ends it: descriptors and locks are free, what was written stays in the cache. */
  kill(): void;
}
