/** The two queries of a page: its events' columns as one text, those of the commands that begin in it as another. */
import { lastRevisionSql } from "./read/read-stream.ts";
import { commandColumns, eventColumns } from "./schema/rows.ts";

const nullable = ["previous", "correlation_id", "causation_id"];

/** A LF behind each column, as its checksum takes it, and behind the checksum. As bytes, which are not decoded twice. */
const rowTexts = (alias: string, columns: string): string => {
  const all = columns
    .split(", ")
    .map((name) => (nullable.includes(name) ? `coalesce(${alias}.${name}, '')` : `${alias}.${name}`));
  return `CAST(group_concat(concat_ws(char(10), ${all.join(", ")}, ''), '') AS BLOB)`;
};

// In a joined text it cannot be seen any more what a value was. SQLite orders numbers before texts before blobs, and a comparison
// with NULL is not true; a column of TEXT turns a number that is stored in it to a text. Looked at is what a reader of rows would
// notice: who takes a blob of the right characters for a text everywhere else has the right characters, says the checksum.
// A plus takes a column's affinity away: for its sake SQLite would look at each constant whether it is a number, row after row.
const isText = (column: string): string => `+${column} < x''`;
const isNumber = (column: string): string => `+${column} < ''`;
/** An empty text would look like NULL. */
const isNullOrText = (column: string): string =>
  `(${column} IS NULL OR (+${column} > '' AND +${column} < x''))`;
const all = (alias: string, names: string, test: (column: string) => string): string[] =>
  names.split(" ").map((name) => test(`${alias}.${name}`));
const soundCommand = [
  ...all("c", "command_id recorded_at actor", isText),
  ...all("c", nullable.join(" "), isNullOrText),
  ...all("c", "crc", isNumber),
].join(" AND ");
const soundEvent = [...all("e", "id type digest", isText), ...all("e", "command version crc", isNumber)].join(
  " AND ",
);
const inPage = "e.stream = ? AND e.revision > ? AND e.revision <= ?";

/**
 * Takes a stream, the same once more, the revision before the page and its last one. Gives the stream's last revision, the
 * number of the page's events and their text.
 */
export const eventPageSql: string = `SELECT (${lastRevisionSql}), count(*), ${rowTexts("e", eventColumns)} FROM events e WHERE ${inPage} AND ${soundEvent}`;

/**
 * Takes a stream, the revision before the page and its last one. Gives the text of the commands that begin in the page. A query
 * of its own finds them by the index of streams alone, without an event's row; CROSS has SQLite keep to that order.
 */
export const commandPageSql: string = `SELECT ${rowTexts("c", commandColumns)} FROM events e CROSS JOIN commands c ON c.position = e.position WHERE ${inPage} AND ${soundCommand}`;
