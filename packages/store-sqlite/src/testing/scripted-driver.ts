/** better-sqlite3 with a hand in between: sees every statement before it runs, and may fail it. */
import Database from "better-sqlite3";
import type { LoadDriver, SqlDatabase, SqlDriver, SqlStatement } from "../driver/driver.ts";

export interface ScriptedDriver {
  readonly loadDriver: LoadDriver;
  /** Every connection that was opened on a file, closed ones too. */
  readonly opened: readonly Database.Database[];
  /** Called with each statement's text; what it throws is what SQLite says. */
  before: (sql: string) => void;
  /** Called with a text and the answer of a pragma; what it answers is what the caller sees. */
  answers: (pragma: string, answer: unknown) => unknown;
}

export const sqliteError = (code: string): Error => new Database.SqliteError(`made to fail: ${code}`, code);

export const scriptedDriver = (): ScriptedDriver => {
  const opened: Database.Database[] = [];
  const script: ScriptedDriver = {
    loadDriver: (): SqlDriver => Scripted,
    opened,
    before: () => {},
    answers: (_, answer) => answer,
  };
  const watched = (statement: Database.Statement, sql: string): SqlStatement => {
    const call =
      <A>(run: () => A) =>
      (): A => {
        script.before(sql);
        return run();
      };
    return {
      run: (...values) => call(() => statement.run(...values))(),
      get: (...values) => call(() => statement.get(...values))(),
      all: (...values) => call(() => statement.all(...values))(),
      iterate: (...values) => call(() => statement.iterate(...values))(),
      raw: () => watched(statement.raw(), sql),
    };
  };
  class Scripted implements SqlDatabase {
    readonly #db: Database.Database;
    constructor(path: string, options: Database.Options) {
      script.before(`open ${path}`);
      this.#db = new Database(path, options);
      if (path !== ":memory:") opened.push(this.#db);
    }
    get open(): boolean {
      return this.#db.open;
    }
    get inTransaction(): boolean {
      return this.#db.inTransaction;
    }
    prepare(sql: string): SqlStatement {
      return watched(this.#db.prepare(sql), sql);
    }
    exec(sql: string): unknown {
      script.before(sql);
      return this.#db.exec(sql);
    }
    pragma(text: string, given?: Database.PragmaOptions): unknown {
      script.before(`PRAGMA ${text}`);
      return script.answers(text, this.#db.pragma(text, given));
    }
    close(): unknown {
      return this.#db.close();
    }
  }
  return script;
};
