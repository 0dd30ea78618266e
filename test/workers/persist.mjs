/**
 * What a user does about an answer that may pass: the same command again, under the same id, a little later each time. The
 * command's own id is in the fault where the caller had given none.
 */
import { setTimeout as pause } from "node:timers/promises";
import { isStoreFault, LedgerError } from "@mission-ledger/core";

const longestPauseMs = 1_000;

/** A refusal may pass as well, such as another's claim: whoever asked wants to hear it. */
const mayPass = (error) =>
  (isStoreFault(error) || LedgerError.is(error, "REVISION_CONFLICT")) && error.retryable;

/**
 * @param attempt gets the command id to use, `undefined` for a fresh one
 * @returns the answer, and what was said before it; throws the first error that will not pass, or the last when patience ends
 */
export const persist = async (attempt, { commandId, patienceMs = 120_000 } = {}) => {
  const givesUpAt = performance.now() + patienceMs;
  const setbacks = [];
  for (let id = commandId; ; ) {
    try {
      return { answer: await attempt(id), setbacks };
    } catch (error) {
      if (!mayPass(error) || performance.now() > givesUpAt) throw error;
      setbacks.push(`${error.code} ${error.outcome}`);
      if (error.outcome === "unknown") id ??= error.details.commandId;
    }
    if (setbacks.length > 1)
      await pause(Math.min(longestPauseMs, 2 ** setbacks.length * 5) * (0.5 + Math.random()));
  }
};
