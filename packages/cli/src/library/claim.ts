/** A claim that is held: renews itself while it is open, and says so at once when it is lost. */
import { type Clock, LedgerError, type Timers } from "@mission-ledger/core";
import {
  type Claim,
  type ClaimKind,
  findWorkPackage,
  type MissionEvent,
  type MissionHandle,
  type MissionReceipt,
  type RequestOptions,
  type Workplace,
} from "@mission-ledger/core/mission";
import { keepRenewing } from "./renewal.ts";

export interface HeldClaim {
  readonly ref: string;
  readonly kind: ClaimKind;
  readonly holder: string;
  /** Grows with each grant; later writes under an older one are refused. */
  readonly fence: number;
  /** RFC 3339; moves on with each renewal. */
  readonly expiresAt: string;
  /** The receipt of the grant. */
  readonly receipt: MissionReceipt;
  /**
   * Aborted when the claim is lost: recovered by others, ended by a move made elsewhere, or over by the clock while the log
   * cannot be asked. After a sleep longer than the lease the log is asked first: it goes on if nobody took it meanwhile.
   */
  readonly signal: AbortSignal;
  /** Throws `CLAIM_LOST` when it is too late. */
  renew(): Promise<void>;
  /** Gives the package back if it is still held. Asked again, it does nothing. */
  release(reason?: string): Promise<void>;
  /** Stops renewing, then releases; failures are swallowed, since the lease ends by itself. */
  [Symbol.asyncDispose](): Promise<void>;
}

export interface HoldOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly handle: MissionHandle;
  readonly workPackageId: string;
  readonly kind: ClaimKind;
  readonly leaseMs: number;
  readonly renew: boolean;
  readonly workplace: Workplace;
  readonly options: RequestOptions;
}

type Granted = Extract<MissionEvent, { type: "WorkPackageClaimed" }>;

export const holdClaim = async (hold: HoldOptions): Promise<HeldClaim> => {
  const { handle, workPackageId, kind, leaseMs, workplace, options } = hold;
  const receipt = await handle.execute(
    { type: "ClaimWorkPackage", workPackageId, kind, leaseMs, workplace },
    options,
  );
  const { holder, fence, expiresAt } = receipt.events.find(
    (event): event is Granted => event.type === "WorkPackageClaimed",
  ) as Granted;
  return heldClaim({ ...hold, receipt, holder, fence, expiresAt });
};

export interface TakeUpOptions extends HoldOptions {
  /** The claim as it stands. */
  readonly claim: Claim;
  /** Shown by who looked: the program that has it is gone. */
  readonly observed?: Extract<Parameters<MissionHandle["execute"]>[0], { type: "RenewClaim" }>["observed"];
}

/** Goes on under the holder's own claim, with its fence. Throws `CLAIM_HELD` while another program has it. */
export const takeUpClaim = async (take: TakeUpOptions): Promise<HeldClaim> => {
  const { handle, workPackageId, leaseMs, workplace, claim, observed, options } = take;
  const { holder, fence } = claim;
  const receipt = await handle.execute(
    {
      type: "RenewClaim",
      workPackageId,
      fence,
      leaseMs,
      workplace,
      ...(observed === undefined ? {} : { observed }),
    },
    { ...options, actor: holder },
  );
  const expiresAt = renewedUntil(receipt) ?? claim.expiresAt;
  return heldClaim({ ...take, receipt, holder, fence, expiresAt });
};

/** When the lease ends that a command has renewed; `undefined` where it renewed none. */
export const renewedUntil = ({ events }: Pick<MissionReceipt, "events">): string | undefined =>
  events.find((event) => event.type === "ClaimRenewed")?.expiresAt;

interface Granting extends HoldOptions {
  readonly receipt: MissionReceipt;
  readonly holder: string;
  readonly fence: number;
  readonly expiresAt: string;
}

/** The log said no, or will never answer. */
const isFinal = (error: unknown): boolean =>
  !LedgerError.is(error) ||
  error.code === "CLAIM_LOST" ||
  error.code === "CLAIM_HELD" ||
  error.code === "NOT_FOUND" ||
  error.code === "MISSION_ARCHIVED" ||
  error.code === "STORE_CLOSED";

const heldClaim = ({
  clock,
  timers,
  handle,
  workPackageId,
  kind,
  leaseMs,
  renew,
  receipt,
  holder,
  fence,
  expiresAt: granted,
}: Granting): HeldClaim => {
  const lost = new AbortController();
  let expiresAt = granted;
  let isOpen = true;
  const renewNow = async (): Promise<string> => {
    const renewed = await handle.execute(
      { type: "RenewClaim", workPackageId, fence, leaseMs },
      { actor: holder },
    );
    expiresAt = renewedUntil(renewed) ?? expiresAt;
    return expiresAt;
  };
  const lose = (reason: unknown): void => {
    close();
    lost.abort(reason);
  };
  const renewal = renew
    ? keepRenewing({ clock, timers, leaseMs, expiresAt, renew: renewNow, isFinal, lose })
    : undefined;
  const close = (): void => {
    isOpen = false;
    renewal?.stop();
  };
  const release = async (reason?: string): Promise<void> => {
    if (!isOpen) return;
    close();
    try {
      await handle.execute(
        { type: "ReleaseClaim", workPackageId, fence, ...(reason === undefined ? {} : { reason }) },
        { actor: holder },
      );
    } catch (error) {
      // A move may have ended the claim already; then there is nothing to give back.
      if (!LedgerError.is(error, "CLAIM_LOST")) throw error;
    }
  };
  const held: HeldClaim = {
    ref: `${handle.slug}/${workPackageId}`,
    kind,
    holder,
    fence,
    get expiresAt() {
      return expiresAt;
    },
    receipt,
    signal: lost.signal,
    renew: async () => {
      try {
        const until = await renewNow();
        renewal?.extended(until);
      } catch (error) {
        if (LedgerError.is(error, "CLAIM_LOST")) lose(error);
        throw error;
      }
    },
    release,
    [Symbol.asyncDispose]: () => release("the program that held it has ended").catch(() => {}),
  };
  closers.set(held, close);
  return held;
};

const closers = new WeakMap<HeldClaim, () => void>();

/** Stops renewing and leaves the claim as it is. */
export const stopRenewing = (claim: HeldClaim): void => closers.get(claim)?.();

/** A move or a verdict may end the claim it was made under: then it was not lost, and is not renewed any more. */
export const settleClaim = (
  claim: HeldClaim | undefined,
  { events }: Pick<MissionReceipt, "events">,
): void => {
  if (claim === undefined) return;
  if (events.some((event) => event.type === "ClaimReleased" && event.fence === claim.fence))
    stopRenewing(claim);
};

/** The claim on a package as the log has it now; `undefined` where nobody holds it. */
export const claimOn = async (handle: MissionHandle, workPackageId: string): Promise<Claim | undefined> => {
  const state = await handle.state();
  const workPackage = state._tag === "Open" ? findWorkPackage(state, workPackageId) : undefined;
  return workPackage?.claim ?? undefined;
};
