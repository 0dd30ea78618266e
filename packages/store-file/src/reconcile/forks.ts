/** The undecided branches of a log beside its own line of events. Reads only, and takes no lock. */
import type { RecordedEvent } from "@mission-ledger/core";
import { arrange } from "../branches/arrange.ts";
import { digestOfRecord } from "../branches/identity.ts";
import type { CopyRecord } from "../branches/read-copy.ts";
import { copyAccess } from "../copy/copy-access.ts";
import { type LogContents, readLog } from "../copy/log-contents.ts";
import { faultOf } from "../faults.ts";
import type { FilePort } from "../files/file-port.ts";
import { nodeFiles } from "../files/node-files.ts";
import { openRegularIfThere, readFully, readOnly } from "../files/safe-files.ts";
import { layoutOf } from "../layout.ts";
import { realRoot } from "../location/local-root.ts";

/** One side of a fork. */
export interface ForkSide {
  /** Digest of its last event: what names it in every copy. */
  readonly digest: string;
  readonly eventId: string;
  readonly revision: number;
  /** What it holds beyond the fork, in order. */
  readonly events: readonly RecordedEvent[];
}

export interface Fork {
  /** The last event that both sides share; revision -1 if they share none. */
  readonly forksAfter: { readonly revision: number; readonly digest: string | null };
  /** What this ledger went on with. Without events where the branch was written before anything else was. */
  readonly local: ForkSide | undefined;
  readonly branch: ForkSide;
}

export interface ForksOptions {
  readonly directory: string;
  readonly stream: string;
  readonly files?: FilePort;
}

/** Whether the log holds a line that is marked as undecided. Looks at bytes only: cheap, and at times wrongly yes. */
export const mayBeForked = ({ directory, stream, files = nodeFiles }: ForksOptions): boolean => {
  const { log } = layoutOf(realRoot(files, directory)).of(stream);
  const opened = openRegularIfThere(files, log, readOnly);
  if (opened === undefined) return false;
  try {
    const block = 1_048_576;
    for (let at = 0; at < opened.status.size; at += block)
      if (readFully(files, opened.fd, at, block + openMark.length).includes(openMark)) return true;
    return false;
  } finally {
    files.close(opened.fd);
  }
};

const openMark = Buffer.from(',"branch":"open",');

/** One entry for each branch that nobody has decided about. Throws a `StoreFault` if the log cannot be read. */
export const forksOf = ({ directory, stream, files }: ForksOptions): readonly Fork[] => {
  const access = copyAccess(directory, files === undefined ? {} : { files });
  try {
    return forksIn(readLog(access.files, access.layout.of(stream)));
  } catch (error) {
    throw faultOf(error, "read", { stream });
  } finally {
    access.close();
  }
};

const forksIn = (log: LogContents): readonly Fork[] => {
  if (log.open.length === 0) return [];
  const { chain, open } = arrange([...log.chain, ...log.open, ...log.demoted], {
    chain: new Set(log.chain.map(({ record }) => digestOfRecord(record))),
  });
  return open.map(({ forksAfter, records }) => ({
    forksAfter,
    local: sideOf(chain.filter(({ record }) => record.firstRevision > forksAfter.revision)),
    branch: sideOf(records) as ForkSide,
  }));
};

const sideOf = (records: readonly CopyRecord[]): ForkSide | undefined => {
  const events = records.flatMap(({ record }) => record.events);
  const last = events.at(-1);
  return last === undefined
    ? undefined
    : { digest: last.digest, eventId: last.id, revision: last.revision, events };
};
