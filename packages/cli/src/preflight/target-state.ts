/** How a mission's target branch stands to its upstream, in one word that blocks or does not. */
import type { Divergence, FetchFailure, FetchOutcome } from "@mission-ledger/git";

export type TargetState =
  /** Both are the same commit. The only one that does not block. */
  | "in_sync"
  | "ahead"
  | "behind"
  | "diverged"
  | "upstream_not_configured"
  /** Configured, and not there: never fetched, or the remote has just said that it has no such branch. */
  | "upstream_missing"
  | "local_missing"
  /** Asked to fetch, and could not: what is known may be old. */
  | "fetch_failed";

export interface TargetStanding {
  readonly target: string;
  /** As git calls it for people: `origin/main`; `null` where none is known. */
  readonly upstream: string | null;
  readonly upstreamRef: string | null;
  readonly remote: string | null;
  /** What the remote calls it. */
  readonly remoteRef: string | null;
  readonly state: TargetState;
  /** What was known before, where the fetch failed. */
  readonly lastKnown: Exclude<TargetState, "fetch_failed"> | null;
  readonly localCommit: string | null;
  readonly upstreamCommit: string | null;
  readonly ahead: number | null;
  readonly behind: number | null;
  readonly fetch: "not_asked" | "fetched" | "gone_there" | FetchFailure;
  /** What git said about a fetch that failed. */
  readonly fetchSaid: string | null;
  /** When the upstream was last heard of; `null` where nothing says so. */
  readonly fetchedAt: string | null;
  /** At the time of the preflight; `null` where it is not known. Never negative. */
  readonly ageSeconds: number | null;
}

const states = {
  InSync: "in_sync",
  Ahead: "ahead",
  Behind: "behind",
  Diverged: "diverged",
  MissingLocal: "local_missing",
  NoUpstream: "upstream_not_configured",
  MissingRemote: "upstream_missing",
} as const;

/** A plain reading of what git said at `now`, in milliseconds since 1970. */
export const standingOf = (
  { branch, state, upstream, fetch, lastFetch }: Divergence,
  now: number,
): TargetStanding => {
  const known = states[state._tag];
  const failed = fetch._tag === "Failed";
  const fetchedAt = lastFetch?.at ?? null;
  return {
    target: branch,
    upstream: upstream === undefined ? null : shortName(upstream.ref),
    upstreamRef: upstream?.ref ?? null,
    remote: upstream === undefined || upstream.remote === "." ? null : upstream.remote,
    remoteRef: upstream?.remoteRef ?? null,
    state: failed ? "fetch_failed" : known,
    lastKnown: failed ? known : null,
    localCommit: "local" in state ? state.local : null,
    upstreamCommit: "remote" in state ? (state.remote ?? null) : null,
    ahead: "ahead" in state ? state.ahead : null,
    behind: "behind" in state ? state.behind : null,
    fetch: fetchWord(fetch),
    fetchSaid: fetch._tag === "Failed" ? fetch.said : null,
    fetchedAt,
    ageSeconds: fetchedAt === null ? null : Math.max(0, Math.floor((now - Date.parse(fetchedAt)) / 1_000)),
  };
};

const fetchWord = (fetch: FetchOutcome): TargetStanding["fetch"] => {
  switch (fetch._tag) {
    case "NotAsked":
      return "not_asked";
    case "Fetched":
      return "fetched";
    case "GoneThere":
      return "gone_there";
    case "Failed":
      return fetch.why;
  }
};

const shortName = (ref: string): string => ref.replace(/^refs\/(?:heads|remotes)\//, "");
