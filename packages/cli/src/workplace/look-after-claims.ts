/**
 * What can be seen from here of where a claim says that its work is done. Answers only what is certain: a claim that looks dead
 * and is alive would be taken from somebody who works.
 */
import type { Claim, ClaimObservation, OpenMission, SeenOfClaims } from "@mission-ledger/core/mission";
import { locateGitDirectories } from "@mission-ledger/store-file";
import type { CommandContext } from "../command/spec.ts";
import { gitEnvironment, isGitRedirected } from "../place/place.ts";
import { commitOf } from "./checked-out.ts";
import { hostId, isHostCertain, placeName } from "./places.ts";
import { isProgramAlive } from "./program.ts";
import { worktreesOnDisk } from "./worktrees.ts";

export interface ClaimLooker {
  /** What frees the claim before its lease is over; `undefined` if nothing that is certain does. */
  lookForDeath(claim: Claim): ClaimObservation | undefined;
  /** The same at `now`: once the lease is over, a branch that stands where it stood says something too. */
  look(claim: Claim, now: number): ClaimObservation | undefined;
}

export const claimLooker = ({
  cwd,
  env,
  machine,
}: Pick<CommandContext, "cwd" | "env" | "machine">): ClaimLooker => {
  let common: string | null | undefined;
  // Doctor asks about every claim of every mission.
  let worktrees: { readonly of: string; readonly found: ReturnType<typeof worktreesOnDisk> } | undefined;
  const worktreesOf = (repository: string): ReturnType<typeof worktreesOnDisk> => {
    if (worktrees?.of !== repository) worktrees = { of: repository, found: worktreesOnDisk(repository) };
    return worktrees.found;
  };
  const ourCommon = (): string | null =>
    (common ??=
      locateGitDirectories(cwd, { git: { askGit: isGitRedirected(env), env: gitEnvironment(env) } })
        ?.common ?? null);

  /** The repository that the claim names, if that is the one we are in. */
  const repositoryOf = ({ workplace }: Claim): string | undefined => {
    if (workplace?.repository === undefined || !isHostCertain(machine) || workplace.host !== hostId(machine))
      return undefined;
    const ours = ourCommon();
    return ours !== null && placeName(ours, machine).id === workplace.repository.id ? ours : undefined;
  };

  const isWorktreeGone = (claim: Claim): boolean => {
    const { worktree, branch } = claim.workplace ?? {};
    const repository = worktree === undefined ? undefined : repositoryOf(claim);
    const found = repository === undefined ? undefined : worktreesOf(repository);
    if (worktree === undefined || found === undefined) return false;
    for (const one of found) {
      const isIt = placeName(one.folder, machine).id === worktree.id;
      if (isIt && (one.isThere || one.isLocked || one.mayHaveMoved)) return false;
      // Somebody moved it, and may be working there.
      if (one.isThere && typeof branch === "string" && one.branch === branch) return false;
    }
    return true;
  };

  const lookForDeath = (claim: Claim): ClaimObservation | undefined => {
    const { host, program, worktree } = claim.workplace ?? {};
    if (host === undefined) return undefined;
    const seenAlive = Date.parse(claim.expiresAt) - claim.leaseMs;
    if (program !== undefined && isProgramAlive(program, host, machine, seenAlive) === false)
      return { signal: "process_gone", host, program };
    return worktree !== undefined && isWorktreeGone(claim)
      ? { signal: "worktree_gone", host, worktree: worktree.id }
      : undefined;
  };

  return {
    lookForDeath,
    look: (claim, now) => {
      const seen = lookForDeath(claim);
      if (seen !== undefined || now < Date.parse(claim.expiresAt)) return seen;
      const { branch, head } = claim.workplace ?? {};
      const repository = repositoryOf(claim);
      if (repository === undefined || typeof branch !== "string" || head === undefined) return undefined;
      return commitOf(repository, branch) === head ? { signal: "no_commit", branch, head } : undefined;
    },
  };
};

/** What was seen of all claims of a mission, for the attention list. */
export const seenOfClaims = (looker: ClaimLooker, { workPackages }: OpenMission): SeenOfClaims => {
  const seen: Record<string, SeenOfClaims[string]> = Object.create(null);
  for (const { id, claim } of Object.values(workPackages)) {
    const signal = claim === null ? undefined : looker.lookForDeath(claim)?.signal;
    if (signal === "process_gone" || signal === "worktree_gone") seen[id] = signal;
  }
  return seen;
};
