/** The new log as pieces of the old one and lines put in between, so that a log of any length is never held in memory. */
import type { FilePort } from "../files/file-port.ts";
import { readFully } from "../files/safe-files.ts";

type Piece =
  | { readonly _tag: "Kept"; readonly offset: number; length: number }
  | { readonly _tag: "Line"; readonly bytes: Buffer };

export interface NewLines {
  /** Bytes of the old file, as they are. */
  keep(offset: number, length: number): void;
  /** A line, its LF included. */
  put(bytes: Buffer): void;
  /** Where it stands now; to be given to {@link cut}. */
  readonly mark: LinesMark;
  /** Forgets what was added since. */
  cut(mark: LinesMark): void;
  /** Blocks of the new log, read from the old file as they are asked for. */
  read(files: FilePort, fd: number): Generator<Buffer>;
}

export interface LinesMark {
  readonly pieces: number;
  /** Of the last piece. */
  readonly length: number;
}

const blockBytes = 65_536;

export const newLines = (): NewLines => {
  const pieces: Piece[] = [];
  return {
    keep: (offset, length) => {
      const last = pieces.at(-1);
      if (last?._tag === "Kept" && last.offset + last.length === offset) last.length += length;
      else pieces.push({ _tag: "Kept", offset, length });
    },
    put: (bytes) => {
      pieces.push({ _tag: "Line", bytes });
    },
    get mark() {
      const last = pieces.at(-1);
      return { pieces: pieces.length, length: last?._tag === "Kept" ? last.length : 0 };
    },
    cut: (mark) => {
      pieces.length = mark.pieces;
      const last = pieces.at(-1);
      if (last?._tag === "Kept") last.length = mark.length;
    },
    read: function* (files, fd) {
      for (const piece of pieces) {
        if (piece._tag === "Line") {
          yield piece.bytes;
          continue;
        }
        const end = piece.offset + piece.length;
        for (let at = piece.offset; at < end; at += blockBytes) {
          const wanted = Math.min(blockBytes, end - at);
          const block = readFully(files, fd, at, wanted);
          if (block.length < wanted)
            throw Object.assign(new Error("the log became shorter"), { code: "EIO" });
          yield block;
        }
      }
    },
  };
};
