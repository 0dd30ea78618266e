/** A claim around a program: taken before it starts, kept from ending while it runs, given back or kept when it is over. */
import { type CancelSignal, LedgerError, type Timers } from "@mission-ledger/core";
import type { Claim, ClaimKind, Lane, Ledger, MissionHandle, Workplace } from "@mission-ledger/core/mission";
import { findWorkPackage } from "@mission-ledger/core/mission";
import type { Environment } from "../command/spec.ts";
import {
  claimOn,
  type HeldClaim,
  type HoldOptions,
  holdClaim,
  renewedUntil,
  stopRenewing,
  takeUpClaim,
} from "../library/claim.ts";
import type { Machine } from "../machine/machine.ts";
import type { ProgramEnd, RunningProgram } from "../machine/programs.ts";
import { CliError } from "../output/problem.ts";
import { claimLooker } from "../workplace/look-after-claims.ts";
import { programOf } from "../workplace/program.ts";

export interface HoldAroundOptions {
  readonly ledger: Ledger;
  readonly timers: Timers;
  readonly machine: Machine;
  readonly cwd: string;
  readonly env: Environment;
  readonly slug: string;
  readonly workPackageId: string;
  readonly kind: ClaimKind;
  readonly actor: string;
  readonly leaseMs: number;
  /** Of this process, with its program. */
  readonly workplace: Workplace;
  /** Stops everything until the program has started; from then on it is the program's affair. */
  readonly signal: CancelSignal | undefined;
  readonly onHeld: (held: HeldClaim, takenUp: boolean) => Promise<void>;
  readonly start: (held: HeldClaim) => RunningProgram;
}

/** What became of the claim. */
export type ClaimEnd =
  /** It was made for the program, which failed: the package is free again. */
  | { readonly _tag: "Released"; readonly lane: Lane }
  /** Without a program now, until `expiresAt`. */
  | { readonly _tag: "Kept"; readonly expiresAt: string }
  /** Its holder ended it while the program ran, as by handing the work over. */
  | { readonly _tag: "HandedOver"; readonly lane: Lane }
  | { readonly _tag: "Lost"; readonly reason: unknown }
  /** The log could not be asked at the end: what was not ended there ends with its lease, and can be freed before. */
  | { readonly _tag: "Left"; readonly reason: unknown };

export interface Around {
  readonly held: HeldClaim;
  readonly takenUp: boolean;
  readonly program: ProgramEnd;
  readonly claim: ClaimEnd;
}

/** Between the request to stop and the end without one. */
export const graceMs = 10_000;

/** Throws what claiming throws; then no program was started. */
export const holdAround = async (options: HoldAroundOptions): Promise<Around> => {
  const { ledger, timers, slug, workPackageId, signal, start, onHeld } = options;
  const handle = ledger.mission(slug);
  const before = await claimOn(handle, workPackageId);
  const isOwn = before?.holder === options.actor && before.kind === options.kind;
  const held = isOwn ? await takeUp(options, handle, before) : await holdClaim(holdOf(options, handle));
  if (signal?.aborted === true) {
    if (isOwn) stopRenewing(held);
    else await held.release("interrupted");
    throw new CliError("INTERRUPTED", "interrupted before the program was started", {
      outcome: "unknown",
      hint: isOwn ? "Your claim stays as it was." : "The claim that was made for it was given back.",
      details: { mission: slug, workPackageId },
    });
  }
  await onHeld(held, isOwn);
  const program = start(held);
  const passedOn = passOn(options, handle, held, program);
  let callOff = (): void => {};
  const onLoss = async (): Promise<void> => {
    // Its holder may have ended it from inside, which is no reason to stop.
    if ((await endOf(options, handle, held))?._tag === "HandedOver") return;
    program.stop("SIGTERM");
    callOff = timers.after(graceMs, () => program.stop("SIGKILL"));
  };
  let watching: Promise<void> = Promise.resolve();
  held.signal.addEventListener("abort", () => {
    watching = onLoss();
  });
  if (held.signal.aborted) watching = onLoss();
  const end = await program.ended;
  await Promise.all([watching, passedOn]);
  callOff();
  stopRenewing(held);
  const claimEnd = held.signal.aborted
    ? ((await endOf(options, handle, held)) ?? { _tag: "Lost" as const, reason: held.signal.reason })
    : await finish(options, handle, held, isOwn ? before : undefined, end);
  return { held, takenUp: isOwn, program: end, claim: claimEnd };
};

/**
 * From here on the claim is the program's: if this process is killed, the program works on, and its package is nobody else's
 * before it ends. Where that cannot be written the claim stays this process's, and its renewals say what became of it.
 */
