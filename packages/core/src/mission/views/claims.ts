/** Answers "who holds what, until when, and how did the last claims end?". */
import type { Draft } from "immer";
import type { Projection } from "../../kernel/projection.ts";
import type { ClaimKind, MissionEvent, RecoverySignal } from "../events.ts";

export interface LiveClaim {
  readonly workPackageId: string;
  readonly kind: ClaimKind;
  readonly holder: string;
  readonly fence: number;
  readonly since: string;
  readonly expiresAt: string;
  readonly renewals: number;
}

export interface Recovery {
  readonly workPackageId: string;
  readonly from: string;
  readonly by: string;
  readonly signal: RecoverySignal;
  readonly reason: string;
  readonly at: string;
}

export interface Claims {
  readonly live: Readonly<Record<string, LiveClaim>>;
  /** The newest {@link keptRecoveries}, oldest first. */
  readonly recoveries: readonly Recovery[];
}

export const keptRecoveries = 50;

const ended = (view: Claims, { workPackageId }: { readonly workPackageId: string }): Claims => {
  delete (view as Draft<Claims>).live[workPackageId];
  return view;
};

export const claims: Projection<Claims, MissionEvent> = {
  name: "mission-claims",
  version: 1,
  initial: { live: {}, recoveries: [] },
  when: {
    WorkPackageClaimed: (view, { workPackageId, kind, holder, fence, expiresAt }, { recordedAt }) => {
      (view as Draft<Claims>).live[workPackageId] = {
        workPackageId,
        kind,
        holder,
        fence,
        since: recordedAt,
        expiresAt,
        renewals: 0,
      };
      return view;
    },
    ClaimRenewed: (view, { workPackageId, expiresAt }) => {
      const claim = (view as Draft<Claims>).live[workPackageId];
      if (claim !== undefined) Object.assign(claim, { expiresAt, renewals: claim.renewals + 1 });
      return view;
    },
    ClaimReleased: ended,
    ClaimRecovered: (view, { workPackageId, holder, signal, reason }, { actor, recordedAt }) => {
      const { recoveries } = ended(view, { workPackageId }) as Draft<Claims>;
      recoveries.push({ workPackageId, from: holder, by: actor, signal, reason, at: recordedAt });
      if (recoveries.length > keptRecoveries) recoveries.shift();
      return view;
    },
  },
  needs: {
    WorkPackageClaimed: {
      data: ["workPackageId", "kind", "holder", "fence", "expiresAt"],
      meta: ["recordedAt"],
    },
    ClaimRenewed: { data: ["workPackageId", "expiresAt"], meta: [] },
    ClaimReleased: { data: ["workPackageId"], meta: [] },
    ClaimRecovered: {
      data: ["workPackageId", "holder", "signal", "reason"],
      meta: ["actor", "recordedAt"],
    },
  },
};
