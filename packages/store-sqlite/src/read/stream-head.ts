/** Where a stream ends. */
import { emptyHead, type StreamHead } from "@mission-ledger/core";
import type { Connection } from "../connection/connection.ts";
import type { SqlRow } from "../driver/driver.ts";
import { eventColumns, eventOf } from "../schema/rows.ts";

const headSql = `SELECT ${eventColumns} FROM events WHERE stream = ? ORDER BY revision DESC LIMIT 1`;

/** The end of a stream as the connection sees it. Throws `DamagedRow`. */
export const readHead = (connection: Connection, stream: string): StreamHead => {
  const row = connection.rows(headSql).get(stream) as SqlRow | undefined;
  if (row === undefined) return emptyHead;
  const { revision, digest } = eventOf(row);
  return { revision, digest };
};
