/** A claim that is held: renews itself while it is open, and says so at once when it is lost. */
import { LedgerError } from "@mission-ledger/core";
import type {
  ClaimKind,
  MissionEvent,
  MissionHandle,
  MissionReceipt,
  RequestOptions,
} from "@mission-ledger/core/mission";
import { observeWorkplace } from "../workplace/observe-workplace.ts";
import { ownProgram } from "../workplace/program.ts";
import type { LibraryContext } from "./library-context.ts";

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
  /** Aborted when the lease is lost: recovered by others, over without having been renewed, or ended by a move. */
  readonly signal: AbortSignal;
  /** Throws `CLAIM_LOST` when it is too late. */
  renew(): Promise<void>;
  /** Gives the package back if it is still held. Asked again, it does nothing. */
  release(reason?: string): Promise<void>;
  /** Stops renewing, then releases; failures are swallowed, since the lease ends by itself. */
  [Symbol.asyncDispose](): Promise<void>;
}

export interface HoldOptions {
  readonly context: LibraryContext;
  readonly handle: MissionHandle;
  readonly workPackageId: string;
  readonly kind: ClaimKind;
  readonly leaseMs: number;
  readonly renew: boolean;
  readonly options: RequestOptions;
}

/** Renewals per lease: two may fail before the third is late. */
const renewalsPerLease = 3;

type Granted = Extract<MissionEvent, { type: "WorkPackageClaimed" }>;

export const holdClaim = async ({
  context,
  handle,
  workPackageId,
  kind,
  leaseMs,
  renew,
  options,
}: HoldOptions): Promise<HeldClaim> => {
  const { clock } = context.engine;
  const workplace = await observeWorkplace({ cwd: context.cwd, program: ownProgram() });
  const receipt = await handle.execute(
    { type: "ClaimWorkPackage", workPackageId, kind, leaseMs, workplace },
    options,
  );
  const {
    holder,
    fence,
    expiresAt: granted,
  } = receipt.events.find((event): event is Granted => event.type === "WorkPackageClaimed") as Granted;
  const lost = new AbortController();
  let expiresAt = granted;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let open = true;

  const close = (): void => {
    open = false;
    clearTimeout(timer);
  };
  const lose = (reason: unknown): void => {
    close();
    lost.abort(reason);
  };
  const renewNow = async (): Promise<void> => {
    const renewed = await handle.execute(
      { type: "RenewClaim", workPackageId, fence, leaseMs },
      { actor: holder },
    );
    const event = renewed.events.find(({ type }) => type === "ClaimRenewed");
    if (event?.type === "ClaimRenewed") expiresAt = event.expiresAt;
  };
  const renewOrLose = async (): Promise<void> => {
    try {
      await renewNow();
    } catch (error) {
      if (!open) return;
      const over = clock.now() >= Date.parse(expiresAt);
      // Until the lease is over a store that cannot be reached is only a reason to try again.
      if (
        over ||
        !LedgerError.is(error) ||
        error.code === "CLAIM_LOST" ||
        error.code === "CLAIM_HELD" ||
        error.code === "NOT_FOUND" ||
        error.code === "STORE_CLOSED"
      )
        lose(error);
    }
  };
  const schedule = (): void => {
    if (!open) return;
    timer = setTimeout(() => void renewOrLose().then(schedule), Math.max(50, leaseMs / renewalsPerLease));
    timer.unref();
  };
  const release = async (reason?: string): Promise<void> => {
    if (!open) return;
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
  if (renew) schedule();
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
        await renewNow();
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

/** A move or a verdict may end the claim it was made under: then it was not lost, and is not renewed any more. */
export const settleClaim = (
  claim: HeldClaim | undefined,
  { events }: Pick<MissionReceipt, "events">,
): void => {
  if (claim === undefined) return;
  if (events.some((event) => event.type === "ClaimReleased" && event.fence === claim.fence))
    closers.get(claim)?.();
};
