/** Put into the bundled command by bundle-cli.mjs: the JavaScript of better-sqlite3, run when a ledger asks for SQLite. */
export const bundledBetterSqlite = () => require("better-sqlite3");
