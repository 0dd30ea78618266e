/**
 * Which snapshots count. Those of a set carry its generation in their files' names; the file `current` names the generation
 * that counts, the file `next` the one that is being made. Without `current` those without a generation count.
 */
import path from "node:path";
import type { Randomness } from "@mission-ledger/core";
import type { FilePort } from "../files/file-port.ts";
import { flushDirectory, glimpse, openRegularIfThere, readOnly } from "../files/safe-files.ts";
import { removeQuietly, replaceFile } from "../files/write-file.ts";
import { isSealed, sealLine } from "../log/sealed-line.ts";

export interface SnapshotFolder {
  readonly files: FilePort;
  readonly folder: string;
  readonly randomness: Randomness;
}

export interface Generation {
  readonly id: string;
  /** Of the set that is being made, what it is made of and by. */
  readonly plan?: string;
}

/** Stands between the generation and the rest of a name; no stream's name holds one there. */
const separator = "~";
const longestPointer = 65_536;

export const nameIn = (generation: string | undefined, name: string): string =>
  generation === undefined ? name : `${generation}${separator}${name}`;

/** A file that cannot be believed names no generation. */
export const readGeneration = (
  { files, folder }: Omit<SnapshotFolder, "randomness">,
  which: "current" | "next",
): Generation | undefined => {
  const opened = openRegularIfThere(files, path.join(folder, which), readOnly);
  if (opened === undefined) return undefined;
  try {
    const bytes = glimpse(files, opened.fd, 0, Math.min(opened.status.size, longestPointer));
    if (bytes.at(-1) !== 0x0a || !isSealed(bytes.subarray(0, -1))) return undefined;
    const { id, plan } = JSON.parse(bytes.toString("utf8")) as Record<string, unknown>;
    if (typeof id !== "string" || !/^[0-9a-f]{8}$/.test(id)) return undefined;
    return { id, ...(typeof plan === "string" ? { plan } : {}) };
  } finally {
    files.close(opened.fd);
  }
};

/** Replaces the file in one step that survives a power cut, and with it what was written before. */
export const writeGeneration = (
  { files, folder, randomness }: SnapshotFolder,
  which: "current" | "next",
  generation: Generation,
): void => {
  const temporary = path.join(folder, `.${randomness.uuid()}.tmp`);
  const line = sealLine(JSON.stringify(generation));
  replaceFile(files, path.join(folder, which), temporary, line, { flush: true });
  flushDirectory(files, folder, (error) => error);
};

/** Removes all snapshots that count no more, whoever left them. What cannot be removed is tried again with the next set. */
export const removeOthers = (
  { files, folder }: Omit<SnapshotFolder, "randomness">,
  kept: { readonly current: string | undefined; readonly next: string | undefined },
): void => {
  for (const name of files.readdir(folder)) {
    const generation = name.includes(separator) ? name.slice(0, name.indexOf(separator)) : undefined;
    if (generation === undefined && !name.endsWith(".json")) continue;
    // The journals of the set that counts stay too: they tell which streams had events once.
    const counts = generation === kept.current || (generation !== undefined && generation === kept.next);
    if (!counts) removeQuietly(files, path.join(folder, name));
  }
};
