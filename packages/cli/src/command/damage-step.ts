/** The next step after damage: the command that mends it, and the one that only says what it would do. */
import { shellQuote } from "../output/shell-quote.ts";
import type { CommandContext } from "./spec.ts";

/** How commands are typed here, and what is done about damage there. */
export type Mending = Pick<CommandContext, "say" | "mender">;

export const damageStep = ({ say, mender }: Mending, slug: string): string =>
  mender === "repair"
    ? `mend it: ${say("repair", shellQuote(slug))}\nlook first: ${say("repair", `${shellQuote(slug)} --dry-run`)}`
    : `see what is wrong: ${say("verify", shellQuote(slug))}`;

/** No command of this version mends what a newer one wrote. */
export const newerVersion = "Use the version of mission-ledger that wrote it, or a newer one.";

/** What to type for something wrong with a log; what no command mends is looked at. */
export const stepFor = ({ say, mender }: Mending, code: string, slug: string): string =>
  say(
    mender === "verify"
      ? "verify"
      : mendedByRepair.has(code)
        ? "repair"
        : code === "FORK_DETECTED"
          ? "reconcile"
          : "verify",
    shellQuote(slug),
  );

const mendedByRepair: ReadonlySet<string> = new Set(["DURABILITY_UNKNOWN", "LOG_CONFLICTED", "LOG_CORRUPT"]);

/** No command mends a server: what hides or replaced its events was done there, and is undone there. */
export const serverMendStep = (
  { say, remembersIn }: Pick<CommandContext, "remembersIn" | "say">,
  code: string,
): string => {
  const then = `then: ${say("verify")}`;
  switch (code) {
    case "LOG_REPLACED": {
      const cache = remembersIn();
      const forget = cache === undefined ? "" : `\nto go on with what it holds now, delete ${cache}`;
      return `Find out whether the server was emptied, or restored from a backup, and put back what it held, ${then}${forget}`;
    }
    case "STREAM_CLOSED":
      return "The stream was deleted for good: bring the mission back under another slug, from an archive or a copy.";
    case "UNSUPPORTED_FORMAT":
      return newerVersion;
    default:
      return `Look at the stream and its metadata on the server ($tb, $maxCount, $maxAge, deletion), undo what hides or changes its events, ${then}`;
  }
};
