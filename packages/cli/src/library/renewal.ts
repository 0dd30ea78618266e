/**
 * Keeps a lease from ending while somebody works under it. Promises: it is lost as soon as the log says so, and as soon as it is
 * over by the clock and the log cannot be asked; a machine that slept longer than the lease asks the log before anything else.
 */
import { type Clock, LedgerError, type Timers } from "@mission-ledger/core";

export interface RenewalOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly leaseMs: number;
  /** RFC 3339. */
  readonly expiresAt: string;
  /** Answers when the lease ends now. */
  readonly renew: () => Promise<string>;
  /** The log said no, or can never be asked again. */
  readonly isFinal: (error: unknown) => boolean;
  readonly lose: (reason: unknown) => void;
}

export interface Renewal {
  readonly expiresAt: string;
  /** Somebody else in this program renewed it. */
  extended(expiresAt: string): void;
  stop(): void;
}

/** Renewals per lease: two may fail before the third is late. */
const renewalsPerLease = 3;
/** Looks at the clock per lease: a machine that wakes up knows soon that its lease is over. */
const looksPerLease = 20;
const [shortestLookMs, longestLookMs] = [50, 5_000];

/** The lease ended by the clock, and the log could not be asked whether somebody else has the work by now. */
class LeaseOver extends LedgerError {
  override readonly name = "LeaseOver";
  readonly code = "CLAIM_LOST";

  constructor(expiresAt: string, cause: unknown) {
    super(`the lease ended ${expiresAt} and could not be renewed`, {
      outcome: "not_written",
      retryable: false,
      hint: "Stop the work: somebody else may have it. Claim it again when the log can be reached.",
      details: { expiresAt },
      ...(cause === undefined ? {} : { cause }),
    });
  }
}

export const keepRenewing = ({
  clock,
  timers,
  leaseMs,
  expiresAt: first,
  renew,
  isFinal,
  lose,
}: RenewalOptions): Renewal => {
  const lookMs = Math.min(longestLookMs, Math.max(shortestLookMs, leaseMs / looksPerLease));
  const everyMs = leaseMs / renewalsPerLease;
  let expiresAt = first;
  let dueAt = clock.now() + everyMs;
  let isOpen = true;
  /** When an attempt under way has taken too long, by the clock. */
  let patientUntil: number | undefined;
  let lastFailure: unknown;
  let callOff = (): void => {};

  const stop = (): void => {
    isOpen = false;
    callOff();
  };
  const end = (reason: unknown): void => {
    if (!isOpen) return;
    stop();
    lose(reason);
  };
  const attempt = async (): Promise<void> => {
    try {
      expiresAt = await renew();
      lastFailure = undefined;
      dueAt = clock.now() + everyMs;
    } catch (error) {
      lastFailure = error;
      // Until the lease is over, a store that cannot be reached is only a reason to try again.
      if (isFinal(error)) end(error);
      else if (clock.now() >= Date.parse(expiresAt)) end(new LeaseOver(expiresAt, error));
    } finally {
      patientUntil = undefined;
    }
  };
  const look = (): void => {
    const now = clock.now();
    const isOver = now >= Date.parse(expiresAt);
    // A clock that was set back must not put the next renewal off.
    dueAt = Math.min(dueAt, now + everyMs);
    if (patientUntil !== undefined) {
      if (isOver && now >= patientUntil) end(new LeaseOver(expiresAt, lastFailure));
    } else if (isOver || now >= dueAt) {
      patientUntil = now + lookMs;
      void attempt();
    }
    if (isOpen) callOff = timers.after(lookMs, look);
  };
  callOff = timers.after(lookMs, look);
  return {
    get expiresAt() {
      return expiresAt;
    },
    extended: (until) => {
      expiresAt = until;
      dueAt = clock.now() + everyMs;
    },
    stop,
  };
};
