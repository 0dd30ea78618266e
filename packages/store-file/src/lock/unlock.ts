/**
 * What a person does about a lock: look who has it, free one whose holder cannot be judged, and change the kind of lock.
 * Nothing of it is needed for a kernel lock, which ends with its process.
 */
import path from "node:path";
import { type Clock, type Randomness, StoreFault, systemClock, systemRandomness } from "@mission-ledger/core";
import { faultOf } from "../faults.ts";
import type { FilePort } from "../files/file-port.ts";
import { nodeFiles } from "../files/node-files.ts";
import { makeDirectories, openRegularIfThere, readAppend } from "../files/safe-files.ts";
import { removeQuietly } from "../files/write-file.ts";
import { type Layout, layoutOf, lockSuffix } from "../layout.ts";
import { realRoot } from "../location/local-root.ts";
import { decodeStreamName } from "../names.ts";
import { generationName, parseName } from "./claim.ts";
import { generationsOf, makeGeneration, newestGeneration } from "./generation-files.ts";
import { holderOf, type LockHolder } from "./holder.ts";
import type { LockKind } from "./ledger-lock.ts";
import { presentKind, writeKind } from "./lock-kind.ts";
import { type ProcessFacts, systemFacts } from "./process-facts.ts";

/**
 * `held`: by a process that lives. `orphaned`: its process is gone, and the next writer takes it by itself. `unjudged`: nobody
 * here can tell whether its holder lives; writers wait for it.
 */
export type LockState = "free" | "held" | "orphaned" | "unjudged";

export interface LockReport {
  /** `null` for the lock under which numbers are given out, which is the whole ledger's. */
  readonly stream: string | null;
  readonly path: string;
  /** `null` before anybody has written to the ledger. */
  readonly kind: LockKind | null;
  readonly state: LockState;
  /** Who has it, or had it last as far as is known. */
  readonly holder: LockHolder | null;
  /** Which of the holders this is; only with locks of plain files. */
  readonly generation: number | null;
}

export interface LockOptions {
  readonly directory: string;
  /** @defaultValue the ledger's lock, under which numbers are given out */
  readonly stream?: string;
  readonly files?: FilePort;
  readonly processes?: ProcessFacts;
}

/** Says who has a lock. Writes nothing; a kernel lock is tried for, and given back at once if it was free. */
export const inspectLock = ({
  directory,
  stream,
  files = nodeFiles,
  processes = systemFacts,
}: LockOptions): LockReport => {
  const layout = layoutOf(realRoot(files, directory));
  try {
    return reportOf({ files, processes, layout, name: lockOf(layout, stream), stream: stream ?? null });
  } catch (error) {
    throw faultOf(error, "read", { stream, directory });
  }
};

const lockOf = (layout: Layout, stream: string | undefined): string =>
  stream === undefined ? layout.order : layout.of(stream).lock;

interface Asked {
  readonly files: FilePort;
  readonly processes: ProcessFacts;
  readonly layout: Layout;
  readonly name: string;
  readonly stream: string | null;
}

const reportOf = ({ files, processes, layout, name, stream }: Asked): LockReport => {
  const kind = presentKind(files, layout) ?? null;
  const nobody = { stream, path: name, kind, state: "free", holder: null, generation: null } as const;
  if (kind === null) return nobody;
  const holder = holderOf({ files, facts: processes, path: name, kind }) ?? null;
  if (kind === "kernel") {
    if (holder?.proven) return { ...nobody, state: "held", holder };
    return { ...nobody, state: kernelState(files, name), holder };
  }
  const newest = generationIn(files, name, processes);
  const generation = newest?.number ?? null;
  if (holder === null) return { ...nobody, generation, state: newest?.unreadable ? "unjudged" : "free" };
  const states = { alive: "held", dead: "orphaned", unknown: "unjudged" } as const;
  return { ...nobody, state: states[holder.state], holder, generation };
};

const kernelState = (files: FilePort, name: string): LockState => {
  if (!files.hasKernelLocks()) return "unjudged";
  const opened = openRegularIfThere(files, name, readAppend);
  if (opened === undefined) return "free";
  try {
    return files.tryLock(opened.fd) ? "free" : "held";
  } finally {
    files.close(opened.fd); // which gives it back
  }
};

