/** What an error in the middle of a rewrite means: the old log stands, or nobody knows until it is run again. */
import { type Outcome, StoreFault } from "@mission-ledger/core";
import { faultOf } from "../faults.ts";

export const rewriteStep = <A>(
  outcome: Outcome,
  details: Readonly<Record<string, unknown>>,
  action: () => A,
): A => {
  try {
    return action();
  } catch (error) {
    const { code, message, retryable, hint } = faultOf(error, "write", details);
    throw new StoreFault(outcome === "unknown" ? "DURABILITY_UNKNOWN" : code, `rewriting: ${message}`, {
      outcome,
      retryable,
      hint: outcome === "unknown" ? again : `${hint ?? ""} The log is as it was.`.trim(),
      details,
      cause: error,
    });
  }
};

const again =
  "The log at the path is whole, old or new; nobody writes to it until `mled repair <mission>` ran to its end.";
