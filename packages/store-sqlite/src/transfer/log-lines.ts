/**
 * The table `lines`: what a log of the file store holds beside the commands that count, kept so that it comes back byte for
 * byte. Commands that were written here have none of it.
 */
import type { TransferAside, TransferCommit } from "@mission-ledger/core";
import type { Connection } from "../connection/connection.ts";
import type { SqlRow, SqlValue } from "../driver/driver.ts";
import { crcOfColumns } from "../schema/checksum.ts";
import { DamagedRow } from "../schema/rows.ts";

/** In `kind`: the line of a command that counts, as another program wrote it. */
const ofCommand = "record";
/** In `place` of such a line: before those that stand behind the same event. */
const commandPlace = -1;

export const lineColumns = "stream, after_revision, place, kind, encoding, text, crc";
const insertLineSql = `INSERT INTO lines (${lineColumns}) VALUES (?, ?, ?, ?, ?, ?, ?)`;
const linesSql = `SELECT ${lineColumns} FROM lines WHERE stream = ? AND after_revision = ? ORDER BY place`;
const anySql = "SELECT 1 FROM lines WHERE stream = ? LIMIT 1";
const countSql = "SELECT count(*) FROM lines WHERE stream = ? AND after_revision = ? AND place >= 0";

export const asideRow = (aside: TransferAside, afterRevision: number, place: number): SqlRow =>
  sealedRow(aside.stream, afterRevision, place, aside.kind, aside.line);

/** `undefined` where the command gives its line by itself. */
export const commandLineRow = ({ commit, verbatim }: TransferCommit): SqlRow | undefined =>
  verbatim === undefined
    ? undefined
    : sealedRow(commit.stream, commit.firstRevision - 1, commandPlace, ofCommand, verbatim);

const sealedRow = (
  stream: string,
  afterRevision: number,
  place: number,
  kind: string,
  line: Uint8Array,
): SqlRow => {
  const bytes = Buffer.from(line.buffer, line.byteOffset, line.byteLength);
  const text = bytes.toString("utf8");
  // A line may have been torn in the middle of a character; and NUL ends a text for many of SQLite's functions.
  const isText = !text.includes("\0") && Buffer.from(text).equals(bytes);
  const columns: SqlValue[] = [
    stream,
    afterRevision,
    place,
    kind,
    isText ? "utf8" : "base64",
    isText ? text : bytes.toString("base64"),
  ];
  columns.push(crcOfColumns(columns));
  return columns;
};

export const insertLine = (connection: Connection, row: SqlRow): void =>
  void connection.prepare(insertLineSql).run(...row);

/** How many lines that count for nothing stand behind an event. */
export const asidesBehind = (connection: Connection, stream: string, revision: number): number =>
  Number((connection.rows(countSql).get(stream, revision) as SqlRow)[0]);

export const hasLines = (connection: Connection, stream: string): boolean =>
  connection.rows(anySql).get(stream) !== undefined;

export interface LinesBehind {
  /** The line of the command that begins behind the event. */
  readonly ofCommand: Uint8Array | undefined;
  readonly asides: readonly TransferAside[];
}

/** What stands behind an event; behind -1, at the start of the stream. Throws `DamagedRow`. */
export const linesBehind = (connection: Connection, stream: string, revision: number): LinesBehind => {
  let own: Uint8Array | undefined;
  const asides: TransferAside[] = [];
  for (const row of connection.rows(linesSql).all(stream, revision) as SqlRow[]) {
    const [, , place, kind] = row;
    const at = { table: "lines", revision, place: place ?? null };
    if (!isWholeLine(row)) throw new DamagedRow("its checksum is wrong", at);
    const line = bytesOf(row);
    if (kind === ofCommand) own = line;
    else if (place !== asides.length) throw new DamagedRow("a line before it is missing", at);
    else
      asides.push({
        _tag: "Aside",
        stream,
        kind: kind as TransferAside["kind"],
        line,
        bytes: line.length + 1,
      });
  }
  return { ofCommand: own, asides };
};

/** Whether a row of {@link lineColumns} carries the checksum of its other columns. */
export const isWholeLine = (row: SqlRow): boolean => crcOfColumns(row, 6) === row[6];

const bytesOf = ([, , , , encoding, text]: SqlRow): Buffer =>
  Buffer.from(String(text), encoding === "base64" ? "base64" : "utf8");
