/** What readers say about a damaged log: they show what there is, and never as if that were all. */
import { LedgerError } from "@mission-ledger/core";
import { nextStep } from "./damage-step.ts";
import type { CommandContext } from "./spec.ts";

export const incompleteWarning = (context: CommandContext, slug: string): string =>
  `LOG_CORRUPT: the log of ${slug} lacks events; what you see is incomplete; ${nextStep(context, { code: "LOG_CORRUPT", mission: slug })}`;

/** What is wrong with one log and says nothing about the others. */
const ofOneLog: ReadonlySet<string> = new Set([
  "FORK_DETECTED",
  "LOG_CONFLICTED",
  "LOG_CORRUPT",
  "LOG_REPLACED",
  "STREAM_CLOSED",
  "UNSAFE_FILE",
  "UNSUPPORTED_FORMAT",
]);

/** The same of one log where it names the stream, and else of the ledger. */
const ofNamedLog: ReadonlySet<string> = new Set(["PERMISSION_DENIED", "STORAGE_ERROR"]);

export const isOfOneLog = (error: unknown): error is LedgerError =>
  LedgerError.is(error) &&
  (ofOneLog.has(error.code) || (ofNamedLog.has(error.code) && typeof error.details.stream === "string"));

/** The warning that stands for a mission that could not be read. Throws what concerns the whole ledger. */
export const unreadableWarning = (context: CommandContext, slug: string, error: unknown): string => {
  if (!isOfOneLog(error)) throw error;
  return error.code === "LOG_CORRUPT"
    ? incompleteWarning(context, slug)
    : `${error.code}: ${slug} is not shown: ${error.message}; ${nextStep(context, { code: error.code, mission: slug })}`;
};
