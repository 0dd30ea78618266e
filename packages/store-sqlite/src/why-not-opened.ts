/** SQLite has one word for a database that is gone and for a file beside it that cannot be made; the system has more. */
import fs from "node:fs";
import path from "node:path";

interface Files {
  readonly accessSync: (path: string, mode: number) => void;
  readonly openSync: (path: string, flags: string) => number;
  readonly closeSync: (descriptor: number) => void;
}

/**
 * What keeps SQLite from opening a database or making its `-shm` file: the system's code, such as `EROFS`, `ENOENT` or
 * `EMFILE`; `undefined` where the system sees nothing in the way. Never opens the database itself: closing it again would drop
 * the locks that SQLite holds on it in this process.
 */
export const whyNotOpened = (database: string, files: Files = fs): string | undefined => {
  const directory = path.dirname(database);
  try {
    files.accessSync(database, fs.constants.R_OK);
    files.closeSync(files.openSync(directory, "r"));
    files.accessSync(directory, fs.constants.W_OK);
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
};
