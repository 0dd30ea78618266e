/** What a decision about a fork would make of a log. Reads only, and takes no lock. */
import type { DemotedBranch, RecordedEvent } from "@mission-ledger/core";
import { findingFault } from "../append/refusals.ts";
import { digestOfRecord } from "../branches/identity.ts";
import type { CopyRecord } from "../branches/read-copy.ts";
import { copyAccess } from "../copy/copy-access.ts";
import { readLog } from "../copy/log-contents.ts";
import { faultOf } from "../faults.ts";
import { choose } from "./choose.ts";
import type { ForksOptions } from "./forks.ts";

export interface PlannedReconciliation {
  /** Digest of the last event of the branch that would go on. */
  readonly winner: string;
  readonly losers: readonly DemotedBranch[];
  /** Events that would no longer count. */
  readonly demoted: readonly RecordedEvent[];
  /** The stream as it would go on, from its start, without the decision itself. */
  readonly events: readonly RecordedEvent[];
}

/** Throws the `StoreFault` of the reconciliation itself, had it been run now. `undefined` if nothing waits for a decision. */
export const planReconciliation = ({
  directory,
  stream,
  winner,
  files,
}: ForksOptions & { readonly winner: string }): PlannedReconciliation | undefined => {
  const access = copyAccess(directory, files === undefined ? {} : { files });
  try {
    const paths = access.layout.of(stream);
    const log = readLog(access.files, paths);
    if (log.finding !== undefined) throw findingFault(log.finding, stream, paths.log);
    if (log.open.length === 0) return undefined;
    const { chain, against, losers } = choose(log, winner, stream);
    const last = chain.at(-1);
    return {
      winner: last === undefined ? "" : digestOfRecord(last.record),
      losers,
      demoted: eventsOf(against),
      events: eventsOf(chain),
    };
  } catch (error) {
    throw faultOf(error, "read", { stream });
  } finally {
    access.close();
  }
};

const eventsOf = (records: readonly CopyRecord[]): readonly RecordedEvent[] =>
  records.flatMap(({ record }) => record.events);
