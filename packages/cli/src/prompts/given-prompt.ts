/** The file that somebody wants to review by: read only where a prompt of its name was written, and only if it is one. */
import path from "node:path";
import type { PromptDifference } from "@mission-ledger/core/mission";
import type { FilePort } from "@mission-ledger/store-file";
import { type PromptHead, parsePrompt } from "./prompt-document.ts";
import { type FoundFile, readPromptFile } from "./prompt-file.ts";
import { pathOfPrompt } from "./prompt-folder.ts";

export interface GivenFile {
  /** Absolute. */
  readonly file: string;
  readonly files: FilePort;
  /** Where the prompts of the ledger lie. */
  readonly folder: string;
}

export type GivenPrompt =
  | { readonly differs: readonly PromptDifference[] }
  | { readonly head: PromptHead; readonly bytes: Buffer };

/** The file, read where its own name and its head both say it was written, and nowhere else. */
export const readGivenPrompt = ({ files, file, folder }: GivenFile): GivenPrompt => {
  const names = namesBelow(files, folder, file);
  if (names === undefined) return { differs: [fileDifference(folder, file, "path")] };
  const found = readPromptFile({ files, folder, path: names });
  if (found._tag === "Unusable") return { differs: [fileDifference("a file of yours alone", found.problem)] };
  const head = headOf(found);
  if (head === undefined) return { differs: [fileDifference("a review prompt", "something else")] };
  const own = ownNames(head);
  if (own === undefined || own.join("/") !== names.join("/"))
    return { differs: [fileDifference(own?.join("/") ?? null, names.join("/"), "path")] };
  return { head, bytes: found.bytes };
};

/** What a prompt says of itself, unchecked; `undefined` where it cannot be read. */
export const readPromptHead = (file: GivenFile): PromptHead | undefined => {
  const given = readGivenPrompt(file);
  return "differs" in given ? undefined : given.head;
};

const fileDifference = (recorded: string | null, found: string, field = "file"): PromptDifference => ({
  field,
  reason: "file",
  recorded,
  found,
});

const headOf = ({ bytes }: Extract<FoundFile, { _tag: "Read" }>): PromptHead | undefined => {
  try {
    return parsePrompt(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    return undefined;
  }
};

const ownNames = (head: PromptHead): readonly string[] | undefined => {
  try {
    return pathOfPrompt(head);
  } catch {
    // Longer than any mission's name, or no text.
    return undefined;
  }
};

/** A file's place below the prompts' folder, whichever links lead to that folder; the file itself may not be one. */
const namesBelow = (files: FilePort, folder: string, file: string): readonly string[] | undefined => {
  try {
    const parent = files.realpath(path.dirname(file));
    const below = path.relative(files.realpath(folder), path.join(parent, path.basename(file)));
    const names = below.split(path.sep);
    return names.length === 3 && !names.includes("..") ? names : undefined;
  } catch {
    // There is no such folder.
    const names = path.relative(folder, file).split(path.sep);
    return names.length === 3 && !names.includes("..") ? names : undefined;
  }
};
