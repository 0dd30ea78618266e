/** The part of better-sqlite3 that the store uses, so that a test or a bundle can put its own in the place. */

export type SqlValue = string | number | null;
export type SqlRow = readonly SqlValue[];

export interface SqlStatement {
  run(...values: readonly SqlValue[]): unknown;
  get(...values: readonly SqlValue[]): unknown;
  all(...values: readonly SqlValue[]): unknown[];
  iterate(...values: readonly SqlValue[]): IterableIterator<unknown>;
  /** Rows as lists of values in the order of the columns. */
  raw(): SqlStatement;
}

export interface SqlDatabase {
  /** Not closed yet. */
  readonly open: boolean;
  readonly inTransaction: boolean;
  prepare(sql: string): SqlStatement;
  exec(sql: string): unknown;
  pragma(text: string, options?: { readonly simple?: boolean }): unknown;
  close(): unknown;
}

export interface SqlOpenOptions {
  readonly readonly?: boolean;
  readonly fileMustExist: boolean;
  /** Milliseconds that SQLite itself waits for a lock: always 0, since its waiting starves processes. */
  readonly timeout: 0;
  readonly nativeBinding?: string;
}

export type SqlDriver = new (path: string, options: SqlOpenOptions) => SqlDatabase;

/** Loads the driver with its native part, or throws. Called once, when the first connection is opened. */
export type LoadDriver = () => SqlDriver;
