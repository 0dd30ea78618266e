/** The merge as git asks for it: three files, of which the one in the middle becomes the result. */
import path from "node:path";
import type { Randomness } from "@mission-ledger/core";
import type { FilePort } from "../files/file-port.ts";
import { nodeFiles } from "../files/node-files.ts";
import { openRegular, readFully, readOnly } from "../files/safe-files.ts";
import { replaceFile } from "../files/write-file.ts";
import { decodeStreamName } from "../names.ts";
import { type MergedCopies, mergeCopies } from "./merge.ts";
import { largestCopyBytes } from "./read-copy.ts";

export interface MergeFilesOptions {
  readonly base: string;
  /** Becomes the result; left as it is by a refusal or a failure. */
  readonly ours: string;
  readonly theirs: string;
  /** Where the file stands in its work tree: says which stream it is a copy of. */
  readonly target: string;
  readonly randomness: Randomness;
  readonly files?: FilePort;
}

/** `NotOurs` for a target that is no published copy of a log. */
export type MergedFiles =
  | { readonly _tag: "NotOurs" }
  | Exclude<MergedCopies, { readonly _tag: "Merged" }>
  | { readonly _tag: "Merged"; readonly stream: string; readonly bytes: number };

/**
 * Merges three files by {@link mergeCopies} and puts the result in the place of `ours`, whole or not at all. Throws what the
 * disk says, and `UNSAFE_FILE` for what is no plain file. Nothing is flushed: git reads the result and stores it itself.
 */
export const mergeCopyFiles = ({
  base,
  ours,
  theirs,
  target,
  randomness,
  files = nodeFiles,
}: MergeFilesOptions): MergedFiles => {
  const copy = copyAt(target);
  if (copy === undefined) return { _tag: "NotOurs" };
  const merged = mergeCopies({
    base: readBounded(files, base),
    ours: readBounded(files, ours),
    theirs: readBounded(files, theirs),
    ...copy,
  });
  if (merged._tag === "Refused") return merged;
  replace(files, ours, merged.bytes, randomness);
  return { _tag: "Merged", stream: copy.stream, bytes: merged.bytes.length };
};

const published = /(?:^|[\\/])\.mission-ledger[\\/]log[\\/]([^\\/]+)\.jsonl$/;

/** The stream whose published copy stands at a path. */
const copyAt = (target: string): { readonly stream: string; readonly encoded: string } | undefined => {
  const encoded = published.exec(target)?.[1];
  const stream = encoded === undefined ? undefined : decodeStreamName(encoded);
  return encoded === undefined || stream === undefined ? undefined : { stream, encoded };
};

/** One byte more than a copy may have is enough to see that it is too large. */
const readBounded = (files: FilePort, name: string): Buffer => {
  const { fd, status } = openRegular(files, name, readOnly);
  try {
    return readFully(files, fd, 0, Math.min(status.size, largestCopyBytes) + 1);
  } finally {
    files.close(fd);
  }
};

const replace = (files: FilePort, name: string, bytes: Buffer, randomness: Randomness): void => {
  const temporary = path.join(path.dirname(name), `.mled-merge-${randomness.uuid()}.tmp`);
  replaceFile(files, name, temporary, bytes, { flush: false });
};
