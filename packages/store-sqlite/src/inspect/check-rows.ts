/** Goes through every row of the log, once, in the order of positions. */
import { checkLink, emptyHead, type StreamHead } from "@mission-ledger/core";
import type { SqlDatabase, SqlRow } from "../driver/driver.ts";
import {
  commandColumns,
  commandOf,
  DamagedRow,
  eventOf,
  joinedSql,
  recordedEvent,
  type StoredCommand,
} from "../schema/rows.ts";
import { isWholeLine, lineColumns } from "../transfer/log-lines.ts";
import type { FindingList, StreamSummary } from "./report.ts";

interface Counted {
  commands: number;
  events: number;
  head: StreamHead;
}

/** Every event, also one whose command is missing. */
const eventsSql = `${joinedSql.replace(" JOIN ", " LEFT JOIN ")} ORDER BY e.position`;
const commandsSql = `SELECT ${commandColumns} FROM commands ORDER BY position`;
const eventColumnCount = 10;

export const checkRows = (
  db: SqlDatabase,
  findings: FindingList,
  digests: boolean,
): readonly StreamSummary[] => {
  const streams = new Map<string, Counted>();
  const streamOf = (stream: string): Counted => {
    const known = streams.get(stream) ?? { commands: 0, events: 0, head: emptyHead };
    streams.set(stream, known);
    return known;
  };
  let position = 0;
  let lastDigest: string | null = null;
  for (const row of db.prepare(eventsSql).raw().iterate() as IterableIterator<SqlRow>) {
    const at = { position: Number(row[0]), stream: String(row[2]), revision: Number(row[3]) };
    if (at.position !== position + 1)
      findings.add({
        kind: "gap",
        why: `positions ${position + 1} to ${at.position - 1} are missing`,
        ...at,
      });
    position = at.position;
    // Taken from the row although it may be damaged: one bad row is one finding, not also a gap before the next.
    const counted = streamOf(at.stream);
    const before = counted.head;
    const linkedTo = lastDigest;
    counted.events += 1;
    counted.head = { revision: at.revision, digest: String(row[8]) };
    lastDigest = String(row[8]);
    if (at.revision !== before.revision + 1)
      findings.add({ kind: "gap", why: `revision ${before.revision + 1} is missing`, ...at });
    try {
      const event = eventOf(row);
      const command = commandAt(row, eventColumnCount);
      const previous = command.position === event.position ? command.previous : linkedTo;
      const recorded = recordedEvent(event, command, previous);
      if (!digests) continue;
      const broken = checkLink({ revision: event.revision - 1, digest: before.digest }, recorded);
      if (broken !== undefined) findings.add({ kind: "link", why: broken._tag, ...at });
    } catch (error) {
      if (!(error instanceof DamagedRow)) throw error;
      findings.add({ kind: "row", why: `${String(error.at.table)}: ${error.message}`, ...at });
    }
  }
  checkCommands(db, findings, streamOf, position);
  checkLines(db, findings);
  return [...streams]
    .map(([stream, counted]) => ({ stream, ...counted }))
    .sort((one, other) => (one.stream < other.stream ? -1 : 1));
};

const commandAt = (row: SqlRow, from: number): StoredCommand => {
  if (row[from] === null) throw new DamagedRow("its command is missing", { table: "events" });
  return commandOf(row, from);
};

/** Commands are counted, and each has to lead to the next: otherwise events at the end of the log could be gone unseen. */
const checkCommands = (
  db: SqlDatabase,
  findings: FindingList,
  streamOf: (stream: string) => Counted,
  last: number,
): void => {
  let next = 1;
  for (const row of db.prepare(commandsSql).raw().iterate() as IterableIterator<SqlRow>) {
    const at = { position: Number(row[0]), stream: String(row[1]) };
    try {
      const command = commandOf(row);
      streamOf(command.stream).commands += 1;
      if (command.position !== next)
        findings.add({ kind: "gap", why: `no command has position ${next}`, ...at });
      next = command.position + command.events;
    } catch (error) {
      if (!(error instanceof DamagedRow)) throw error;
      // A damaged command of an event was reported there; where its events end is not known.
      findings.add({ kind: "row", why: `commands: ${error.message}`, ...at });
      next = at.position + Number(row[10]);
    }
  }
  if (next !== last + 1)
    findings.add({
      kind: "gap",
      why: `commands end before position ${next}, events at ${last}`,
      position: Math.min(next, last + 1),
    });
};

/** What counts for nothing decides nothing, but a copy could no longer give the log back byte for byte. */
const checkLines = (db: SqlDatabase, findings: FindingList): void => {
  const sql = `SELECT ${lineColumns} FROM lines ORDER BY stream, after_revision, place`;
  for (const row of db.prepare(sql).raw().iterate() as IterableIterator<SqlRow>)
    if (!isWholeLine(row))
      findings.add({
        kind: "row",
        why: "lines: its checksum is wrong",
        stream: String(row[0]),
        revision: Number(row[1]),
      });
};
