/** The SQLite store: one database file, many processes on one machine, flushed and read back. */

export {};
