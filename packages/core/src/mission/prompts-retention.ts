/** When a prompt's file may go. The event stays; a file that a review may still go by never goes. */

import { findWorkPackage, type Mission } from "./state.ts";
import type { PromptOnRecord } from "./views/prompts.ts";

/** How long prompts are kept: 30 days, in milliseconds. */
export const promptsKeptMs: number = 30 * 24 * 3_600_000;

export interface KeptPrompt {
  /** `undefined` where no event names it: it was never issued, or its mission is of another ledger. */
  readonly record: PromptOnRecord | undefined;
  /** When its file was last written; milliseconds since 1970. */
  readonly writtenAt: number;
  readonly mission: Mission;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** @defaultValue {@link promptsKeptMs} */
  readonly keptMs?: number;
}

/** Whether it is older than prompts are kept, and what it is about is not under review. */
export const isPromptSpent = ({
  record,
  writtenAt,
  mission,
  now,
  keptMs = promptsKeptMs,
}: KeptPrompt): boolean => {
  const newest = Math.max(writtenAt, record === undefined ? writtenAt : Date.parse(record.issuedAt));
  // Not `<=`: of a time that cannot be read nothing follows.
  if (!(now - newest > keptMs)) return false;
  return record === undefined || mission._tag === "Absent" || !isUnderReview(record, mission);
};

const isUnderReview = ({ prompt }: PromptOnRecord, mission: Extract<Mission, { _tag: "Open" }>): boolean => {
  const workPackage = findWorkPackage(mission, prompt.workPackageId);
  if (workPackage === undefined) return false;
  const { lane, reviewCycle } = workPackage;
  return (lane === "for_review" || lane === "in_review") && Math.max(reviewCycle, 1) === prompt.cycle;
};
