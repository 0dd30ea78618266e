/** A file block by block, each mapped as far as it holds complete lines. Holds one block, whatever the file's length. */
import type { FilePort } from "../files/file-port.ts";
import { BlockMap } from "./block-map.ts";
import { type LineRange, smallBlock } from "./line-reader.ts";
import { RecordWalk } from "./quick-record.ts";

export interface BlockReader {
  readonly map: BlockMap;
  /** Walks the lines of the map. */
  readonly walk: RecordWalk;
  /** Offset in the file of the block's first byte. */
  readonly base: number;
  /** Maps the next block; false at the end. A block without a line end is the beginning of a line that does not fit. */
  next(): boolean;
  /** Goes on at the beginning of a line further on. */
  jump(offset: number): void;
  /** To be called when nothing is read any more. */
  close(): void;
}

/** The map of a reader that was closed: most streams are a few blocks long, and a map costs more than they do. */
let spare: Pick<BlockReader, "map" | "walk"> | undefined;

export const openBlocks = (
  files: FilePort,
  fd: number,
  { from, to = Number.MAX_SAFE_INTEGER }: LineRange,
): BlockReader => {
  const { map, walk } = spare ?? newSpare();
  spare = undefined;
  const { block } = map;
  let base = from;
  let filled = 0;
  let used = 0;
  return {
    map,
    walk,
    get base() {
      return base;
    },
    next: () => {
      block.copyWithin(0, used, filled);
      base += used;
      filled -= used;
      const before = filled;
      while (filled < block.length) {
        const wanted = Math.min(block.length - filled, to - base - filled);
        const got = wanted <= 0 ? 0 : files.read(fd, block, filled, wanted, base + filled);
        if (got === 0) break;
        filled += got;
      }
      map.read(filled);
      used = map.lines === 0 ? 0 : (map.lineEnds[map.lines - 1] as number) + 1;
      return used > 0 || (filled > before && filled === block.length);
    },
    jump: (offset) => {
      base = offset;
      filled = 0;
      used = 0;
    },
    close: () => {
      spare = { map, walk };
    },
  };
};

const newSpare = (): Pick<BlockReader, "map" | "walk"> => {
  const map = new BlockMap(smallBlock);
  return { map, walk: new RecordWalk(map) };
};
