/** What a database has to say about itself: its pages, tables, rows and gaps. For verify and doctor; reads only. */
import fs from "node:fs";
import { type CancelSignal, LedgerError } from "@mission-ledger/core";
import { type Ledger, missionCategory, slugOfStream } from "@mission-ledger/core/mission";
import type { DatabaseFinding, DatabaseReport, LoadDriver } from "@mission-ledger/store-sqlite";
import type { LogProblem } from "../command/check-log.ts";
import type { Checked } from "../command/damage-step.ts";
import { selectMissions } from "../command/refs.ts";
import type { CommandContext } from "../command/spec.ts";
import { sqliteStore } from "../store/sqlite.ts";

/** The facts that are shown; what is wrong is told as problems. */
export interface DatabaseFacts {
  readonly path: string;
  readonly ledgerId: string | null;
  readonly commands: number;
  readonly bytes: number;
  readonly walBytes: number;
}

export interface InspectedDatabase {
  readonly facts: DatabaseFacts;
  /** A flush failed, and the database was not written anew since. */
  readonly suspect: boolean;
  /** Every row of it is whole; see `DatabaseReport`. */
  readonly rowsWhole: boolean;
  /** Of one stream, or of the database as such. */
  readonly problems: readonly LogProblem[];
  /** Streams that rows were found of, also where the store itself can no longer list them. */
  readonly streams: readonly string[];
  /** Commands that were found of a stream. */
  commandsOf(stream: string): number;
}

/** Everything but digests, which are checked stream by stream. `undefined` where no database keeps the ledger. */
export const inspectDatabaseOf = async (
  context: CommandContext,
  signal: CancelSignal | undefined,
): Promise<InspectedDatabase | undefined> => {
  const { store, path } = await context.place();
  if (store !== "sqlite" || path === null) return undefined;
  const { inspectDatabase } = await sqliteStore();
  const { loadDriver } = context;
  try {
    const report = await inspectDatabase({
      path,
      digests: false,
      ...(signal === undefined ? {} : { signal }),
      ...(loadDriver === undefined ? {} : { loadDriver: loadDriver as LoadDriver }),
    });
    const emptied = !report.exists && isThere(`${path}-cache`) ? [emptiedDatabase(path)] : [];
    return inspected(path, report, [...problemsIn(report), ...emptied]);
  } catch (error) {
    // What cannot be read at all is the finding, unless nobody could look.
    if (!LedgerError.is(error) || !error.code.startsWith("LOG_")) throw error;
    const { code, message } = error;
    return inspected(path, undefined, [{ code, stream: "", revision: null, offset: null, message }]);
  }
};

const isThere = (file: string): boolean => fs.lstatSync(file, { throwIfNoEntry: false }) !== undefined;

/** Bytes that the disk never wrote, or somebody emptied the file: what was remembered of it is all that is left here. */
const emptiedDatabase = (path: string): LogProblem => ({
  code: "LOG_REPLACED",
  stream: "",
  revision: null,
  offset: null,
  message: `${path} holds nothing, though something was remembered of it in ${path}-cache`,
});

const inspected = (
  path: string,
  report: DatabaseReport | undefined,
  problems: readonly LogProblem[],
): InspectedDatabase => {
  const { ledgerId = null, commands = 0, bytes = 0, walBytes = 0, streams = [] } = report ?? {};
  return {
    facts: { path, ledgerId, commands, bytes, walBytes },
    suspect: report?.suspect ?? false,
    rowsWhole: report?.rowsWhole ?? false,
    problems,
    streams: streams.map(({ stream }) => stream),
    commandsOf: (stream) => streams.find((one) => one.stream === stream)?.commands ?? 0,
  };
};

const problemsIn = ({ findings, findingsLeftOut }: DatabaseReport): readonly LogProblem[] => [
  ...findings.map(problemOf),
  ...(findingsLeftOut === 0
    ? []
    : [
        {
          code: "LOG_CORRUPT",
          stream: "",
          revision: null,
          offset: null,
          message: `and ${findingsLeftOut} more findings of this kind`,
        },
      ]),
];

const problemOf = ({ kind, why, position, stream = "", revision }: DatabaseFinding): LogProblem => ({
  code: "LOG_CORRUPT",
  stream,
  revision: revision ?? null,
  offset: null,
  message: `${whats[kind]}${position === undefined ? "" : ` at position ${position}`}: ${why}`,
});

const whats: Readonly<Record<DatabaseFinding["kind"], string>> = {
  integrity: "SQLite finds its file damaged",
  schema: "the tables are not as they were made",
  row: "a row is not what was written",
  gap: "something is missing",
  link: "the chain is broken",
};

/** Where a damaged database cannot list its missions any more, what its rows still tell. */
export const selectInspected = async (
  ledger: Ledger,
  mission: string | undefined,
  database: InspectedDatabase | undefined,
): Promise<readonly string[]> => {
  try {
    return await selectMissions(ledger, mission);
  } catch (error) {
    if (!LedgerError.is(error) || !error.code.startsWith("LOG_") || database === undefined) throw error;
    if (database.problems.length === 0) throw error;
    const slugs = database.streams
      .filter((stream) => stream.startsWith(`${missionCategory}-`))
      .map(slugOfStream);
    return mission === undefined ? slugs : slugs.filter((slug) => slug === mission);
  }
};

/** As far as the next step depends on it. */
export const checkedDatabase = ({ facts: { path }, rowsWhole }: InspectedDatabase): Checked => ({
  path,
  rowsWhole,
});

/** What a failed flush left to be done; `undefined` if none did. */
export const suspectNote = ({ facts: { path }, suspect }: InspectedDatabase): string | undefined =>
  suspect
    ? `${path}: a flush failed and was not recovered since; look at the system log for the disk, and the next write first writes the database anew`
    : undefined;

/** From here on a write-ahead log is longer than SQLite keeps it by itself. Source: `journal_size_limit` of the store. */
const longWalBytes = 67_108_864;

/** Why the `-wal` file is as long as it is; `undefined` while it is not worth a word. */
export const longWalNote = ({ facts: { path, walBytes } }: InspectedDatabase): string | undefined =>
  walBytes <= longWalBytes
    ? undefined
    : `${path}-wal is ${Math.round(walBytes / 1_048_576)} MiB long: some program has been reading from the database in one go since; end it, and the next write empties the file`;
