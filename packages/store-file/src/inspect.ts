/** A full check of one log, line by line: what `doctor` and `verify` report. Takes no lock and writes nothing. */
import { checkLink, type EventEnvelope, emptyHead, type StreamHead } from "@mission-ledger/core";
import { faultOf } from "./faults.ts";
import type { FilePort } from "./files/file-port.ts";
import { nodeFiles } from "./files/node-files.ts";
import { openRegularIfThere, readOnly } from "./files/safe-files.ts";
import { layoutOf, type StreamPaths } from "./layout.ts";
import { realRoot } from "./location/local-root.ts";
import { damagedTail } from "./log/damaged-tail.ts";
import { type Finding, foldLog, startOfLog } from "./log/fold.ts";
import { openLineReader } from "./log/line-reader.ts";

export interface InspectOptions {
  readonly directory: string;
  readonly stream: string;
  /** Compute the digest of every event again, and check the chain. @defaultValue true */
  readonly digests?: boolean;
  readonly files?: FilePort;
}

export interface StreamReport {
  readonly stream: string;
  readonly path: string;
  readonly exists: boolean;
  readonly bytes: number;
  readonly records: number;
  readonly events: number;
  /** Records whose revision an earlier one had claimed: kept, never folded. */
  readonly voidRecords: number;
  /** Torn lines that a later writer sealed. */
  readonly sealedFragments: number;
  /** Bytes behind the last LF that are a torn line, or one that is being written; what is damage there is a finding. */
  readonly tornBytes: number;
  /** What keeps writers out. */
  readonly findings: readonly Finding[];
  /** Events whose digest or link is not what it ought to be. */
  readonly brokenLinks: readonly {
    readonly revision: number;
    readonly eventId: string;
    readonly why: string;
  }[];
  /** A flush failed and the log was not recovered since. */
  readonly suspect: boolean;
  readonly head: StreamHead;
}

/** Throws a `StoreFault` if the log cannot be read at all. */
export const inspectStream = ({
  directory,
  stream,
  digests = true,
  files = nodeFiles,
}: InspectOptions): StreamReport => {
  const paths = layoutOf(realRoot(files, directory)).of(stream);
  try {
    const suspect = files.lstat(paths.suspect) !== undefined;
    const opened = openRegularIfThere(files, paths.log, readOnly);
    if (opened === undefined) return { ...nothing(paths), suspect };
    try {
      return { ...inspectFile(files, opened.fd, paths, digests), suspect };
    } finally {
      files.close(opened.fd);
    }
  } catch (error) {
    throw faultOf(error, "read", { stream, path: paths.log });
  }
};

/** As {@link inspectStream}, of an open file. */
export const inspectFile = (
  files: FilePort,
  fd: number,
  paths: StreamPaths,
  digests: boolean,
): StreamReport => {
  const findings: Finding[] = [];
  const brokenLinks: { revision: number; eventId: string; why: string }[] = [];
  const fold = foldLog(paths.stream, paths.encoded, startOfLog, (finding) => findings.push(finding));
  const reader = openLineReader(files, fd, { from: 0 });
  let [records, events, voidRecords, sealedFragments] = [0, 0, 0, 0];
  let linked: StreamHead = emptyHead;
  for (let line = reader.next(); line !== undefined; line = reader.next()) {
    const step = fold.take(line);
    if (step._tag === "Void") voidRecords += 1;
    if (step._tag === "Sealed") sealedFragments += 1;
    if (step._tag !== "Record") continue;
    records += 1;
    events += step.record.events.length;
    if (!digests) continue;
    for (const { position: _, ...event } of step.record.events) {
      const broken = checkLink(linked, event as EventEnvelope);
      if (broken !== undefined)
        brokenLinks.push({ revision: event.revision, eventId: event.id, why: broken._tag });
      linked = { revision: event.revision, digest: event.digest };
    }
  }
  const { end, tail } = reader;
  const damaged = damagedTail(files, fd, end, tail);
  if (damaged !== undefined) findings.push(damaged);
  return {
    ...nothing(paths),
    exists: true,
    bytes: end + tail,
    records,
    events,
    voidRecords,
    sealedFragments,
    tornBytes: damaged === undefined ? tail : 0,
    findings,
    brokenLinks,
    head: fold.head,
  };
};

const nothing = ({ stream, log }: StreamPaths): StreamReport => ({
  stream,
  path: log,
  exists: false,
  bytes: 0,
  records: 0,
  events: 0,
  voidRecords: 0,
  sealedFragments: 0,
  tornBytes: 0,
  findings: [],
  brokenLinks: [],
  suspect: false,
  head: emptyHead,
});
