/** The world as a run of the command line sees it. A test passes arrays, the bin passes file descriptors. */
import type { CancelSignal, Clock, Randomness, Timers } from "@mission-ledger/core";
import type { LoadLockBinding } from "@mission-ledger/store-file";
import type { Environment } from "../command/spec.ts";
import type { Machine } from "../machine/machine.ts";
import type { Programs } from "../machine/programs.ts";
import type { LoadSqliteDriver } from "../store/store-kind.ts";

/** Where text goes. Any Node stream is one; `write` may also answer a promise, which is waited for. */
export interface Output {
  write(chunk: string | Uint8Array): unknown;
  once?(event: string, listener: (...details: never[]) => void): unknown;
  removeListener?(event: string, listener: (...details: never[]) => void): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export interface Io {
  readonly stdout: Output;
  readonly stderr: Output;
  /** Read only when a command is told to. @defaultValue closed */
  readonly stdin?: AsyncIterable<Uint8Array | string>;
  readonly cwd: string;
  readonly env: Environment;
  /** How this very program is run, to be told to git: Node and the script. @defaultValue not known */
  readonly program?: readonly [node: string, script: string];
  /** A file that works as a thread of this program; see `serveThread`. @defaultValue everything in one thread */
  readonly threadFile?: string;
  /** @defaultValue the system's */
  readonly clock?: Clock;
  /** @defaultValue the system's */
  readonly randomness?: Randomness;
  /** How other programs are run. @defaultValue none are */
  readonly programs?: Programs;
  /** @defaultValue the system's */
  readonly timers?: Timers;
  /** What tells machines and processes apart. @defaultValue the system's */
  readonly machine?: Machine;
  /** How the binary of the kernel's locks is found. @defaultValue as Node finds it from store-file */
  readonly loadLockBinding?: LoadLockBinding;
  /** How the driver of the SQLite store is found. @defaultValue as Node finds it from store-sqlite */
  readonly loadDriver?: LoadSqliteDriver;
  /** Aborted when the user interrupts: what has not begun to be written is left undone. */
  readonly signal?: CancelSignal;
}

/** The result could not be printed; the command itself is done all the same. */
export class OutputFailed extends Error {
  override readonly name: string = "OutputFailed";
}

/** The reader went away: nothing more can be printed, and nobody is there to be told. */
export class ReaderGone extends OutputFailed {
  override readonly name = "ReaderGone";
}

/** Writes and waits until there is room for more. Throws {@link OutputFailed}, or {@link ReaderGone} when the other end is closed. */
export const put = async (output: Output, chunk: string | Uint8Array): Promise<void> => {
  if (chunk.length === 0) return;
  try {
    const answer = output.write(chunk);
    if (answer === false && output.once !== undefined) await drained(output);
    else if (isThenable(answer)) await answer;
  } catch (error) {
    const code = (error as { code?: unknown } | null)?.code;
    if (code === "EPIPE" || code === "ERR_STREAM_DESTROYED" || code === "ERR_STREAM_WRITE_AFTER_END")
      throw new ReaderGone();
    throw new OutputFailed(error instanceof Error ? error.message : String(error), { cause: error });
  }
};

const drained = (output: Output): Promise<void> =>
  new Promise((resolve, reject) => {
    const done = (): void => {
      for (const event of ["drain", "close"]) output.removeListener?.(event, done);
      output.removeListener?.("error", failed);
      resolve();
    };
    const failed = (error: unknown): void => {
      done();
      reject(error);
    };
    output.once?.("drain", done);
    output.once?.("close", done);
    output.once?.("error", failed as (...details: never[]) => void);
  });

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
