/** What this run has appended, and what it may be appending: for another store, and for whoever interrupts it. */
import { type Commit, type EventStore, isStoreFault } from "@mission-ledger/core";

/** Commits that are kept in mind for another store; what was written before is read again. */
const mostNoted = 64;

export interface Appends {
  readonly written: Commit[];
  /** The command that was sent last, unless it is certain that it was not written. */
  underway: string | undefined;
}

/** The store, with what was appended last noted, and what is being appended. */
export const notingAppends = (store: EventStore, appends: Appends): EventStore => ({
  ...store,
  append: async (request) => {
    const { written } = appends;
    appends.underway = request.commit.commandId;
    try {
      const answer = await store.append(request);
      if (answer._tag === "Conflict") appends.underway = undefined;
      else if (written.push(answer.commit) > mostNoted) written.shift();
      return answer;
    } catch (error) {
      if (isStoreFault(error) && error.outcome === "not_written") appends.underway = undefined;
      throw error;
    }
  },
});
