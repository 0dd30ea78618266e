/** Which streams make a category, and how they are found. */
import type { Connection } from "../connection/connection.ts";
import type { SqlRow } from "../driver/driver.ts";

/** Whether a stream belongs to a category: what stands before the first `-` of its name. */
export const isOfCategory = (stream: string, category: string): boolean =>
  stream.startsWith(`${category}-`) && !category.includes("-");

/** Steps from one name to the next in the index of streams and revisions, whatever number of events lies between. */
const streamsSql = `
WITH RECURSIVE found (stream) AS (
  SELECT min(stream) FROM events WHERE stream >= ? AND stream < ?
  UNION ALL
  SELECT (SELECT min(stream) FROM events WHERE stream > found.stream AND stream < ?) FROM found
  WHERE found.stream IS NOT NULL
) SELECT stream FROM found WHERE stream IS NOT NULL`;

/** Names of the streams of a category, sorted. */
export const streamsOf = (connection: Connection, category: string): readonly string[] => {
  if (category.includes("-")) return [];
  // Names that begin with `mission-` lie between `mission-` and `mission.`, the character behind `-`.
  const rows = connection.rows(streamsSql).all(`${category}-`, `${category}.`, `${category}.`) as SqlRow[];
  return rows.map(([stream]) => String(stream)).sort();
};
