/** What a rebuild costs without a ledger: the same views folded over the same files or rows, nothing checked and nothing kept. */
import fs from "node:fs";
import path from "node:path";
import { board, claims, ready, reviews } from "@mission-ledger/core/mission";

const views = [board, ready, claims, reviews];
const blockBytes = 65_536;

const newStates = () => views.map(({ initial }) => JSON.parse(JSON.stringify(initial)));

const fold = (states, type, data, meta) => {
  const event = { ...data, type };
  for (let index = 0; index < views.length; index += 1) {
    const handler = views[index].when[type];
    if (handler !== undefined) states[index] = handler(states[index], event, meta);
  }
};

/** Reads a log in blocks of 64 KiB, parses each line, folds each event. Answers how many there were, and the views. */
export const foldFileBare = (file) => {
  const states = newStates();
  const fd = fs.openSync(file, "r");
  const block = Buffer.allocUnsafe(blockBytes);
  let rest = Buffer.alloc(0);
  let events = 0;
  for (;;) {
    const got = fs.readSync(fd, block, 0, blockBytes, null);
    if (got === 0) break;
    // Half a character at the end of a block must not be decoded alone.
    const end = block.lastIndexOf(0x0a, got - 1);
    if (end < 0) {
      rest = Buffer.concat([rest, block.subarray(0, got)]);
      continue;
    }
    const text = rest.toString("utf8") + block.toString("utf8", 0, end + 1);
    rest = Buffer.from(block.subarray(end + 1, got));
    for (let at = 0, lineEnd = text.indexOf("\n"); lineEnd >= 0; lineEnd = text.indexOf("\n", at)) {
      const record = JSON.parse(text.slice(at, lineEnd));
      at = lineEnd + 1;
      const list = record.events;
      for (let index = 0; index < list.length; index += 1) {
        const { id, type, data } = list[index];
        fold(states, type, data, {
          id,
          recordedAt: record.recordedAt,
          actor: record.actor,
          revision: events,
        });
        events += 1;
      }
    }
  }
  fs.closeSync(fd);
  return { events, states };
};

export const foldFilesBare = (directory, streams) => {
  let events = 0;
  for (const stream of streams) events += foldFileBare(path.join(directory, "log", `${stream}.jsonl`)).events;
  return events;
};

const pageRows = 512;

/** Pages through each stream's rows, parses their data, folds each event. */
export const foldRowsBare = (database, streams) => {
  const page = database
    .prepare(
      `SELECT e.revision, e.id, e.type, e.data, c.recorded_at, c.actor FROM events e JOIN commands c ON c.position = e.command WHERE e.stream = ? AND e.revision > ? ORDER BY e.revision LIMIT ${pageRows}`,
    )
    .raw();
  let events = 0;
  for (const stream of streams) {
    const states = newStates();
    for (let reached = -1; ; ) {
      const rows = page.all(stream, reached);
      for (const [revision, id, type, data, recordedAt, actor] of rows) {
        fold(states, type, JSON.parse(data), { id, recordedAt, actor, revision });
        reached = revision;
      }
      events += rows.length;
      if (rows.length < pageRows) break;
    }
  }
  return events;
};
