/**
 * Which missions may have work under way in a worktree: files beside the ledger, so that nobody has to read thousands of logs
 * to find the one. Only a hint: what stands in a mission is always read from its log.
 *
 * - A claim's mission is put down before the claim is written, so no process can die in between and leave a claim without it.
 *   One that was put down and never written costs a look at its log.
 * - The file `complete` says that nothing is missing: a search of the whole ledger was put down, and every claim since.
 *   Without it, as where somebody deleted the cache, the whole ledger is searched again.
 */
import fs from "node:fs";
import path from "node:path";
import type { EventStore } from "@mission-ledger/core";
import { missionCategory, missionStream, slugOfStream } from "@mission-ledger/core/mission";
import { decodeStreamName, encodeStreamName } from "@mission-ledger/store-file";

export interface WorktreeIndex {
  /** Slugs, sorted; `undefined` where the whole ledger has to be searched. */
  missionsOf(worktree: string): readonly string[] | undefined;
  /** Throws nothing: what cannot be put down makes the index incomplete. */
  note(worktree: string, slug: string): void;
  /** After a search of the whole ledger: slugs by worktree. Throws nothing. */
  complete(found: ReadonlyMap<string, ReadonlySet<string>>): void;
  /** Nothing of that mission is done in the worktree any more; kept while it is young, as a claim may be on its way. */
  drop(worktree: string, slug: string): void;
  /** Claims came in that nobody put down. */
  invalidate(): void;
}

const worktreePattern = /^[0-9a-f]{32}$/;
const completeName = "complete";
/** A claim that takes longer from being put down to being written was not made by a process that still runs. */
export const youngMs = 3_600_000;

export interface WorktreeIndexOptions {
  /** Made when something is put down. */
  readonly folder: string;
  /** Milliseconds since 1970, as the file system counts them. @defaultValue the system's */
  readonly now?: () => number;
}

export const worktreeIndex = ({ folder, now = Date.now }: WorktreeIndexOptions): WorktreeIndex => {
  const complete = path.join(folder, completeName);
  const entry = (worktree: string, slug: string): string =>
    path.join(folder, worktree, encodeStreamName(missionStream(slug)));
  const invalidate = (): void => {
    try {
      fs.unlinkSync(complete);
    } catch {
      // It is not there, or nothing can be written here at all; then no claim was either.
    }
  };
  const put = (worktree: string, slug: string): void => {
    const name = entry(worktree, slug);
    fs.mkdirSync(path.dirname(name), { recursive: true, mode: 0o700 });
    const time = new Date(now());
    try {
      fs.closeSync(fs.openSync(name, "wx", 0o600));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    fs.lutimesSync(name, time, time);
  };
  const isThere = (name: string): boolean => {
    try {
      return fs.lstatSync(name).isFile();
    } catch {
      return false;
    }
  };
  return {
    missionsOf: (worktree) => {
      if (!worktreePattern.test(worktree) || !isThere(complete)) return undefined;
      try {
        return namesIn(path.join(folder, worktree))
          .flatMap((name) => slugIn(name) ?? [])
          .sort();
      } catch {
        return undefined;
      }
    },
    note: (worktree, slug) => {
      if (!worktreePattern.test(worktree)) return;
      try {
        put(worktree, slug);
      } catch {
        invalidate();
      }
    },
    complete: (found) => {
      try {
        for (const [worktree, slugs] of found)
          if (worktreePattern.test(worktree)) for (const slug of slugs) put(worktree, slug);
        fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
        fs.closeSync(fs.openSync(complete, "w", 0o600));
      } catch {
        invalidate();
      }
    },
    drop: (worktree, slug) => {
      try {
        const name = entry(worktree, slug);
        if (now() - fs.lstatSync(name).mtimeMs > youngMs) fs.unlinkSync(name);
      } catch {
        // It costs one look at a log each time.
      }
    },
    invalidate,
  };
};

const namesIn = (folder: string): readonly string[] => {
  try {
    return fs.readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
};

export const slugIn = (name: string): string | undefined => {
  const stream = decodeStreamName(name);
  return stream?.startsWith(`${missionCategory}-`) ? slugOfStream(stream) : undefined;
};

/** The store, with the worktree of every claim put down before the claim is written. */
export const notingWorktrees = (store: EventStore, index: WorktreeIndex): EventStore => ({
  ...store,
  append: (request) => {
    for (const { type, stream, data } of request.commit.events) {
      const worktree = says.has(type) ? worktreeIn(data) : undefined;
      if (worktree !== undefined) index.note(worktree, slugOfStream(stream));
    }
    return store.append(request);
  },
});

/** Events that name the place of a claim. */
const says: ReadonlySet<string> = new Set(["WorkPackageClaimed", "ClaimRenewed"]);

/** As it stands in an event whose shape nobody has checked yet. A review's claim costs a look at its log. */
const worktreeIn = ({ workplace }: Readonly<Record<string, unknown>>): string | undefined => {
  const worktree = isRecord(workplace) ? workplace.worktree : undefined;
  const id = isRecord(worktree) ? worktree.id : undefined;
  return typeof id === "string" ? id : undefined;
};

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;
