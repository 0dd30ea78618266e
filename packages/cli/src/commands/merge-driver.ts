/** What git runs for each copy of a log that both sides of a merge changed. Git takes exit 1 for a conflict, and nothing else is known to it. */
import path from "node:path";
import { LedgerError, systemRandomness } from "@mission-ledger/core";
import { type MergedFiles, mergeCopyFiles } from "@mission-ledger/store-file";
import type { CommandResult } from "../command/result.ts";
import { type CommandSpec, command } from "../command/spec.ts";
import { exitCodes } from "../output/exit-codes.ts";

export const mergeDriver: CommandSpec = command({
  name: "merge-driver",
  summary: "Merge two copies of a log, for git",
  description:
    "Git runs it for files with the attribute merge=mission-ledger. Writes the union over <ours> and exits 0; where that would be a guess, leaves <ours> as it is, says why, and exits 1.",
  arguments: {
    base: { kind: "path", required: true, description: "what both sides go back to (%O)" },
    ours: { kind: "path", required: true, description: "our copy; becomes the result (%A)" },
    theirs: { kind: "path", required: true, description: "their copy (%B)" },
    target: { kind: "path", required: true, description: "the file's path in the work tree (%P)" },
  },
  examples: ["merge-driver %O %A %B %P"],
  run: async ({ cwd }, { base, ours, theirs, target }) => {
    const at = (name: string): string => path.resolve(cwd, name);
    try {
      const merged = mergeCopyFiles({
        base: at(base),
        ours: at(ours),
        theirs: at(theirs),
        target,
        randomness: systemRandomness,
      });
      return answer(merged, target);
    } catch (error) {
      if (!LedgerError.is(error) && (error as NodeJS.ErrnoException).code === undefined) throw error;
      const { code, message } = error as LedgerError & NodeJS.ErrnoException;
      return conflict(target, "file", `${code}: ${message}`);
    }
  },
});

const answer = (merged: MergedFiles, target: string): CommandResult => {
  switch (merged._tag) {
    case "Merged":
      return { data: { merged: true, stream: merged.stream, bytes: merged.bytes }, human: [] };
    case "NotOurs":
      return conflict(target, "path", "is not .mission-ledger/log/<stream>.jsonl");
    case "Refused": {
      const { copy, offset } = merged.where;
      return conflict(target, merged.kind, `${copy === null ? "both copies" : copy}: ${merged.why}`, offset);
    }
  }
};

const conflict = (
  target: string,
  kind: string,
  why: string,
  offset: number | null = null,
): CommandResult => ({
  data: { merged: false, target },
  human: [],
  exit: exitCodes.unexpected,
  error: {
    code: "MERGE_REFUSED",
    message: `${target} was not merged: ${why}`,
    hint: "Both sides are still in git (git show :2:<path>, :3:<path>). The ledger itself is not changed by a merge.",
    details: { target, kind, offset },
  },
});
