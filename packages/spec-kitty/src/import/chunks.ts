/** Cuts a file into pieces that fit into events, and puts such pieces together again. */
import { fromBase64, joinBytes, toBase64, utf8Bytes, utf8Text } from "../bytes.ts";
import { unitBytes } from "../text.ts";
import { maxChunkBytes } from "./limits.ts";

export interface Chunk {
  readonly encoding: "utf8" | "base64";
  readonly text: string;
}

/** An empty file has no chunks. Text is cut behind a line where one ends in the second half of a piece, and never inside a character. */
export const cutIntoChunks = (file: Uint8Array, maxBytes: number = maxChunkBytes): readonly Chunk[] => {
  const text = utf8Text(file);
  return text === undefined ? cutBytes(file, maxBytes) : cutText(text, maxBytes);
};

export const joinChunks = (chunks: Iterable<Chunk>): Uint8Array =>
  joinBytes(
    [...chunks].map(({ encoding, text }) => (encoding === "utf8" ? utf8Bytes(text) : fromBase64(text))),
  );

const cutBytes = (file: Uint8Array, maxBytes: number): readonly Chunk[] => {
  const step = Math.max(3, Math.floor(maxBytes / 4) * 3);
  const chunks: Chunk[] = [];
  for (let at = 0; at < file.length; at += step)
    chunks.push({ encoding: "base64", text: toBase64(file.subarray(at, at + step)) });
  return chunks;
};

const cutText = (text: string, maxBytes: number): readonly Chunk[] => {
  const chunks: Chunk[] = [];
  for (let from = 0; from < text.length; ) {
    const to = endOfPiece(text, from, maxBytes);
    chunks.push({ encoding: "utf8", text: text.slice(from, to) });
    from = to;
  }
  return chunks;
};

const endOfPiece = (text: string, from: number, maxBytes: number): number => {
  let bytes = 0;
  let afterLine = -1;
  for (let at = from; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    bytes += unitBytes(unit);
    if (bytes > maxBytes && at > from) {
      if (afterLine > 0) return afterLine;
      const splitsPair = unit >= 0xdc00 && unit <= 0xdfff;
      return splitsPair && at - 1 > from ? at - 1 : splitsPair ? at + 1 : at;
    }
    if (unit === 0x0a && bytes > maxBytes / 2) afterLine = at + 1;
  }
  return text.length;
};