const generationIn = (
  files: FilePort,
  name: string,
  processes: ProcessFacts,
): { readonly number: number; readonly unreadable: boolean } | undefined => {
  try {
    const newest = newestGeneration(files, generationsOf(name), processes.own().boot);
    if (newest === undefined || newest.number === 0) return undefined;
    return { number: newest.number, unreadable: newest.claim === undefined };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
};

export interface FreeLockOptions extends LockOptions {
  /** The generation that was looked at: no other one is freed. */
  readonly generation: number;
  readonly clock?: Clock;
  readonly randomness?: Randomness;
}

/**
 * Takes a lock of plain files from a holder that cannot be judged. Answers whether it did: not if somebody else has it by now,
 * or if the holder is known to live. Should it live after all, it goes on writing beside the next one; the log's order then
 * lets one of them win, and the other one gets a conflict.
 */
export const freeLock = ({
  directory,
  stream,
  generation,
  files = nodeFiles,
  processes = systemFacts,
  clock = systemClock,
  randomness = systemRandomness,
}: FreeLockOptions): boolean => {
  const layout = layoutOf(realRoot(files, directory));
  const name = lockOf(layout, stream);
  try {
    const before = reportOf({ files, processes, layout, name, stream: stream ?? null });
    if (before.kind !== "generation" || before.generation !== generation || before.state !== "unjudged")
      return false;
    const folder = generationsOf(name);
    const holder = processes.own();
    const fd = makeGeneration({
      files,
      directory: folder,
      claim: { held: false, holder, since: new Date(clock.now()).toISOString() },
      number: generation + 1,
      id: randomness.uuid(),
      failpoint: () => {},
    });
    if (fd === undefined) return false;
    files.close(fd);
    // A number that was skipped by a sleeper is below; ours is the newest or was surpassed.
    for (const left of files.readdir(folder)) {
      const parsed = parseName(left);
      if (parsed?._tag === "Generation" && parsed.boot === holder.boot && parsed.number <= generation)
        removeQuietly(files, path.join(folder, generationName(holder.boot, parsed.number)));
    }
    return true;
  } catch (error) {
    throw faultOf(error, "lock", { stream, directory });
  }
};

export interface SwitchLocksOptions extends Omit<LockOptions, "stream"> {
  readonly to: LockKind;
  /** Switch although this system cannot see who holds the ledger's locks. @defaultValue false */
  readonly blindly?: boolean;
  readonly randomness?: Randomness;
}

/**
 * Changes the kind of lock a ledger is kept with. To be done while nobody writes: throws `LOCK_TIMEOUT` if a lock is held, or
 * if that cannot be seen and `blindly` is not set. Stores that are open notice it with their next write.
 * Answers whether there was something to change.
 */
export const switchLocks = ({
  directory,
  to,
  blindly = false,
  files = nodeFiles,
  processes = systemFacts,
  randomness = systemRandomness,
}: SwitchLocksOptions): boolean => {
  const layout = layoutOf(realRoot(files, directory));
  try {
    if (presentKind(files, layout) === to) return false;
    if (to === "kernel" && !files.hasKernelLocks())
      throw new StoreFault("STORE_UNAVAILABLE", "there is no binary of the kernel lock for this system", {
        outcome: "not_written",
        retryable: false,
        hint: "Keep the locks of plain files, or switch where the binary is.",
        details: { directory, to },
      });
    makeDirectories(files, layout.locks); // it may be decided before anybody has written
    const names = files.readdir(layout.locks).filter((name) => name === "order" || name.endsWith(lockSuffix));
    for (const name of names) {
      const stream = name === "order" ? null : (decodeStreamName(name.slice(0, -lockSuffix.length)) ?? null);
      const report = reportOf({ files, processes, layout, name: path.join(layout.locks, name), stream });
      if (report.state === "held" || (report.state === "unjudged" && !blindly)) throw stillHeld(report);
    }
    writeKind({ files, name: layout.lockKind, kind: to, id: randomness.uuid(), replace: true });
    return true;
  } catch (error) {
    throw faultOf(error, "lock", { directory, to });
  }
};

const stillHeld = ({ path, state, holder }: LockReport): StoreFault =>
  new StoreFault(
    "LOCK_TIMEOUT",
    `${path} ${state === "held" ? "is held" : "may be held: nobody can tell here"}`,
    {
      outcome: "not_written",
      retryable: true,
      hint:
        state === "held"
          ? `End ${holder === null ? "its holder" : `process ${holder.pid}`} first.`
          : "Stop all writers of this ledger, then say so: mled unlock --switch with --force.",
      details: { path, ...(holder === null ? {} : { holder: { ...holder } }) },
    },
  );
