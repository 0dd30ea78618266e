/** How a local branch stands to its upstream, how old that knowledge is, and whether it could be made fresh. */
import { readDistance } from "../commits/merge-base.ts";
import { type Branch, readBranch, type Upstream } from "../repository/branches.ts";
import { checkBranch, invalidName, isRefName, readRef } from "../repository/refs.ts";
import type { GitPlace } from "../run/git-place.ts";
import { type FetchOutcome, fetchUpstream } from "./fetch.ts";
import { type LastFetch, readLastFetch } from "./last-fetch.ts";

export interface DivergenceRequest {
  /** A local branch, such as `main`. */
  readonly branch: string;
  /** What it is measured against, for a branch that has none configured, or is not there. @defaultValue as configured */
  readonly upstream?: UpstreamName;
  /** Asks the remote first. A fetch that fails is a fact like others. @defaultValue false */
  readonly fetch?:
    | boolean
    | { /** For each of the two questions to the remote. @defaultValue 20000 */ readonly timeoutMs?: number };
}

export interface UpstreamName {
  /** @defaultValue "origin" */
  readonly remote?: string;
  /** Name of the branch over there. */
  readonly branch: string;
}

/** Both commits, and how many each side has that the other has not. */
interface Compared {
  readonly local: string;
  readonly remote: string;
  readonly ahead: number;
  readonly behind: number;
}

export type DivergenceState =
  | ({ readonly _tag: "InSync" | "Ahead" | "Behind" | "Diverged" } & Compared)
  /** There is no such local branch. `remote` is there if the upstream is known and has a commit. */
  | { readonly _tag: "MissingLocal"; readonly remote?: string }
  | { readonly _tag: "NoUpstream"; readonly local: string }
  /** An upstream is configured, and it is not there: deleted on the other side, or never fetched. */
  | { readonly _tag: "MissingRemote"; readonly local: string };

export interface Divergence {
  readonly branch: string;
  readonly state: DivergenceState;
  readonly upstream?: Upstream;
  readonly fetch: FetchOutcome;
  /** When this repository last learned where the upstream stands; absent if nothing says so, or it is a local branch. */
  readonly lastFetch?: LastFetch;
}

/**
 * Never waits for a password, and answers from what was fetched last where the remote does not answer. Throws
 * `GIT_NAME_INVALID` and what every run of git may, but nothing because of the remote.
 */
export const readDivergence = async (
  place: GitPlace,
  { branch, upstream: wanted, fetch = false }: DivergenceRequest,
): Promise<Divergence> => {
  checkBranch(branch);
  const named = wanted === undefined ? undefined : upstreamCalled(wanted);
  const local = await readBranch(place, branch);
  const upstream = named ?? local?.upstream;
  const isRemote = upstream !== undefined && upstream.remote !== ".";
  const timeoutMs = (typeof fetch === "object" ? fetch.timeoutMs : undefined) ?? 20_000;
  const outcome: FetchOutcome =
    fetch === false || !isRemote
      ? { _tag: "NotAsked" }
      : await fetchUpstream({ ...place, timeoutMs }, upstream);
  const [state, lastFetch] = await Promise.all([
    stateOf(place, local, upstream, outcome),
    isRemote ? readLastFetch(place, upstream) : undefined,
  ]);
  return {
    branch,
    state,
    ...(upstream === undefined ? {} : { upstream }),
    fetch: outcome,
    ...(lastFetch === undefined ? {} : { lastFetch }),
  };
};

const upstreamCalled = ({ remote = "origin", branch }: UpstreamName): Upstream => {
  if (!isRefName(remote)) throw invalidName(remote, "a remote");
  return { ref: `refs/remotes/${remote}/${checkBranch(branch)}`, remote, remoteRef: `refs/heads/${branch}` };
};

const stateOf = async (
  place: GitPlace,
  local: Branch | undefined,
  upstream: Upstream | undefined,
  fetched: FetchOutcome,
): Promise<DivergenceState> => {
  // What was fetched once says nothing about a branch that the remote has just said it does not have.
  const isGone = fetched._tag === "GoneThere";
  const remote = upstream === undefined || isGone ? undefined : (await readRef(place, upstream.ref))?.object;
  if (local === undefined) return { _tag: "MissingLocal", ...(remote === undefined ? {} : { remote }) };
  if (upstream === undefined) return { _tag: "NoUpstream", local: local.commit };
  if (remote === undefined) return { _tag: "MissingRemote", local: local.commit };
  const { ahead, behind } = await readDistance(place, local.commit, remote);
  const compared = { local: local.commit, remote, ahead, behind };
  if (ahead === 0) return { _tag: behind === 0 ? "InSync" : "Behind", ...compared };
  return { _tag: behind === 0 ? "Ahead" : "Diverged", ...compared };
};
