/** Claims: take a work package, keep it, give it back, free it from somebody who is gone. */
import type { ClaimObservation, MissionEvent, RecoverySignal, Workplace } from "@mission-ledger/core/mission";
import { aboutWorkPackage } from "../command/about-work-package.ts";
import { formatDuration } from "../command/duration.ts";
import type { Ref } from "../command/refs.ts";
import { type CommandContext, type CommandSpec, command } from "../command/spec.ts";
import { clockTime, type Written, writeFlags } from "../command/write.ts";
import { claimOn } from "../library/claim.ts";
import { claimPlace, worktreeFlag } from "../workplace/claim-place.ts";
import { claimLooker } from "../workplace/look-after-claims.ts";

export const refArgument = {
  ref: { kind: "ref", required: true, description: "mission/WP01, or WP01 where only one mission has it" },
} as const;

/** Claims made by hand live this long by default: nobody renews them. */
export const leaseFlag = {
  lease: {
    kind: "duration",
    default: "4h",
    description: "how long until others may recover it",
    placeholder: "4h",
  },
} as const;

export const fenceFlag = {
  fence: {
    kind: "integer",
    description: "fence of your claim; refused when it is no longer the newest",
    placeholder: "n",
  },
} as const;

export const wpClaim: CommandSpec = command({
  name: "wp.claim",
  summary: "Claim a work package, so that nobody else works on it",
  arguments: refArgument,
  flags: { ...leaseFlag, ...worktreeFlag, ...writeFlags },
  examples: [
    "wp claim passkeys/WP01 --as agent:ada",
    "wp claim WP01 --lease 30m",
    "wp claim WP01 --as agent:ada --worktree ../lane-a",
  ],
  common: true,
  writes: true,
  run: (context, input, signal) =>
    aboutWorkPackage({
      context,
      input,
      signal,
      request: async ({ workPackageId }) => ({
        type: "ClaimWorkPackage",
        workPackageId,
        kind: "implement",
        leaseMs: input.lease,
        workplace: await claimPlace(context, input),
      }),
      said: ({ ref, written }) => saidClaimed(ref, written, input.lease, context.clock.now()),
      data: ({ written }) => grantData(written),
    }),
});

/** "claimed passkeys/WP01 for agent:ada   fence 1   until 14:02 UTC (4h)" */
export const saidClaimed = (ref: string, { events }: Written, lease: number, now: number): string => {
  const granted = events.find(isGrant);
  if (granted === undefined) return `claimed ${ref}`;
  return `claimed ${ref} for ${granted.holder}   fence ${granted.fence}   until ${clockTime(granted.expiresAt, now)} (${formatDuration(lease)})`;
};

/** What was granted by this very command, which a retry later repeats even if the claim has ended since. */
export const grantData = ({ events }: Written): Readonly<Record<string, unknown>> => {
  const granted = events.find(isGrant);
  return granted === undefined
    ? { expiresAt: null }
    : {
        holder: granted.holder,
        fence: granted.fence,
        expiresAt: granted.expiresAt,
        workplace: granted.workplace ?? null,
      };
};

const isGrant = (event: MissionEvent): event is Extract<MissionEvent, { type: "WorkPackageClaimed" }> =>
  event.type === "WorkPackageClaimed";

export const wpRenew: CommandSpec = command({
  name: "wp.renew",
  summary: "Keep a claim for longer",
  arguments: refArgument,
  flags: { ...leaseFlag, ...fenceFlag, ...writeFlags },
  examples: ["wp renew passkeys/WP01 --lease 2h"],
  writes: true,
  run: (context, input, signal) =>
    aboutWorkPackage({
      context,
      input,
      signal,
      request: async (ref) => ({
        type: "RenewClaim",
        workPackageId: ref.workPackageId,
        leaseMs: input.lease,
        ...(input.fence === undefined ? {} : { fence: input.fence }),
        ...(await withoutDeadProgram(context, ref)),
      }),
      said: ({ ref, workPackage }) =>
        `renewed ${ref}   until ${clockTime(workPackage.claim?.expiresAt ?? "", context.clock.now())} (${formatDuration(input.lease)})`,
      data: ({ workPackage }) => ({ expiresAt: workPackage.claim?.expiresAt ?? null }),
    }),
});

export const wpRelease: CommandSpec = command({
  name: "wp.release",
  summary: "Give a claim back",
  arguments: refArgument,
  flags: {
    reason: { kind: "text", description: "why; needed once work has begun" },
    ...fenceFlag,
    ...writeFlags,
  },
  examples: ['wp release passkeys/WP01 --reason "wrong package"'],
  writes: true,
  run: (context, input, signal) =>
    aboutWorkPackage({
      context,
      input,
      signal,
      request: ({ workPackageId }) => ({
        type: "ReleaseClaim",
        workPackageId,
        ...(input.reason === undefined ? {} : { reason: input.reason }),
        ...(input.fence === undefined ? {} : { fence: input.fence }),
      }),
      said: ({ ref, from, workPackage }) => `released ${ref}   ${from} > ${workPackage.lane}`,
    }),
});

export const wpRecover: CommandSpec = command({
  name: "wp.recover",
  summary: "Free a work package whose holder is gone",
  description:
    "Looks by itself for what shows it: the lease is over, or before that the program or the worktree that the claim names is gone. What the old holder writes afterwards is refused.",
  arguments: refArgument,
  flags: {
    reason: { kind: "text", required: true, description: "how you know that nobody works on it" },
    ...writeFlags,
  },
  examples: ['wp recover passkeys/WP01 --reason "agent crashed"'],
  writes: true,
  run: (context, input, signal) =>
    aboutWorkPackage({
      context,
      input,
      signal,
      request: async (ref) => {
        const observed = await lookAt(context, ref);
        const { workPackageId } = ref;
        const request = { type: "RecoverClaim", workPackageId, reason: input.reason } as const;
        return observed === undefined ? request : { ...request, observed };
      },
      said: ({ ref, written, workPackage }) =>
        `recovered ${ref}   ${signalText(signalIn(written))}   now ${workPackage.lane}, free to claim`,
      data: ({ written }) => ({ signal: signalIn(written) }),
    }),
});

/** Who renews by hand goes on without the program that had the claim: its death shows nothing any more. */
const withoutDeadProgram = async (
  context: CommandContext,
  { slug, workPackageId }: Ref,
): Promise<{ readonly workplace?: Workplace }> => {
  const claim = await claimOn((await context.ledger()).mission(slug), workPackageId);
  if (claim?.workplace === undefined || claimLooker(context).lookForDeath(claim)?.signal !== "process_gone")
    return {};
  const { program: _, ...workplace } = claim.workplace;
  return { workplace };
};

/** What can be seen of the claim from here; a claim that is not there is the decider's affair. */
const lookAt = async (
  context: CommandContext,
  { slug, workPackageId }: Ref,
): Promise<ClaimObservation | undefined> => {
  const claim = await claimOn((await context.ledger()).mission(slug), workPackageId);
  return claim === undefined ? undefined : claimLooker(context).look(claim, context.clock.now());
};

/** `null` where nobody held it. */
const signalIn = ({ events }: Written): RecoverySignal | null =>
  events.find((event) => event.type === "ClaimRecovered")?.signal ?? null;

const signalText = (signal: RecoverySignal | null): string => {
  switch (signal) {
    case "lease_expired":
      return "its lease was over";
    case "process_gone":
      return "its program is gone";
    case "worktree_gone":
      return "its worktree is gone";
    case "no_commit":
      return "its lease was over, and no commit since it was claimed";
    case null:
      return "held by nobody";
  }
};
