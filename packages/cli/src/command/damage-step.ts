/** The next step after damage: the command that mends it, and the one that only says what it would do. */
import { shellQuote } from "../output/shell-quote.ts";
import type { CommandContext } from "./spec.ts";

export const damageStep = (context: Pick<CommandContext, "say">, slug: string): string =>
  `mend it: ${context.say("repair", shellQuote(slug))}\nlook first: ${context.say("repair", `${shellQuote(slug)} --dry-run`)}`;

/** No command of this version mends what a newer one wrote. */
export const newerVersion = "Use the version of mission-ledger that wrote it, or a newer one.";

/** What to type for something wrong with a log; what no command mends is looked at. */
export const stepFor = (context: Pick<CommandContext, "say">, code: string, slug: string): string =>
  context.say(
    mendedByRepair.has(code) ? "repair" : code === "FORK_DETECTED" ? "reconcile" : "verify",
    shellQuote(slug),
  );

const mendedByRepair: ReadonlySet<string> = new Set(["DURABILITY_UNKNOWN", "LOG_CONFLICTED", "LOG_CORRUPT"]);
