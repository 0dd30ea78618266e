/** The first line of an archive: what follows it, so that the file can be told and checked without any ledger. */
import { isSealed, sealLine } from "../log/sealed-line.ts";

const archiveKind = "mission-ledger archive";
const archiveVersion = 1;

export interface ArchiveHeader {
  readonly stream: string;
  /** Lines of the log, those among them that count for nothing included. */
  readonly lines: number;
  readonly records: number;
  readonly events: number;
  /** Of the last event that counts. */
  readonly revision: number;
  readonly head: string | null;
  /** Of what follows this line: the log, byte for byte. */
  readonly bytes: number;
  /** SHA-256 of the same. */
  readonly sha256: string;
}

export const encodeHeader = (header: ArchiveHeader): Buffer =>
  sealLine(
    JSON.stringify({
      v: archiveVersion,
      kind: archiveKind,
      stream: header.stream,
      lines: header.lines,
      records: header.records,
      events: header.events,
      revision: header.revision,
      head: header.head,
      bytes: header.bytes,
      sha256: header.sha256,
    }),
  );

export type DecodedHeader =
  | { readonly _tag: "Header"; readonly header: ArchiveHeader }
  | { readonly _tag: "Newer"; readonly version: number }
  | { readonly _tag: "Damaged" };

/** Reads a line (without its LF) back. */
export const decodeHeader = (line: Buffer): DecodedHeader => {
  if (!isSealed(line)) return damaged;
  let parsed: Partial<Record<string, unknown>>;
  try {
    parsed = JSON.parse(line.toString("utf8")) as Partial<Record<string, unknown>>;
  } catch {
    return damaged;
  }
  const { v, kind, stream, lines, records, events, revision, head, bytes, sha256 } = parsed;
  if (kind !== archiveKind) return damaged;
  if (typeof v === "number" && v > archiveVersion) return { _tag: "Newer", version: v };
  const isHeader =
    v === archiveVersion &&
    typeof stream === "string" &&
    isCount(lines) &&
    // A mission without a line is none.
    lines > 0 &&
    isCount(records) &&
    isCount(events) &&
    Number.isSafeInteger(revision) &&
    (head === null || typeof head === "string") &&
    isCount(bytes) &&
    typeof sha256 === "string";
  if (!isHeader) return damaged;
  return {
    _tag: "Header",
    header: { stream, lines, records, events, revision: revision as number, head, bytes, sha256 },
  };
};

const damaged: DecodedHeader = { _tag: "Damaged" };

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
