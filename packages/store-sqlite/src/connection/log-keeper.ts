/**
 * What keeps a write-ahead log from being checkpointed while the disk under it is not to be trusted. Pages that a checkpoint
 * puts into fresh blocks whose write fails are lost on ext4 for good, even when they are written anew into the same file later
 * and a flush says yes; in the log they are safe until the disk takes writes again.
 */
import { randomUUID } from "node:crypto";
import fs from "node:fs";
import type { LoadDriver, SqlDatabase } from "../driver/driver.ts";
import { statusOf } from "../location/database-place.ts";

/** Closed after the others, a connection that cannot write closes without the checkpoint of SQLite's last connection. */
export const openLogKeeper = (path: string, loadDriver: LoadDriver): SqlDatabase | undefined => {
  try {
    const Driver = loadDriver();
    const keeper = new Driver(path, { readonly: true, fileMustExist: true, timeout: 0 });
    keeper.prepare("SELECT count(*) FROM sqlite_schema").get();
    return keeper;
  } catch {
    return undefined; // then the log is checkpointed, or its checkpoint fails
  }
};

const chunk = Buffer.alloc(65_536, 0x6d);

/** Throws what the system throws unless the disk takes as many fresh bytes as the log would bring to the database. */
export const probeDisk = (path: string): void => {
  const wanted = statusOf(`${path}-wal`)?.size ?? 0;
  const probe = `${path}-probe-${randomUUID()}`;
  const fd = fs.openSync(probe, "wx", 0o600);
  try {
    for (let written = 0; written < wanted; ) written += fs.writeSync(fd, chunk);
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
    fs.unlinkSync(probe);
  }
};
