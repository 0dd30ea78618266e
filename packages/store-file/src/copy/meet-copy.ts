/**
 * The log and its published copy brought together, under the lock of the copy: what arrived in the copy is taken in, what it
 * lacks is handed on. A copy that nobody touched costs one look at its status and one write; everything else is compared whole.
 * What is wrong with the copy is a warning; what is wrong with the log is thrown.
 */
import { isStoreFault, type Warning } from "@mission-ledger/core";
import { digestOfRecord } from "../branches/identity.ts";
import { type CopyContents, type CopyRecord, readCopy } from "../branches/read-copy.ts";
import { faultOf } from "../faults.ts";
import type { FilePort, FileStatus } from "../files/file-port.ts";
import type { StreamPaths } from "../layout.ts";
import { underLock } from "../ledger-access.ts";
import { pause } from "../lock/pause.ts";
import type { StreamLock } from "../lock/stream-lock.ts";
import { longestRecordBytes } from "../log/bounds.ts";
import { betweenFlushes, type CopyAccess } from "./copy-access.ts";
import { type CopyBytes, foldersAreOurs, readCopyFile } from "./copy-file.ts";
import type { CopyPaths, CopyPlace } from "./copy-place.ts";
import { type CopyState, isUntouched, loadState, saveState, seenCopy } from "./copy-state.ts";
import { aboutArranged, aboutContents, aboutTooLong } from "./copy-warnings.ts";
import { type LogContents, readLog } from "./log-contents.ts";
import {
  leftIn,
  linesAfter,
  missingIn,
  publishAnew,
  publishLines,
  readsAlike,
  seenLogOf,
} from "./publish.ts";
import { type TakenIn, takeIn } from "./take-in.ts";

export interface Meeting {
  readonly access: CopyAccess;
  readonly place: CopyPlace;
  readonly paths: StreamPaths;
  readonly copy: CopyPaths;
}

export interface Met {
  /** `undefined` if nothing had to be taken in. */
  readonly taken: TakenIn | undefined;
  /** Records that the copy lacked. */
  readonly published: number;
  /** The copy was written anew. */
  readonly replaced: boolean;
  readonly warnings: readonly Warning[];
  /** The copy as it is now known; `undefined` if the next look has to compare it. */
  readonly state: CopyState | undefined;
}

export interface MeetOptions {
  /** Compare everything, and write the copy anew where it does not read as the log does. */
  readonly anew: boolean;
  /** What this process remembers of the copy. */
  readonly known?: CopyState | undefined;
}

/** The lock stays open: whoever publishes once publishes again. */
export const meetCopy = async (
  meeting: Meeting,
  lock: StreamLock,
  { anew, known }: MeetOptions,
): Promise<Met> => {
  if (!lock.tryAcquire()) await lock.acquire();
  try {
    try {
      if (!isWanted(meeting)) return nothing;
      const quick = anew ? undefined : publishMore(meeting, known);
      if (quick !== undefined) return quick;
    } catch {
      // The full comparison says what is wrong, if anything still is.
    }
    return await compareAll(meeting, anew);
  } finally {
    lock.release();
  }
};

const nothing: Met = { taken: undefined, published: 0, replaced: false, warnings: [], state: undefined };

/** A work tree that left the folder behind, as a checkout of an older branch does, wants no copies any more. */
const isWanted = ({ access: { files }, place, copy }: Meeting): boolean =>
  files.lstat(copy.copy) !== undefined || files.lstat(place.attributes) !== undefined;

/** The copy as the ledger last saw it; `undefined` if it is another one now. */
export const untouchedState = (
  { access: { files }, copy }: Meeting,
  known: CopyState | undefined,
): CopyState | undefined => {
  const status = files.lstat(copy.copy);
  if (status === undefined || !status.isFile()) return undefined;
  // File times are by the system's clock, whatever clock the ledger was given.
  const now = Date.now();
  if (known !== undefined && isUntouched(files, copy, known, status, now)) return known;
  const state = loadState(files, copy);
  return state !== undefined && isUntouched(files, copy, state, status, now) ? state : undefined;
};

