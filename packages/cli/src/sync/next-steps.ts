/** What to type after bringing the ledger to another store did not work: words that do it as they stand, and show no password. */
import type { CommandContext, SyncSetting } from "../command/spec.ts";
import { shellQuote } from "../output/shell-quote.ts";
import { formatAddress, revealAddress } from "../store/address.ts";
import type { StoreAddress } from "../store/store-kind.ts";

export const syncVariable = "MISSION_LEDGER_SYNC_TO";

/** How to go on with it. Where the environment says the place, nobody has to. */
export const saySync = (
  { say }: Pick<CommandContext, "say">,
  { at, decidedBy }: Pick<SyncSetting, "at" | "decidedBy">,
): string => {
  if (decidedBy === syncVariable) return say("sync");
  const shown = formatAddress(at);
  return shown === revealAddress(at)
    ? say("sync", shellQuote(shown))
    : `put that address, with its password, in ${syncVariable}; then ${say("sync")}`;
};

/** A hint of the other store's, which knows neither its own address nor which ledger is meant here otherwise. */
export const hintOfOther = (
  { sayAt }: Pick<CommandContext, "sayAt">,
  at: StoreAddress,
  hint: string,
): string => hint.replace("`mled doctor`", () => `\`${sayAt(at, "doctor")}\``);
