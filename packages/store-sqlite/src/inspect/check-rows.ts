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
const linesSql = `SELECT ${lineColumns} FROM lines ORDER BY stream, after_revision, place`;
const eventColumnCount = 10;

export interface RowCheck {
  readonly db: SqlDatabase;
  readonly findings: FindingList;
  /** Compute the digest of every event again, and check the chain. */
  readonly digests: boolean;
  /** Waited for now and then; what it throws ends the check. */
  readonly turn: () => Promise<void>;
}

export const checkRows = async (check: RowCheck): Promise<readonly StreamSummary[]> => {
  const { findings, digests } = check;
  const streams = new Map<string, Counted>();
  const streamOf = (stream: string): Counted => {
    const known = streams.get(stream) ?? { commands: 0, events: 0, head: emptyHead };
    streams.set(stream, known);
    return known;
  };
  let position = 0;
  let lastDigest: string | null = null;
  await eachRow(check, eventsSql, (row) => {
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
      if (!digests) return;
      const broken = checkLink({ revision: event.revision - 1, digest: before.digest }, recorded);
      if (broken !== undefined) findings.add({ kind: "link", why: broken._tag, ...at });
    } catch (error) {
      if (!(error instanceof DamagedRow)) throw error;
      findings.add({ kind: "row", why: `${String(error.at.table)}: ${error.message}`, ...at });
    }
  });
  await checkCommands(check, streamOf, position);
  await checkLines(check);
  return [...streams]
    .map(([stream, counted]) => ({ stream, ...counted }))
    .sort((one, other) => (one.stream < other.stream ? -1 : 1));
};

/** Rows between two looks at the time. */
const rowsInOneGo = 64;

/** Not a generator: to be awaited for each row would take longer than most rows do. */
const eachRow = async (
  { db, turn }: Pick<RowCheck, "db" | "turn">,
  sql: string,
  take: (row: SqlRow) => void,
): Promise<void> => {
  let taken = 0;
  for (const row of db.prepare(sql).raw().iterate() as IterableIterator<SqlRow>) {
    take(row);
    taken += 1;
    if (taken % rowsInOneGo === 0) await turn();
  }
  await turn();
};

const commandAt = (row: SqlRow, from: number): StoredCommand => {
  if (row[from] === null) throw new DamagedRow("its command is missing", { table: "events" });
  return commandOf(row, from);
};

/** Commands are counted, and each has to lead to the next: otherwise events at the end of the log could be gone unseen. */
const checkCommands = async (
  check: RowCheck,
  streamOf: (stream: string) => Counted,
  last: number,
): Promise<void> => {
  const { findings } = check;
  let next = 1;
  await eachRow(check, commandsSql, (row) => {
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
  });
  if (next !== last + 1)
    findings.add({
      kind: "gap",
      why: `commands end before position ${next}, events at ${last}`,
      position: Math.min(next, last + 1),
    });
};

/** What counts for nothing decides nothing, but a copy could no longer give the log back byte for byte. */
const checkLines = (check: RowCheck): Promise<void> =>
  eachRow(check, linesSql, (row) => {
    if (!isWholeLine(row))
      check.findings.add({
        kind: "row",
        why: "lines: its checksum is wrong",
        stream: String(row[0]),
        revision: Number(row[1]),
      });
  });