const publishMore = (meeting: Meeting, known: CopyState | undefined): Met | undefined => {
  const { access, place, paths, copy } = meeting;
  const state = untouchedState(meeting, known);
  if (state === undefined || !foldersAreOurs(access.files, place)) return undefined;
  const { warnings } = state;
  if (state.isBlocked) return { ...nothing, warnings, state };
  const next = linesAfter(access, paths, state.log);
  if (next === undefined) return undefined;
  const { lines } = next;
  if (lines.length === 0) return { ...nothing, warnings, state };
  const { ino, size, last } = state.copy;
  const isTorn = size > 0 && !last.endsWith("\n");
  const status = publishLines(access, place, copy, lines, { ino, size, isTorn });
  if (status === undefined) return undefined;
  const now = remember(meeting, status, { ...state, log: next.log });
  return { ...nothing, published: lines.length, warnings, state: now };
};

const remember = (
  { access: { files, failpoint }, place, copy }: Meeting,
  status: FileStatus,
  state: Omit<CopyState, "copy">,
): CopyState => {
  failpoint("publish:remember");
  const seen: CopyState = { ...state, copy: seenCopy(files, copy, status) };
  saveState(files, place, copy, seen);
  return seen;
};

/** How often a copy is compared that somebody writes to meanwhile; the next command goes on where this one left it. */
const mostRounds = 4;

/**
 * What was added is read again: git writes to a file that it has made without asking what others put there meanwhile. So only
 * a copy that was read whole, and lacked nothing then, is remembered.
 */
const compareAll = async (meeting: Meeting, anew: boolean): Promise<Met> => {
  await whileGitWorks(meeting);
  let all: Met = nothing;
  for (let round = 0; round < mostRounds; round += 1) {
    const { added, ...met } = await compareOnce(meeting, anew);
    all = {
      ...met,
      taken: met.taken ?? all.taken,
      published: all.published + met.published,
      replaced: all.replaced || met.replaced,
    };
    if (!added) break;
  }
  return all;
};

const compareOnce = async (meeting: Meeting, anew: boolean): Promise<HandedOn & Pick<Met, "taken">> => {
  const { access, paths, copy } = meeting;
  let file: CopyBytes | undefined;
  try {
    file = readCopyFile(access.files, meeting.place, copy);
  } catch (error) {
    return { ...nothing, added: false, warnings: [notPublished(error, meeting)] };
  }
  const contents = readCopy(file?.bytes ?? Buffer.alloc(0), paths.stream, paths.encoded);
  const { taken, tooLong } = await takeInNew(meeting, contents);
  const beyond = [
    ...aboutTooLong(tooLong, copy.copy),
    ...(taken === undefined ? [] : aboutArranged(taken.arranged, paths.stream, copy.copy)),
  ];
  try {
    return { ...handOn(meeting, anew, file, contents, beyond), taken };
  } catch (error) {
    const warnings = [...aboutContents(contents, copy.copy), ...beyond, notPublished(error, meeting)];
    return { ...nothing, added: false, taken, warnings };
  }
};

const longestWaitMs = 1_000;
const lookAgainMs = 5;

/** Git holds its lock while it replaces files; a lock that a dead git left costs this wait once for each change. */
const whileGitWorks = async ({ access: { files }, place }: Meeting): Promise<void> => {
  for (let waited = 0; waited < longestWaitMs && isThere(files, place.gitLock); waited += lookAgainMs)
    await pause(lookAgainMs);
};

const isThere = (files: FilePort, name: string | undefined): boolean => {
  try {
    return name !== undefined && files.lstat(name) !== undefined;
  } catch {
    return false;
  }
};

interface Arrived {
  readonly taken: TakenIn | undefined;
  /** Records that would be too long for a log under another number, or with a mark. */
  readonly tooLong: readonly CopyRecord[];
}