const passOn = async (
  { machine, workPackageId, leaseMs, workplace }: HoldAroundOptions,
  handle: MissionHandle,
  { fence, holder: actor }: HeldClaim,
  { pid }: RunningProgram,
): Promise<void> => {
  const program = pid === undefined ? undefined : programOf(pid, machine);
  const now = (await claimOn(handle, workPackageId).catch(() => undefined))?.workplace;
  if (program === undefined || now === undefined || workplace.program === undefined) return;
  const passed = { workplace: { ...now, program }, passedOnBy: workplace.program };
  await handle
    .execute({ type: "RenewClaim", workPackageId, fence, leaseMs, ...passed }, { actor })
    .catch(() => {});
};

/** How a claim of this process is held, new or taken up. */
const holdOf = (
  { ledger, timers, workPackageId, kind, leaseMs, workplace, actor }: HoldAroundOptions,
  handle: MissionHandle,
): HoldOptions => ({
  clock: ledger.clock,
  timers,
  handle,
  workPackageId,
  kind,
  leaseMs,
  renew: true,
  workplace,
  options: { actor },
});

const takeUp = (options: HoldAroundOptions, handle: MissionHandle, before: Claim): Promise<HeldClaim> => {
  const { machine, cwd, env, workplace } = options;
  const seen = claimLooker({ cwd, env, machine }).lookForDeath(before);
  return takeUpClaim({
    ...holdOf(options, handle),
    workplace: { ...placeOf(before, workplace), ...ownOf(workplace) },
    claim: before,
    ...(seen?.signal === "process_gone" ? { observed: seen } : {}),
  });
};

/** The work stays where it was claimed, as long as that is on this machine. */
const placeOf = ({ workplace: claimed }: Claim, here: Workplace): Workplace =>
  claimed?.worktree !== undefined && claimed.host === here.host ? claimed : here;

const ownOf = ({ program }: Workplace): Pick<Workplace, "program"> =>
  program === undefined ? {} : { program };

const withoutProgram = ({ program: _, ...workplace }: Workplace): Workplace => workplace;

/**
 * A program that came to a good end leaves the claim for whoever hands the work over. One that failed gives back what was taken
 * for it; a claim that was there before stays, as long as it was.
 */
const finish = async (
  options: HoldAroundOptions,
  handle: MissionHandle,
  held: HeldClaim,
  before: Claim | undefined,
  end: ProgramEnd,
): Promise<ClaimEnd> => {
  const { workPackageId, leaseMs } = options;
  const { fence, holder: actor } = held;
  try {
    if (before === undefined && !(end._tag === "Exited" && end.code === 0)) {
      const reason = end._tag === "Exited" ? `its program ended with ${end.code}` : "its program failed";
      const receipt = await handle.execute({ type: "ReleaseClaim", workPackageId, fence, reason }, { actor });
      const { state } = receipt;
      return { _tag: "Released", lane: laneIn(state, workPackageId) };
    }
    const now = (await claimOn(handle, workPackageId))?.workplace ?? options.workplace;
    const receipt = await handle.execute(
      {
        type: "RenewClaim",
        workPackageId,
        fence,
        leaseMs: Math.max(leaseMs, before?.leaseMs ?? 0),
        workplace: withoutProgram(now),
      },
      { actor },
    );
    return { _tag: "Kept", expiresAt: renewedUntil(receipt) ?? held.expiresAt };
  } catch (error) {
    if (LedgerError.is(error, "CLAIM_LOST"))
      return (await endOf(options, handle, held)) ?? { _tag: "Lost", reason: error };
    return { _tag: "Left", reason: error };
  }
};

/** How the claim ended by the log; `undefined` if others ended it, or the log cannot say. */
const endOf = async (
  { workPackageId }: HoldAroundOptions,
  handle: MissionHandle,
  { fence, holder, receipt }: HeldClaim,
): Promise<ClaimEnd | undefined> => {
  try {
    for await (const batch of handle.history())
      for (const { type, revision, data, actor } of batch)
        if (
          type === "ClaimReleased" &&
          revision > receipt.revision &&
          data.workPackageId === workPackageId &&
          data.fence === fence
        )
          return actor === holder
            ? { _tag: "HandedOver", lane: laneIn(await handle.state(), workPackageId) }
            : undefined;
  } catch {
    // Then it counts as lost.
  }
  return undefined;
};

const laneIn = (state: Awaited<ReturnType<MissionHandle["state"]>>, workPackageId: string): Lane =>
  (state._tag === "Open" ? findWorkPackage(state, workPackageId)?.lane : undefined) ?? "planned";
