/**
 * The number under which a command leaves the database. One that came from elsewhere keeps the number it came with. Those that
 * were written here are numbered by position; they have to follow what stood before them, so they are raised by the highest
 * number that came in earlier. It depends on nothing that is written later: a copy that is run again finds the same numbers.
 */
import type { Connection } from "../connection/connection.ts";
import type { SqlRow } from "../driver/driver.ts";
import type { StoredCommand } from "../schema/rows.ts";

const pageSql =
  "SELECT position, origin, origin_seq FROM commands WHERE position > ? ORDER BY position LIMIT 10000";
const foreignSql = "SELECT 1 FROM commands WHERE origin <> ? LIMIT 1";
const idSql = "SELECT value FROM meta WHERE key = 'id'";

/** From a position on, commands that were written here are raised by so much. */
interface Raise {
  readonly from: number;
  readonly by: number;
}

export const ledgerNumbers = (connection: Connection): ((command: StoredCommand) => number) => {
  const id = String((connection.rows(idSql).get() as SqlRow | undefined)?.[0]);
  let raises: readonly Raise[] | undefined;
  return ({ origin, originSeq, position }) => {
    if (origin !== id) return originSeq;
    raises ??= findRaises(connection, id);
    return originSeq + (lastUpTo(raises, position)?.by ?? 0);
  };
};

const findRaises = (connection: Connection, id: string): readonly Raise[] => {
  if (connection.rows(foreignSql).get(id) === undefined) return [];
  const raises: Raise[] = [];
  let highest = 0;
  for (let after = 0; ; ) {
    const page = connection.rows(pageSql).all(after) as SqlRow[];
    for (const [position, origin, seq] of page)
      if (origin !== id) highest = Math.max(highest, Number(seq));
      else if (highest > (raises.at(-1)?.by ?? 0)) raises.push({ from: Number(position), by: highest });
    const last = page.at(-1);
    if (last === undefined) return raises;
    after = Number(last[0]);
  }
};

const lastUpTo = (raises: readonly Raise[], position: number): Raise | undefined =>
  raises.findLast(({ from }) => from <= position);
