/** All copies of a work tree at once: which of them others have changed, and bringing them and the ledger together. */
import { isStoreFault, type StoreFault, type Warning } from "@mission-ledger/core";
import { ledgerDirectories } from "../append/directories.ts";
import { faultOf } from "../faults.ts";
import type { FilePort } from "../files/file-port.ts";
import { logSuffix } from "../layout.ts";
import type { LedgerPorts } from "../ledger-access.ts";
import { decodeStreamName } from "../names.ts";
import { listLogs } from "../order/highest-seq.ts";
import { type CopyAccess, copyAccess } from "./copy-access.ts";
import { foldersAreOurs } from "./copy-file.ts";
import { type CopyPlace, copyPlace } from "./copy-place.ts";
import { type Meeting, type Met, meetCopy, untouchedState } from "./meet-copy.ts";

export interface CopiesOptions extends LedgerPorts {
  /** The ledger's directory. */
  readonly directory: string;
  /** The `.mission-ledger` folder of the work tree. */
  readonly publishTo: string;
}

/** Streams whose copy is not the one that the ledger last saw: something may have arrived. Reads only, and opens no log. */
export const changedCopies = ({ directory, publishTo, ...ports }: CopiesOptions): readonly string[] => {
  const access = copyAccess(directory, ports);
  try {
    const place = copyPlace(access.files, access.layout, publishTo);
    return copiesIn(access.files, place).filter((stream) => {
      const meeting = meetingOf(access, place, stream);
      return untouchedState(meeting, undefined) === undefined;
    });
  } catch (error) {
    throw faultOf(error, "read", { path: publishTo });
  } finally {
    access.close();
  }
};

export interface PublishCopiesOptions extends CopiesOptions {
  /** @defaultValue all that the ledger or the work tree has */
  readonly streams?: readonly string[];
  /** Write copies anew that do not read as the log does: conflict markers, damage, an order that a merge left. @defaultValue false */
  readonly anew?: boolean;
}

/** What came of one stream. */
export interface PublishedCopy {
  readonly stream: string;
  /** Records that became part of the stream here. */
  readonly takenIn: number;
  /** Records of branches that wait for a decision, which were not known before. */
  readonly undecided: number;
  /** A decision that was made elsewhere changed the stream here. */
  readonly decidedElsewhere: boolean;
  readonly published: number;
  readonly replaced: boolean;
  readonly warnings: readonly Warning[];
  /** What kept the stream's log from taking anything in. */
  readonly fault: StoreFault | undefined;
}

/** Takes in what arrived in the copies, and hands on what they lack. One stream's fault does not keep the others. */
export const publishCopies = async ({
  directory,
  publishTo,
  streams,
  anew = false,
  ...ports
}: PublishCopiesOptions): Promise<readonly PublishedCopy[]> => {
  const access = copyAccess(directory, ports);
  try {
    const place = copyPlace(access.files, access.layout, publishTo);
    const here = streams ?? [
      ...new Set([
        ...listLogs(access.files, access.layout).map(({ stream }) => stream),
        ...copiesIn(access.files, place),
      ]),
    ];
    if (here.length > 0) ledgerDirectories(access).prepare();
    const results: PublishedCopy[] = [];
    for (const stream of [...here].sort()) results.push(await publishOne(access, place, stream, anew));
    return results;
  } catch (error) {
    throw faultOf(error, "open", { path: publishTo });
  } finally {
    access.close();
  }
};

const publishOne = async (
  access: CopyAccess,
  place: CopyPlace,
  stream: string,
  anew: boolean,
): Promise<PublishedCopy> => {
  const meeting = meetingOf(access, place, stream);
  const lock = access.lockAt(meeting.copy.lock);
  try {
    return outcomeOf(stream, await meetCopy(meeting, lock, { anew }));
  } catch (error) {
    const fault = faultOf(error, "catch-up", { stream, path: meeting.paths.log });
    if (!isStoreFault(error) && fault.code === "INTERNAL") throw error;
    return { ...outcomeOf(stream, undefined), fault };
  } finally {
    lock.close();
  }
};

const outcomeOf = (stream: string, met: Met | undefined): PublishedCopy => ({
  stream,
  takenIn: met?.taken?.records ?? 0,
  undecided: met?.taken?.undecided ?? 0,
  decidedElsewhere: met?.taken?.rewritten ?? false,
  published: met?.published ?? 0,
  replaced: met?.replaced ?? false,
  warnings: met?.warnings ?? [],
  fault: undefined,
});

const meetingOf = (access: CopyAccess, place: CopyPlace, stream: string): Meeting => {
  const paths = access.layout.of(stream);
  return { access, place, paths, copy: place.of(paths) };
};

/** Names that we would not have written are left alone. */
const copiesIn = (files: FilePort, place: CopyPlace): readonly string[] =>
  foldersAreOurs(files, place)
    ? files
        .readdir(place.logs)
        .filter((name) => name.endsWith(logSuffix))
        .flatMap((name) => decodeStreamName(name.slice(0, -logSuffix.length)) ?? [])
        .sort()
    : [];
