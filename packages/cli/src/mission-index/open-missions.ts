/**
 * Which missions may have something to be taken up: files beside the ledger, so that `ready` need not read thousands of logs that
 * are closed. Kept as the index of worktrees is, and as little believed: what is ready always comes from the log.
 *
 * - A mission is put down before anything is appended to it. It is taken out by who finds nothing in it, once it is an hour old.
 * - A name that was not there when all missions were looked at is looked at, whoever put it there.
 * - Without the mark that nothing is missing, and where many names are new, all missions are looked at.
 */
import fs from "node:fs";
import path from "node:path";
import type { EventStore } from "@mission-ledger/core";
import { missionCategory, slugOfStream } from "@mission-ledger/core/mission";
import { slugIn, worktreeIndex, youngMs } from "./worktree-index.ts";

/** All missions of a ledger under names that cost little to get, and perhaps some that are none. */
export interface MissionNames {
  /** In the order in which they came, which is the same as long as nothing changed. */
  readonly names: readonly string[];
  /** `undefined` for what is no mission. */
  slugOf(name: string): string | undefined;
}

export interface OpenMissions {
  /** Slugs, sorted, of those missions that have to be looked at; `undefined` where all have to. */
  among(names: MissionNames): readonly string[] | undefined;
  /** Throws nothing: what cannot be put down makes the index incomplete. */
  note(slug: string): void;
  /** After all missions were looked at: all, and those that are open. Throws nothing. */
  complete(all: MissionNames, open: readonly string[]): void;
  /** Nothing of it can be taken up until something is appended to it; kept while it is young. */
  drop(slug: string): void;
  /** Events came in that nobody put down. */
  invalidate(): void;
}

/** Names of the files of logs, begun or not: to look into thousands takes long. Throws what `node:fs` throws. */
export const namesOfLogs = (directory: string): MissionNames => ({
  names: fs.readdirSync(path.join(directory, "log")),
  slugOf: (name) => (name.endsWith(logEnd) ? slugIn(name.slice(0, -logEnd.length)) : undefined),
});

export const namesOfMissions = (slugs: readonly string[]): MissionNames => ({
  names: slugs,
  slugOf: (slug) => slug,
});

const logEnd = ".jsonl";

/** In place of a worktree's id: the missions of the whole ledger. */
const everywhere = "0".repeat(32);

/** So many new names cost less to look at than all. */
const mostNew = 64;

export const openMissions = (options: {
  readonly folder: string;
  readonly now?: () => number;
}): OpenMissions => {
  const { missionsOf, note, complete, drop, invalidate } = worktreeIndex(options);
  const file = path.join(options.folder, "known");
  return {
    among: ({ names, slugOf }) => {
      const open = missionsOf(everywhere);
      if (open === undefined) return undefined;
      try {
        const known = fs.readFileSync(file, "utf8");
        if (names.join("\n") === known) return open;
        const old = new Set(known.split("\n"));
        const fresh = names.filter((name) => !old.has(name)).flatMap((name) => slugOf(name) ?? []);
        return fresh.length > mostNew ? undefined : [...new Set([...open, ...fresh])].sort();
      } catch {
        return undefined;
      }
    },
    note: (slug) => note(everywhere, slug),
    complete: ({ names }, open) => {
      try {
        invalidate();
        fs.mkdirSync(options.folder, { recursive: true, mode: 0o700 });
        fs.writeFileSync(file, names.join("\n"), { mode: 0o600 });
        complete(new Map([[everywhere, new Set(open)]]));
      } catch {
        invalidate();
      }
    },
    drop: (slug) => drop(everywhere, slug),
    invalidate,
  };
};

/** The store, with the mission of every append put down before it is written; who writes on does so again before it is old. */
export const notingOpenMissions = (
  store: EventStore,
  index: OpenMissions,
  now: () => number = Date.now,
): EventStore => {
  const noted = new Map<string, number>();
  return {
    ...store,
    append: async (request) => {
      const { stream } = request.commit;
      const at = now();
      const before = noted.get(stream);
      const isOurs = stream.startsWith(`${missionCategory}-`);
      if (!isOurs || (before !== undefined && at - before < youngMs / 2)) return store.append(request);
      const slug = slugOfStream(stream);
      index.note(slug);
      const answer = await store.append(request);
      // Who found nothing in it a moment ago may have taken it out between the two.
      index.note(slug);
      if (noted.size >= mostNoted) noted.clear();
      noted.set(stream, at);
      return answer;
    },
  };
};

/** Missions that one process keeps in mind; one that is forgotten is put down once more. */
const mostNoted = 1_024;
