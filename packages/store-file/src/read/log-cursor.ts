/** A place in one log from which records are taken one by one. Between blocks it may hold no descriptor at all. */
import type { RecordedEvent } from "@mission-ledger/core";
import { findingFault } from "../append/refusals.ts";
import type { FilePort } from "../files/file-port.ts";
import { openRegularIfThere, readFully, readOnly } from "../files/safe-files.ts";
import type { StreamPaths } from "../layout.ts";
import { hardRecordBytes } from "../log/bounds.ts";
import { type FoldState, foldLog, type LogFold, startOfLog } from "../log/fold.ts";
import { markOf } from "../log/mark.ts";
import type { StoredRecord } from "../log/record.ts";
import { crcOf } from "../log/sealed-line.ts";
import { seekSeq } from "./seek-seq.ts";

/** As many as hold a record's checksum and its LF. */
const passedBytes = 11;

/** A record on its way out, with the mark of its end. */
export interface CursorRecord {
  readonly seq: number;
  readonly events: readonly RecordedEvent[];
  readonly mark: string;
}

export class LogCursor {
  readonly paths: StreamPaths;
  /** Orders records of equal number as their positions do. */
  readonly tieBreak: string;
  readonly #files: FilePort;
  /** Position of the last event that was delivered. */
  #after: string | undefined;
  #fold: LogFold;
  #ino = -1;
  #offset = 0;
  #block: Buffer = Buffer.alloc(0);
  #at = 0;
  #next: CursorRecord | undefined;
  /** The last bytes before the place: an inode's number says nothing once its file was closed. */
  #passed: Buffer = Buffer.alloc(0);
  /** Inside a line that is longer than any record: where it began. */
  #skipping = false;

  constructor(files: FilePort, paths: StreamPaths, after: string | undefined) {
    this.#files = files;
    this.paths = paths;
    this.tieBreak = `${paths.encoded}:`;
    this.#after = after;
    this.#fold = this.#foldFrom(startOfLog);
  }

  /** The next record, if the log holds one beyond what was taken. */
  peek(blockBytes: number): CursorRecord | undefined {
    while (this.#next === undefined) {
      const end = this.#block.indexOf(0x0a, this.#at);
      if (end < 0) {
        if (!this.#refill(blockBytes)) return undefined;
        continue;
      }
      const bytes = this.#block.subarray(this.#at, end);
      const offset = this.#offset + this.#at;
      this.#at = end + 1;
      if (this.#skipping) this.#skipping = false;
      else this.#take(bytes, offset);
    }
    return this.#next;
  }

  drop(): void {
    this.#after = this.#next?.events.at(-1)?.position ?? this.#after;
    this.#next = undefined;
  }

  /** Lets go of the block, keeps the place. */
  rest(): void {
    if (this.#at > 0)
      this.#passed = Buffer.from(this.#block.subarray(Math.max(0, this.#at - passedBytes), this.#at));
    this.#offset += this.#at;
    this.#at = 0;
    this.#block = Buffer.alloc(0);
  }

  #take(bytes: Buffer, offset: number): void {
    const length = bytes.length + 1;
    const step = this.#fold.take({ bytes, offset, length, oversized: bytes.length >= hardRecordBytes });
    if (step._tag !== "Record") return;
    const { record } = step;
    const events = this.#unseen(record);
    if (events.length === 0) return;
    this.#next = {
      seq: record.seq,
      events,
      mark: markOf(this.#ino, { offset: step.offset, length: step.length, crc: crcOf(bytes) }),
    };
  }

  #unseen({ events }: StoredRecord): readonly RecordedEvent[] {
    const after = this.#after;
    return after === undefined ? events : events.filter(({ position }) => position > after);
  }

  #refill(blockBytes: number): boolean {
    this.rest();
    const opened = openRegularIfThere(this.#files, this.paths.log, readOnly);
    if (opened === undefined) return false;
    const { fd, status } = opened;
    try {
      if (this.#ino !== status.ino || status.size < this.#offset || !this.#isBehindWhatPassed(fd))
        this.#start(fd, status.ino, status.size);
      for (let wanted = blockBytes; ; wanted *= 4) {
        const block = Buffer.allocUnsafe(Math.min(wanted, Math.max(0, status.size - this.#offset)));
        const got = block.length === 0 ? 0 : this.#files.read(fd, block, 0, block.length, this.#offset);
        this.#block = got === block.length ? block : block.subarray(0, got);
        if (this.#block.includes(0x0a)) return true;
        if (got < wanted) {
          this.#block = Buffer.alloc(0); // an unfinished line: not there yet
          return false;
        }
        if (got > hardRecordBytes) {
          this.#skipping = true;
          this.#offset += got;
        }
      }
    } finally {
      this.#files.close(fd);
    }
  }

  #isBehindWhatPassed(fd: number): boolean {
    const { length } = this.#passed;
    return readFully(this.#files, fd, this.#offset - length, length).equals(this.#passed);
  }

  /** A log that was not read before, or another file than the one before: positions say what was delivered already. */
  #start(fd: number, ino: number, size: number): void {
    this.#ino = ino;
    this.#passed = Buffer.alloc(0);
    this.#skipping = false;
    const place =
      this.#after === undefined ? undefined : seekSeq(this.#files, fd, size, this.paths, this.#after);
    this.#offset = place?.offset ?? 0;
    this.#fold = this.#foldFrom(place?.state ?? startOfLog);
  }

  #foldFrom(state: FoldState): LogFold {
    return foldLog(this.paths.stream, this.paths.encoded, state, (finding) => {
      if (finding.kind === "newer_format") throw findingFault(finding, this.paths.stream, this.paths.log);
    });
  }
}
