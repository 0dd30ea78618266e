/** One stream's events for folds that need little of them: what `readStream` reads, without parsing what nobody wants. */
import {
  emptyHead,
  onlyWanted,
  type Scanned,
  type ScanOptions,
  type ScanSink,
  type StreamHead,
} from "@mission-ledger/core";
import { findingFault } from "../append/refusals.ts";
import type { StoreContext } from "../append/store-context.ts";
import { faultOf } from "../faults.ts";
import { openRegularIfThere, readOnly } from "../files/safe-files.ts";
import type { BlockMap } from "../log/block-map.ts";
import { openBlocks } from "../log/block-reader.ts";
import { type Finding, foldLog } from "../log/fold.ts";
import { type Line, openLineReader } from "../log/line-reader.ts";
import { markOf, type RecordPlace } from "../log/mark.ts";
import type { RecordWalk } from "../log/quick-record.ts";
import type { StoredRecord } from "../log/record.ts";
import { crcOf } from "../log/sealed-line.ts";
import { type Wish, wishesOf } from "../log/wish.ts";
import { notInLog, startOf } from "./stream-start.ts";

/** Bytes between two looks at the signal; the event loop gets its turn there, so that somebody can give it. */
const turnBytes = 4_194_304;

export const scanStream = async (
  { files, layout, ensureOpen }: Pick<StoreContext, "files" | "layout" | "ensureOpen">,
  stream: string,
  { wanted, after = emptyHead, to = Number.MAX_SAFE_INTEGER, signal }: ScanOptions,
  sink: ScanSink,
): Promise<Scanned> => {
  const paths = layout.of(stream);
  const disk = <A>(action: () => A): A => {
    try {
      return action();
    } catch (error) {
      throw faultOf(error, "read", { stream, path: paths.log });
    }
  };
  signal?.throwIfAborted();
  ensureOpen();
  const opened = disk(() => openRegularIfThere(files, paths.log, readOnly));
  if (opened === undefined) {
    if (after.revision >= 0) throw notInLog(stream, after);
    return { head: after, events: 0, gaps: 0 };
  }
  const { fd, status } = opened;
  try {
    const place = disk(() => startOf(files, fd, status.ino, paths, after));
    const passage = new Passage(stream, { wanted, after, to }, sink, place.anchored);
    let finding: Finding | undefined;
    let isDamaged = false;
    const fold = foldLog(stream, paths.encoded, place.state, (found) => {
      isDamaged = true;
      if (found.kind === "newer_format") finding ??= found;
    });
    const blocks = openBlocks(files, fd, { from: place.offset, to: status.size });
    try {
      const { map, walk } = blocks;
      walk.begin(stream);
      walk.standAt(fold.head, fold.origin);
      // The last record that was taken in; made into a mark at the end.
      let last: RecordPlace | undefined;

      const takeSlowly = (line: Line): boolean => {
        const step = fold.take(line);
        if (finding !== undefined) throw findingFault(finding, stream, paths.log);
        if (step._tag !== "Record") return true;
        const isMore = passage.takeStored(step.record);
        if (!passage.isAnchored && fold.head.revision >= after.revision) throw notInLog(stream, after);
        if (!isMore) return false;
        last = { offset: step.offset, length: step.length, crc: crcOf(line.bytes) };
        return true;
      };
      /** Answers whether there may be more to take. */
      const takeBlock = (): boolean => {
        let walked = -1;
        const catchUp = (): void => {
          if (walked < 0) return;
          fold.passOver(walk.head);
          passage.standAt(walk.head);
          last = placeOf(map, walked, blocks.base);
          walked = -1;
        };
        for (let line = 0; line < map.lines; line += 1) {
          if (walk.follows(line) && passage.takeWalked(walk)) {
            walk.passOver();
            walked = line;
            continue;
          }
          catchUp();
          if (!takeSlowly(lineOf(map, line, blocks.base))) return false;
          walk.standAt(fold.head, fold.origin);
        }
        catchUp();
        return true;
      };
      /** A line that is longer than a block. */
      const takeLong = (): boolean => {
        const reader = openLineReader(files, fd, { from: blocks.base, to: status.size });
        const line = disk(() => reader.next());
        if (line === undefined) return false;
        const isMore = takeSlowly(line);
        walk.standAt(fold.head, fold.origin);
        blocks.jump(line.offset + line.length);
        return isMore;
      };
      const nextBlock = (): boolean => blocks.next();

      let turnEnd = place.offset + turnBytes;
      while (disk(nextBlock) && (map.lines > 0 ? takeBlock() : takeLong())) {
        if (blocks.base < turnEnd) continue;
        turnEnd = blocks.base + turnBytes;
        await new Promise((resolve) => setImmediate(resolve));
        signal?.throwIfAborted();
        ensureOpen();
      }
      if (!passage.isAnchored) throw notInLog(stream, after);
      const { events, gaps, head, isCut } = passage;
      if (events === 0) return { head: after, events, gaps };
      // No mark behind damage: with one, an append would start from there and never meet what has to stop it.
      if (last === undefined || isCut || isDamaged) return { head, events, gaps };
      return { head: { ...head, mark: markOf(status.ino, last) }, events, gaps };
    } finally {
      blocks.close();
    }
  } finally {
    files.close(fd);
  }
};

