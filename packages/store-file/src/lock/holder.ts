/** Who keeps others out of a lock, as surely as it can be told. Takes no lock and writes nothing. */
import type { FilePort } from "../files/file-port.ts";
import { generationsOf, newestGeneration } from "./generation-files.ts";
import type { LockKind } from "./ledger-lock.ts";
import type { Liveness, ProcessFacts, ProcessIdentity } from "./process-facts.ts";
import { lastSignature } from "./signature.ts";

export interface LockHolder extends ProcessIdentity {
  /** When it took the lock, by its own clock; `null` if that is not known. */
  readonly since: string | null;
  readonly state: Liveness;
  /** Whether this process has the lock at this moment. If not, it is the last one known to have had it. */
  readonly proven: boolean;
}

export interface HolderOptions {
  readonly files: FilePort;
  readonly facts: ProcessFacts;
  readonly path: string;
  readonly kind: LockKind;
}

/** `undefined` if nobody is known to have had it, or if it was given back. */
export const holderOf = (options: HolderOptions): LockHolder | undefined => {
  try {
    return options.kind === "kernel" ? kernelHolder(options) : generationHolder(options);
  } catch {
    return undefined; // it is asked for a message about something else
  }
};

const kernelHolder = ({ files, facts, path }: HolderOptions): LockHolder | undefined => {
  const status = files.lstat(path);
  if (status === undefined) return undefined;
  const signature = lastSignature(files, path);
  const proven = facts.kernelHolder(status);
  if (proven !== undefined) {
    // Its number may be another one where it signed, its start is not.
    const signed = signature?.holder.start === proven.start;
    return { ...proven, since: signed ? (signature?.since ?? null) : null, state: "alive", proven: true };
  }
  if (signature === undefined) return undefined;
  const { holder, since } = signature;
  return { ...holder, since, state: facts.judge(holder), proven: false };
};

const generationHolder = ({ files, facts, path }: HolderOptions): LockHolder | undefined => {
  const newest = newestGeneration(files, generationsOf(path), facts.own().boot);
  if (newest?.claim?.held !== true) return undefined;
  const { holder, since } = newest.claim;
  return { ...holder, since, state: facts.judge(holder), proven: true };
};
