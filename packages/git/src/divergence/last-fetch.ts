/** When this repository last learned where a branch of a remote stands: facts of git's own notes; nobody is asked. */
import { constants } from "node:fs";
import { open, readdir } from "node:fs/promises";
import path from "node:path";
import type { Upstream } from "../repository/branches.ts";
import { readRef } from "../repository/refs.ts";
import type { GitPlace } from "../run/git-place.ts";
import { askGit } from "../run/run-git.ts";

export interface LastFetch {
  /** ISO 8601. */
  readonly at: string;
  /**
   * `fetch`: a fetch asked for this branch and succeeded. `ref`: the remembered ref was written then, by a fetch, a push or
   * the clone; a later fetch may have found nothing new and left no note.
   */
  readonly from: "fetch" | "ref";
}

/** The youngest note of any worktree; `undefined` if there is none. */
export const readLastFetch = async (place: GitPlace, upstream: Upstream): Promise<LastFetch | undefined> => {
  const [fetched, written] = await Promise.all([fetchNote(place, upstream), refNote(place, upstream)]);
  const notes: readonly LastFetch[] = [
    ...(fetched === undefined ? [] : [{ at: new Date(fetched).toISOString(), from: "fetch" } as const]),
    ...(written === undefined ? [] : [{ at: new Date(written).toISOString(), from: "ref" } as const]),
  ];
  return notes.toSorted((one, other) => (one.at < other.at ? 1 : -1))[0];
};

/** Git writes one `FETCH_HEAD` for each worktree, anew with every fetch, and empties it when one begins. */
const fetchNote = async (place: GitPlace, { remote, remoteRef }: Upstream): Promise<number | undefined> => {
  const [common, url] = await Promise.all([
    askGit(place, ["rev-parse", "--path-format=absolute", "--git-common-dir"]),
    askGit(place, ["ls-remote", "--get-url", "--", remote]),
  ]);
  const worktrees = path.join(common, "worktrees");
  const names = await readdir(worktrees).catch(() => []);
  const note = `\tbranch '${remoteRef.replace(/^refs\/heads\//, "")}' of ${addressInNote(url)}\n`;
  const times = await Promise.all(
    [common, ...names.map((name) => path.join(worktrees, name))].map((folder) =>
      timeIfItSays(path.join(folder, "FETCH_HEAD"), note),
    ),
  );
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
};

const longestNote = 16_777_216;

/** A file that says nothing of this branch is no note about it, however young it is. */
const timeIfItSays = async (file: string, note: string): Promise<number | undefined> => {
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  } catch {
    return undefined;
  }
  try {
    const status = await handle.stat();
    if (!status.isFile() || status.size > longestNote) return undefined;
    return (await handle.readFile("utf8")).includes(note) ? status.mtimeMs : undefined;
  } finally {
    await handle.close();
  }
};

/** As git writes it there: without who logs in, without what every address may end with. Source: git's builtin/fetch.c. */
export const addressInNote = (url: string): string => {
  const at = /^(?:([a-z][a-z0-9+.-]*:\/\/)[^/@]*@|[^/:@]+@(?=[^/:]+:))/i.exec(url);
  const anonymous = at === null ? url : (at[1] ?? "") + url.slice(at[0].length);
  return anonymous
    .replace(/\/+$/, "")
    .replace(/(?<=.)\.git$/, "")
    .replaceAll("\n", "\\n");
};

/** A clone writes no log for the branches that it brings, only one for the remote's HEAD. */
const refNote = async (place: GitPlace, { ref, remote }: Upstream): Promise<number | undefined> => {
  const [own, cloned] = await Promise.all([
    lastEntry(place, ref),
    lastEntry(place, `refs/remotes/${remote}/HEAD`),
  ]);
  return own?.at ?? (cloned?.why.startsWith("clone: ") ? cloned.at : undefined);
};

const lastEntry = async (
  place: GitPlace,
  ref: string,
): Promise<{ readonly at: number; readonly why: string } | undefined> => {
  if ((await readRef(place, ref)) === undefined) return undefined;
  const entry = await askGit(
    place,
    [
      "log",
      "--walk-reflogs",
      "--max-count=1",
      "--date=unix",
      "--format=%gd %gs",
      "--end-of-options",
      ref,
      "--",
    ],
    { answers: [0, 128] },
  );
  const parts = /@\{(\d+)\} (.*)$/s.exec(entry);
  return parts === null ? undefined : { at: Number(parts[1]) * 1_000, why: parts[2] as string };
};
