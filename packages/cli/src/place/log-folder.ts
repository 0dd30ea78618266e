/** For commands that are about log files: the folder of the file store, or why there is nothing here for them to do. */

import type { CommandContext } from "../command/spec.ts";
import { usage } from "../output/problem.ts";
import { ledgerNotFound } from "./place.ts";

/** Why not, as the end of a sentence: "plan.db is a SQLite database, and …". */
export interface NotFiles {
  readonly sqlite: string;
  readonly server: string;
  readonly host: string;
  readonly hint?: string;
}

/** Throws `USAGE` where the ledger is not kept in files. Nothing was looked at then. */
export const logFolderOf = async (
  { place: find, say, sayAt }: Pick<CommandContext, "place" | "say" | "sayAt">,
  { sqlite, server, host, hint }: NotFiles,
): Promise<string> => {
  const place = await find();
  if (place.directory !== null) return place.directory;
  if (place.store === "host") throw usage(`the host program brings its own ledger, and ${host}`);
  if (place.exists === false) throw ledgerNotFound(place, { say, sayAt });
  if (place.store === "eventstoredb") throw usage(`${place.address} is a server, and ${server}`, hint);
  throw usage(`${place.path} is a SQLite database, and ${sqlite}`, hint);
};
