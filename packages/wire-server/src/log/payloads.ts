/** Data and metadata of all records, outside of the garbage collector's way: bytes in large blocks, found by number. */
import { indexColumn } from "./columns.ts";

const blockBytes = 4 << 20;

export interface Payloads {
  /** Takes a copy. */
  push(data: Uint8Array, metadata: Uint8Array): void;
  /** A view that nobody may write to. */
  data(index: number): Uint8Array;
  metadata(index: number): Uint8Array;
  /** Only the first ones. */
  keep(length: number): void;
  /** The bytes that stood there are lost until the process ends. */
  replace(index: number, data: Uint8Array, metadata: Uint8Array): void;
}

export const openPayloads = (): Payloads => {
  const blocks: Uint8Array[] = [];
  let free = 0;
  const block = indexColumn();
  const offset = indexColumn();
  const dataLength = indexColumn();
  const metadataLength = indexColumn();

  const store = (data: Uint8Array, metadata: Uint8Array): readonly [block: number, offset: number] => {
    const needed = data.length + metadata.length;
    const last = blocks.at(-1);
    if (last === undefined || last.length - free < needed) {
      blocks.push(new Uint8Array(Math.max(blockBytes, needed)));
      free = 0;
    }
    const target = blocks.at(-1) as Uint8Array;
    const from = free;
    target.set(data, from);
    target.set(metadata, from + data.length);
    free += needed;
    return [blocks.length - 1, from];
  };
  const part = (index: number, from: number, length: number): Uint8Array => {
    const bytes = blocks[block.at(index)] as Uint8Array;
    const start = offset.at(index) + from;
    return bytes.subarray(start, start + length);
  };

  return {
    push: (data, metadata) => {
      const [inBlock, from] = store(data, metadata);
      block.push(inBlock);
      offset.push(from);
      dataLength.push(data.length);
      metadataLength.push(metadata.length);
    },
    data: (index) => part(index, 0, dataLength.at(index)),
    metadata: (index) => part(index, dataLength.at(index), metadataLength.at(index)),
    keep: (length) => {
      for (const numbers of [block, offset, dataLength, metadataLength]) numbers.keep(length);
    },
    replace: (index, data, metadata) => {
      const [inBlock, from] = store(data, metadata);
      block.set(index, inBlock);
      offset.set(index, from);
      dataLength.set(index, data.length);
      metadataLength.set(index, metadata.length);
    },
  };
};