/** The stream's lock is taken only for records that the log does not hold. */
const takeInNew = async ({ access, paths }: Meeting, { records }: CopyContents): Promise<Arrived> => {
  if (records.length === 0) return { taken: undefined, tooLong: [] };
  try {
    const log = readLog(access.files, paths);
    const held = new Set(
      [...log.chain, ...log.open, ...log.demoted].map(({ record }) => digestOfRecord(record)),
    );
    const isNew = ({ record }: CopyRecord): boolean => !held.has(digestOfRecord(record));
    const tooLong = records.filter((copy) => copy.line.length > longestRecordBytes && isNew(copy));
    const short = tooLong.length === 0 ? records : records.filter((copy) => !tooLong.includes(copy));
    if (!short.some(isNew)) return { taken: undefined, tooLong };
    const taken = await underLock(access.lockAt(paths.lock), () =>
      betweenFlushes(access, paths, () => takeIn(access, paths, short)),
    );
    return { taken, tooLong };
  } catch (error) {
    throw faultOf(error, "catch-up", { stream: paths.stream, path: paths.log });
  }
};

interface HandedOn extends Omit<Met, "taken"> {
  /** Something was written that has to be read again. */
  readonly added: boolean;
}

const handOn = (
  meeting: Meeting,
  anew: boolean,
  file: CopyBytes | undefined,
  contents: CopyContents,
  beyond: readonly Warning[],
): HandedOn => {
  const { access, place, paths, copy } = meeting;
  const warnings = [...aboutContents(contents, copy.copy), ...beyond];
  const log = readLog(access.files, paths);
  // A damaged log is not handed on: what is whole of it stands in the copy already.
  if (!log.exists || log.finding !== undefined) return { ...nothing, added: false, warnings };
  const missing = missingIn(contents.records, log);
  const seen = seenLogOf(access, paths, log);
  if (anew && isUnlike(contents, file, paths, log)) {
    const unread = contents.problems.some(({ kind }) => kind !== "damaged");
    if (!unread) {
      const status = publishAnew(access, place, copy, log, file?.bytes, leftIn(contents, log));
      // What is wrong with the file is gone; what could not be taken in still stands there.
      const state = remember(meeting, status, { log: seen, isBlocked: false, warnings: beyond });
      return { added: false, published: missing.length, replaced: true, warnings: beyond, state };
    }
  }
  const isBlocked = contents.markers > 0;
  if (isBlocked || missing.length === 0) {
    const state =
      file === undefined ? undefined : remember(meeting, file.status, { log: seen, isBlocked, warnings });
    return { added: false, published: 0, replaced: false, warnings, state };
  }
  const isTorn = contents.torn.length > 0;
  const before = file === undefined ? undefined : { ...file.status, isTorn };
  const status = publishLines(access, place, copy, missing, before);
  const published = status === undefined ? 0 : missing.length;
  return { added: true, published, replaced: false, warnings, state: undefined };
};

/** Markers, damage, or an order of the lines in which they would not be read as this stream. */
const isUnlike = (
  { markers, problems, torn, records }: CopyContents,
  file: CopyBytes | undefined,
  paths: StreamPaths,
  log: LogContents,
): boolean => {
  if (file === undefined) return false;
  if (markers > 0 || problems.length > 0 || torn.length > 0) return true;
  if (log.open.length > 0) return false;
  const lines = [file.bytes, ...missingIn(records, log)];
  return !readsAlike(Buffer.concat(lines), paths, log);
};

const notPublished = (error: unknown, { paths, copy }: Meeting): Warning => {
  const fault = faultOf(error, "open", { stream: paths.stream, path: copy.copy });
  if (!isStoreFault(error) && fault.code === "INTERNAL") throw error;
  return {
    code: fault.code,
    message: `the copy of ${paths.stream} in the work tree was not brought up to date: ${fault.message}`,
    ...(fault.hint === undefined ? {} : { hint: fault.hint }),
  };
};
