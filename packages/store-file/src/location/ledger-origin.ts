/**
 * Which copy of a ledger this is: a random id in the ledger's directory, made by its first writer and carried by every
 * record it writes. Records of another copy are told apart by it, so a copied directory must not go on under the old id:
 * the file also says its own inode, which no copy has.
 */
import path from "node:path";
import type { Randomness } from "@mission-ledger/core";
import type { FilePort } from "../files/file-port.ts";
import { createNew, openRegularIfThere, readFully, readOnly } from "../files/safe-files.ts";
import type { Layout } from "../layout.ts";

export interface LedgerOrigin {
  /** Makes the id if this directory has none of its own yet. Throws what the disk throws; the logs are untouched. */
  id(): string;
}

interface OriginOptions {
  readonly files: FilePort;
  readonly layout: Pick<Layout, "root" | "origin">;
  readonly randomness: Randomness;
}

/** Two first writers may each make one, and the later one stays: both ids are good, since every record says which it had. */
export const ledgerOrigin = ({ files, layout, randomness }: OriginOptions): LedgerOrigin => {
  let known: string | undefined;
  return { id: () => (known ??= read(files, layout.origin) ?? make(files, layout, randomness)) };
};

const longestText = 128;

const read = (files: FilePort, name: string): string | undefined => {
  const opened = openRegularIfThere(files, name, readOnly);
  if (opened === undefined) return undefined;
  try {
    const text = readFully(files, opened.fd, 0, longestText).toString("latin1");
    const parts = /^([0-9a-f-]{36}) ([0-9]+)\n$/.exec(text);
    return parts !== null && Number(parts[2]) === opened.status.ino ? parts[1] : undefined;
  } finally {
    files.close(opened.fd);
  }
};

/** Not flushed: an id that a power cut takes is replaced by another, and no record depends on it. */
const make = (
  files: FilePort,
  { root, origin }: Pick<Layout, "root" | "origin">,
  randomness: Randomness,
): string => {
  const id = randomness.uuid();
  const temporary = path.join(root, `.${id}.tmp`);
  const fd = files.open(temporary, createNew, 0o600);
  try {
    try {
      const text = Buffer.from(`${id} ${files.fstat(fd).ino}\n`);
      if (files.write(fd, text, 0, text.length, 0) < text.length) throw diskFull();
    } finally {
      files.close(fd);
    }
    files.rename(temporary, origin);
  } catch (error) {
    files.unlink(temporary);
    throw error;
  }
  return id;
};

const diskFull = (): Error =>
  Object.assign(new Error("ENOSPC: the disk took only a part"), { code: "ENOSPC" });