const lineStart = ({ lineEnds }: BlockMap, line: number): number =>
  line === 0 ? 0 : (lineEnds[line - 1] as number) + 1;

const lineOf = (map: BlockMap, line: number, base: number): Line => {
  const from = lineStart(map, line);
  const to = map.lineEnds[line] as number;
  return {
    offset: base + from,
    length: to + 1 - from,
    bytes: map.block.subarray(from, to),
    oversized: false,
  };
};

const placeOf = (map: BlockMap, line: number, base: number): RecordPlace => {
  const { offset, length, bytes } = lineOf(map, line, base);
  return { offset, length, crc: crcOf(bytes) };
};

/** What of the records is handed over, and where that has come to. */
class Passage {
  events = 0;
  gaps = 0;
  isAnchored: boolean;
  /** Whether the last record was taken in but for its last events. */
  isCut = false;
  readonly #stream: string;
  readonly #sink: ScanSink;
  readonly #wishes: ReadonlyMap<string, Wish>;
  readonly #after: StreamHead;
  readonly #to: number;
  #revision: number;
  #digest: string | null;

  constructor(
    stream: string,
    { wanted, after, to }: Required<Pick<ScanOptions, "wanted" | "after" | "to">>,
    sink: ScanSink,
    isAnchored: boolean,
  ) {
    this.#stream = stream;
    this.#sink = sink;
    this.#wishes = wishesOf(wanted);
    this.#after = after;
    this.#to = to;
    this.#revision = after.revision;
    this.#digest = after.digest;
    this.isAnchored = isAnchored;
  }

  get head(): StreamHead {
    return { revision: this.#revision, digest: this.#digest };
  }

  /** The digest of what was walked, which costs something to say. */
  standAt({ digest }: StreamHead): void {
    this.#digest = digest;
  }

  /** Takes in a record that was walked and so follows the one before, if all of it is to be taken in. */
  takeWalked(walk: RecordWalk): boolean {
    const { firstRevision, count } = walk;
    if (firstRevision <= this.#after.revision || firstRevision + count - 1 > this.#to) return false;
    if (!this.isAnchored) throw notInLog(this.#stream, this.#after);
    for (let index = 0; index < count; index += 1) {
      const type = walk.typeOf(index);
      const wish = this.#wishes.get(type);
      if (wish === undefined) this.#sink.pass(type, walk.versionOf(index));
      else this.#sink.take(walk.event(index, wish));
    }
    this.events += count;
    this.#revision = firstRevision + count - 1;
    return true;
  }

  /** Answers whether there may be more to take. */
  takeStored({ events }: StoredRecord): boolean {
    const { revision: afterRevision, digest: afterDigest } = this.#after;
    const before = this.#revision;
    for (const { position: _, ...event } of events) {
      const { revision, previous, digest, type, version } = event;
      if (revision === afterRevision) this.isAnchored ||= digest === afterDigest;
      if (revision <= afterRevision) continue;
      if (!this.isAnchored) throw notInLog(this.#stream, this.#after);
      if (revision > this.#to) {
        this.isCut = this.#revision > before;
        return false;
      }
      if (previous !== this.#digest || revision !== this.#revision + 1) this.gaps += 1;
      const wish = this.#wishes.get(type);
      if (wish === undefined) this.#sink.pass(type, version);
      else this.#sink.take(onlyWanted(event, wish.fields));
      this.events += 1;
      this.#revision = revision;
      this.#digest = digest;
    }
    return true;
  }
}
