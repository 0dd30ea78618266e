/** The one next step after damage. It promises no repair, because there is none yet. */
import { shellQuote } from "../output/shell-quote.ts";
import type { CommandContext } from "./spec.ts";

export const damageStep = (context: Pick<CommandContext, "say">, slug: string): string =>
  `look: ${context.say("verify", shellQuote(slug))}\nNothing repairs it yet; keep the file as it is.`;
