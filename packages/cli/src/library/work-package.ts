/** A work package in a program's hands: claim it, move it, review it. */
import type {
  Evidence,
  Lane,
  MissionHandle,
  MissionReceipt,
  MissionRequest,
  RequestOptions,
  Verdict,
} from "@mission-ledger/core/mission";
import { parseDuration } from "../command/duration.ts";
import { claimLooker } from "../workplace/look-after-claims.ts";
import { observeWorkplace } from "../workplace/observe-workplace.ts";
import { ownProgram } from "../workplace/program.ts";
import { claimOn, type HeldClaim, holdClaim, settleClaim } from "./claim.ts";
import type { LibraryContext } from "./library-context.ts";
import { type IssuedReviewPrompt, type IssuePromptOptions, issueReviewPrompt } from "./prompts.ts";
import { type OverrideOptions, overrideVerdict } from "./signoff.ts";

export interface ClaimOptions extends RequestOptions {
  /** Milliseconds, or text such as "2m". @defaultValue "2m": short, since the claim renews itself while it is open */
  readonly leaseFor?: number | string;
  /** @defaultValue true */
  readonly renew?: boolean;
  /** The work tree the work is done in. @defaultValue where the ledger was looked for */
  readonly worktree?: string;
}

export interface MoveOptions extends RequestOptions {
  /** The claim under which this is written: its fence goes with the move. */
  readonly claim?: HeldClaim;
  /** As a list, or by kind: `{ commit: "9c1f2ab" }`. */
  readonly evidence?: readonly Evidence[] | Readonly<Partial<Record<Evidence["kind"], string>>>;
  readonly reason?: string;
  readonly link?: string;
}

export interface ReviewOptions extends RequestOptions {
  readonly verdict: Verdict;
  readonly to?: "approved" | "done" | "in_progress" | "planned";
  readonly notes?: string;
  readonly subject?: string;
  readonly claim?: HeldClaim;
}

/** Each call throws `Refused`, `Conflicted` or `StoreFault`; a receipt means written and read back. */
export interface OpenedWorkPackage {
  readonly id: string;
  readonly ref: string;
  /** One winner; the others get `CLAIM_HELD` with the holder in `details`. */
  claim(options?: ClaimOptions): Promise<HeldClaim>;
  move(to: Lane, options?: MoveOptions): Promise<MissionReceipt>;
  markSubtask(
    id: string,
    options?: RequestOptions & { readonly done?: boolean; readonly claim?: HeldClaim },
  ): Promise<MissionReceipt>;
  note(text: string, options?: RequestOptions): Promise<MissionReceipt>;
  /** Claims the review; refused to who implemented it. */
  startReview(options?: ClaimOptions): Promise<HeldClaim>;
  submitReview(options: ReviewOptions): Promise<MissionReceipt>;
  /** Answers for the rejection that stands. Throws `GUARD_FAILED` where none does. */
  override(options: OverrideOptions): Promise<MissionReceipt>;
  /** Writes a prompt for the reviewer and puts its hash on record. Throws `NOT_REVIEWABLE`. */
  issueReviewPrompt(options?: IssuePromptOptions): Promise<IssuedReviewPrompt>;
  /**
   * Ends a claim whose lease is over, or whose program or worktree is gone; looks by itself. Throws `CLAIM_ALIVE` where nothing
   * shows that.
   */
  recover(reason: string, options?: RequestOptions): Promise<MissionReceipt>;
}

export const openedWorkPackage = (
  context: LibraryContext,
  handle: MissionHandle,
  id: string,
): OpenedWorkPackage => {
  const workPackageId = id;
  const take = (
    kind: "implement" | "review",
    { leaseFor = "2m", renew = true, worktree = context.cwd, ...options }: ClaimOptions,
  ): Promise<HeldClaim> => {
    const { machine, timers, engine } = context;
    const leaseMs = leaseOf(leaseFor);
    const place = observeWorkplace({ cwd: worktree, program: ownProgram(machine), machine });
    return place.then((workplace) =>
      holdClaim({
        clock: engine.clock,
        timers,
        handle,
        workPackageId,
        kind,
        leaseMs,
        renew,
        workplace,
        options,
      }),
    );
  };
  const underClaim = async (
    claim: HeldClaim | undefined,
    request: MissionRequest,
    options: RequestOptions,
  ): Promise<MissionReceipt> => {
    const receipt = await handle.execute(request, actingAs(claim, options));
    settleClaim(claim, receipt);
    return receipt;
  };
  return {
    id,
    ref: `${handle.slug}/${id}`,
    claim: (options = {}) => take("implement", options),
    startReview: (options = {}) => take("review", options),
    move: (to, { claim, evidence, reason, link, ...options } = {}) =>
      underClaim(
        claim,
        {
          type: "MoveWorkPackage",
          workPackageId,
          to,
          ...fenceOf(claim),
          ...(reason === undefined ? {} : { reason }),
          ...(link === undefined ? {} : { link }),
          ...(evidence === undefined ? {} : { evidence: evidenceList(evidence) }),
        },
        options,
      ),
    markSubtask: (subtaskId, { done = true, claim, ...options } = {}) =>
      handle.execute(
        { type: "MarkSubtask", workPackageId, subtaskId, done, ...fenceOf(claim) },
        actingAs(claim, options),
      ),
    note: (text, options = {}) => handle.execute({ type: "AddNote", workPackageId, text }, options),
    submitReview: ({ verdict, to, notes, subject, claim, ...options }) =>
      underClaim(
        claim,
        {
          type: "SubmitReview",
          workPackageId,
          verdict,
          ...fenceOf(claim),
          ...(to === undefined ? {} : { to }),
          ...(notes === undefined ? {} : { notes }),
          ...(subject === undefined ? {} : { subject }),
        },
        options,
      ),
    issueReviewPrompt: (options) => issueReviewPrompt(context, handle, workPackageId, options),
    override: (options) => overrideVerdict(context, handle, workPackageId, options),
    recover: async (reason, options = {}) => {
      const claim = await claimOn(handle, workPackageId);
      const { cwd, machine, engine } = context;
      const observed =
        claim === undefined
          ? undefined
          : claimLooker({ cwd, env: {}, machine }).look(claim, engine.clock.now());
      return handle.execute(
        { type: "RecoverClaim", workPackageId, reason, ...(observed === undefined ? {} : { observed }) },
        options,
      );
    },
  };
};

const fenceOf = (claim: HeldClaim | undefined): { readonly fence?: number } =>
  claim === undefined ? {} : { fence: claim.fence };

/** Who brings a claim acts as its holder, unless the call says otherwise. */
const actingAs = (claim: HeldClaim | undefined, options: RequestOptions): RequestOptions =>
  claim === undefined ? options : { actor: claim.holder, ...options };

const leaseOf = (leaseFor: number | string): number => {
  const milliseconds = typeof leaseFor === "number" ? leaseFor : parseDuration(leaseFor);
  if (milliseconds === undefined || !Number.isSafeInteger(milliseconds))
    throw new TypeError(`leaseFor: ${JSON.stringify(leaseFor)} is not a length of time such as "2m"`);
  return milliseconds;
};

const evidenceList = (evidence: NonNullable<MoveOptions["evidence"]>): readonly Evidence[] =>
  isList(evidence)
    ? evidence
    : Object.entries(evidence).flatMap(([kind, ref]) =>
        ref === undefined ? [] : [{ kind: kind as Evidence["kind"], ref }],
      );

const isList = (evidence: NonNullable<MoveOptions["evidence"]>): evidence is readonly Evidence[] =>
  Array.isArray(evidence);
