/** The numbered files of a generation lock: which one counts, what it says, and making one that nobody else has made. */
import path from "node:path";
import type { FilePort } from "../files/file-port.ts";
import { createNew } from "../files/safe-files.ts";
import { removeQuietly } from "../files/write-file.ts";
import {
  type Claim,
  claimText,
  draftName,
  generationName,
  longestClaim,
  parseClaim,
  parseName,
} from "./claim.ts";
import { readLockText } from "./lock-text.ts";

/** Where the generations of the lock at `lockPath` lie. */
export const generationsOf = (lockPath: string): string =>
  path.join(path.dirname(lockPath), "generation", path.basename(lockPath));

/** The generation that holds the lock, or held it last. */
export interface Newest {
  /** 0 if there is none. */
  readonly number: number;
  /** `undefined` if it cannot be read, which nobody may take for free. */
  readonly claim: Claim | undefined;
}

/** The highest number of this boot among the names of the directory. */
export const highestNumber = (names: readonly string[], boot: string): number => {
  let highest = 0;
  for (const name of names) {
    const parsed = parseName(name);
    if (parsed?._tag === "Generation" && parsed.boot === boot) highest = Math.max(highest, parsed.number);
  }
  return highest;
};

/** The newest generation; `undefined` if it was surpassed and deleted between two calls. */
export const newestGeneration = (files: FilePort, directory: string, boot: string): Newest | undefined => {
  const number = highestNumber(files.readdir(directory), boot);
  if (number === 0) return { number, claim: undefined };
  const name = path.join(directory, generationName(boot, number));
  const text = readLockText(files, name, longestClaim);
  return text === undefined ? undefined : { number, claim: parseClaim(text) };
};

export interface GenerationOptions {
  readonly files: FilePort;
  readonly directory: string;
  readonly claim: Claim;
  readonly number: number;
  /** Makes the draft's name its own. */
  readonly id: string;
  readonly failpoint: (point: "lock:draft" | "lock:link") => void;
}

/** Makes generation `number`, whole from the moment it has its name. Answers its descriptor; `undefined` if there is one. */
export const makeGeneration = ({
  files,
  directory,
  claim,
  number,
  id,
  failpoint,
}: GenerationOptions): number | undefined => {
  const draft = path.join(directory, draftName(claim.holder, id));
  failpoint("lock:draft");
  const fd = files.open(draft, createNew, 0o600);
  let made = false;
  try {
    const text = claimText(claim);
    if (files.write(fd, text, 0, text.length, 0) < text.length)
      throw Object.assign(new Error("ENOSPC: no room for a claim"), { code: "ENOSPC" });
    failpoint("lock:link");
    files.link(draft, path.join(directory, generationName(claim.holder.boot, number)));
    made = true;
    return fd;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return undefined;
    throw error;
  } finally {
    if (!made) files.close(fd);
    // If a draft stays, the next holder deletes it.
    removeQuietly(files, draft);
  }
};
