/** A commit as it stands on the server. */
import { type Commit, StoreFault } from "@mission-ledger/core";
import type { CommandIndex } from "../command-index.ts";
import { readbackFailed } from "../faults.ts";
import { commitOf, type LedgerEvent, ledgerEvent } from "../layout/stored-event.ts";
import type { Patience } from "../patience.ts";
import type { StreamReader } from "../read/stream-reader.ts";
import type { Timers } from "../timers.ts";

export interface StoredCommitSetup {
  readonly reader: StreamReader;
  readonly index: CommandIndex;
  readonly patience: Patience;
  readonly timers: Timers;
}

/**
 * Reads the commit of a command that begins at a revision. Waits for a server that does not show all of it yet. Throws
 * `LOG_CORRUPT` if something else stands there, `READBACK_FAILED` if it is not seen in time; what was remembered of the stream is
 * worth nothing then.
 *
 * @param guess how many events it may have
 */
export const storedCommit = async (
  { reader, index: remembered, patience, timers }: StoredCommitSetup,
  stream: string,
  commandId: string,
  firstRevision: number,
  guess: number,
  until: number,
): Promise<Commit> => {
  const doubt = (fault: StoreFault): StoreFault => {
    remembered.forget(stream);
    return fault;
  };
  let count = guess;
  for (let tries = 0; ; tries += 1) {
    const stored = await reader.range(stream, firstRevision, count, until);
    const events = stored.map((one) => ledgerEvent(one, stream));
    const first = events[0];
    if (stored.length > 0) {
      const isBegin = first?.recorded.commandId === commandId && first.index === 0;
      if (!isBegin || stored[0]?.revision !== BigInt(firstRevision))
        throw doubt(notTheCommand(stream, commandId, firstRevision));
      const own = events.slice(0, first.count);
      if (own.length === first.count) {
        const isWhole = own.every(
          (event, index) =>
            event?.recorded.commandId === commandId && event.index === index && event.count === first.count,
        );
        if (!isWhole) throw doubt(notTheCommand(stream, commandId, firstRevision));
        return commitOf(own as readonly LedgerEvent[]);
      }
      if (first.count > count) {
        count = first.count;
        continue;
      }
    }
    if (timers.now() >= until)
      throw doubt(readbackFailed(stream, commandId, firstRevision, "it is not there"));
    await patience.backOff(tries);
  }
};

const notTheCommand = (stream: string, commandId: string, revision: number): StoreFault =>
  new StoreFault(
    "LOG_CORRUPT",
    `${stream} does not hold the whole command ${commandId} at revision ${revision}`,
    {
      outcome: "not_written",
      retryable: false,
      hint: "Keep the stream as it is, and look at what `mled verify` says of it.",
      details: { stream, commandId, revision },
    },
  );
