/** One branch fetched from its remote, and every way in which that can fail as a fact. */
import type { Upstream } from "../repository/branches.ts";
import { isGitFault } from "../run/faults.ts";
import type { GitPlace } from "../run/git-place.ts";
import { runGit } from "../run/run-git.ts";

export type FetchFailure =
  /** The remote wants a password or key that nobody gave, or does not let this one in. */
  | "access_denied"
  /** There is no remote of that name, or no address for it. */
  | "not_configured"
  | "timeout"
  /** No way there: no network, no such host, no repository at the address. */
  | "unreachable"
  | "unknown";

export type FetchOutcome =
  | { readonly _tag: "NotAsked" }
  | { readonly _tag: "Fetched" }
  /** The remote answered, and has no such branch. What is remembered of it stays. */
  | { readonly _tag: "GoneThere" }
  | { readonly _tag: "Failed"; readonly why: FetchFailure; readonly said: string };

/**
 * The remote is asked before the fetch begins, because a fetch that fails empties git's note of the last one that did not.
 * No hooks, no tags, no submodules, no pruning. Only the ref of the upstream moves. The transport is what the repository and
 * the user have configured, such as `core.sshCommand` and credential helpers. Throws only what is not the remote's doing.
 */
export const fetchUpstream = async (place: GitPlace, upstream: Upstream): Promise<FetchOutcome> => {
  const { remote, remoteRef, ref } = upstream;
  try {
    const wanted = ["--upload-pack=git-upload-pack", "--exit-code", "--", remote, remoteRef];
    const { status, stdout } = await runGit(place, ["ls-remote", ...wanted], {
      answers: [0, 2],
      reach: "remote",
    });
    // The pattern matches any ref that ends so.
    const lines = stdout.toString("utf8").split("\n");
    if (status === 2 || !lines.some((line) => line.split("\t")[1] === remoteRef))
      return { _tag: "GoneThere" };
    await runGit(place, ["fetch", ...quietly, "--", remote, `+${remoteRef}:${ref}`], { reach: "remote" });
    return { _tag: "Fetched" };
  } catch (error) {
    if (!isGitFault(error) || ["GIT_MISSING", "RESOURCES_EXHAUSTED"].includes(error.code)) throw error;
    const said = typeof error.details.said === "string" ? error.details.said : error.message;
    return { _tag: "Failed", why: error.code === "GIT_TIMEOUT" ? "timeout" : causeOf(said, remote), said };
  }
};

const quietly: readonly string[] = [
  "--upload-pack=git-upload-pack",
  "--no-tags",
  "--no-prune",
  "--no-recurse-submodules",
  "--no-auto-maintenance",
  "--no-show-forced-updates",
  "--quiet",
];

const causes: readonly (readonly [said: RegExp, why: FetchFailure])[] = [
  [
    /could not read (?:Username|Password)|Authentication failed|Permission denied|terminal prompts disabled|Host key verification failed|returned error: 40[13]|dubious ownership/i,
    "access_denied",
  ],
  [
    /Could not resolve|unable to access|Connection (?:refused|reset|timed out)|Network is unreachable|No route to host|unable to connect|not found|does not exist|does not appear to be a git repository|Could not read from remote repository|not a git repository|transport '[^']*' not allowed/i,
    "unreachable",
  ],
];

/** Git takes the name of a remote that is not configured for an address. */
const causeOf = (said: string, remote: string): FetchFailure =>
  said.includes(`'${remote}' does not appear to be a git repository`)
    ? "not_configured"
    : (causes.find(([words]) => words.test(said))?.[1] ?? "unknown");
