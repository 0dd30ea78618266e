/** Who holds SQLite's locks, where the system tells. Opens none of the database's files: closing one would drop our own locks. */
import { readFileSync } from "node:fs";
import { statusOf } from "../location/database-place.ts";

/** Bytes of the -shm file that are locked: by the one who writes; by everybody who has the database open. Source: sqlite.org/walformat.html. */
const writeLockByte = 120;
const openLockByte = 128;

/** The process that has the write lock; `undefined` if nobody can be seen to have it. */
export const holderOf = (path: string): number | undefined => holdersAt(path, writeLockByte, "WRITE")[0];

/** Whether a process can be seen to have the database open. */
export const isHeld = (path: string): boolean => holdersAt(path, openLockByte).length > 0;

const holdersAt = (path: string, byte: number, kind?: string): readonly number[] => {
  try {
    const shm = statusOf(`${path}-shm`);
    if (shm === undefined || process.platform !== "linux") return [];
    return lockHolders(readFileSync("/proc/locks", "latin1"), shm.ino, byte, kind);
  } catch {
    return []; // it is asked for a message or a caution about something else
  }
};

/** From the text of `/proc/locks`: `1: POSIX  ADVISORY  WRITE 4711 fe:00:1234 120 120`. Waiters (`->`) are left out. */
const lockHolders = (locks: string, ino: number, byte: number, kind?: string): readonly number[] =>
  locks.split("\n").flatMap((line) => {
    const [, , , held, pid, file = "", first = "", last = ""] = line.split(/\s+/);
    if (file.split(":")[2] !== String(ino) || (kind !== undefined && held !== kind)) return [];
    const reaches = Number(first) <= byte && (last === "EOF" || Number(last) >= byte);
    return reaches && Number(pid) > 0 ? [Number(pid)] : [];
  });
