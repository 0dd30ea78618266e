/** A preflight in words: how the target stands, and how old that knowledge is. */
import { roughly } from "../command/duration.ts";
import { counted } from "../output/counted.ts";
import type { TargetStanding } from "./target-state.ts";

/** "main is 3 commits ahead of origin/main and 2 behind" */
export const standingWords = (standing: TargetStanding): string => {
  const { target, upstream, ahead, behind, state, fetch, fetchSaid } = standing;
  switch (state) {
    case "in_sync":
      return `${target} is where ${upstream} is`;
    case "ahead":
      return `${target} is ${counted(ahead ?? 0, "commit")} ahead of ${upstream}`;
    case "behind":
      return `${target} is ${counted(behind ?? 0, "commit")} behind ${upstream}`;
    case "diverged":
      return `${target} and ${upstream} have diverged: ${ahead} ahead, ${behind} behind`;
    case "upstream_not_configured":
      return `${target} has no upstream to be measured against`;
    case "upstream_missing":
      return fetch === "gone_there"
        ? `${upstream}, the upstream of ${target}, is not there any more: the remote has just said so`
        : `${upstream}, the upstream of ${target}, was never fetched or is deleted`;
    case "local_missing":
      return `there is no local branch ${target}`;
    case "fetch_failed":
      return `${upstream ?? target} could not be fetched (${fetch.replaceAll("_", " ")}${fetchSaid === null ? "" : `: ${fetchSaid}`})`;
  }
};

/** "as of the last fetch 3h ago", "as fetched just now"; empty where the question does not arise. */
export const ageWords = ({ remote, upstreamCommit, fetch, ageSeconds }: TargetStanding): string => {
  if (remote === null || upstreamCommit === null) return "";
  if (fetch === "fetched") return "as fetched just now";
  return ageSeconds === null
    ? "as of the last fetch, whose age nothing tells"
    : `as of the last fetch ${roughly(ageSeconds * 1_000)} ago`;
};
