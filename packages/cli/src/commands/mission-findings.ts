/** What doctor finds in a mission that is sound: what waits for somebody, and what became a habit. */
import { type CancelSignal, timestamp } from "@mission-ledger/core";
import {
  type AttentionItem,
  attentionItems,
  type Ledger,
  type OpenMission,
  ready,
  readyItems,
  reviews,
} from "@mission-ledger/core/mission";
import { openMission } from "../command/refs.ts";
import { sayCommand } from "../command/say-command.ts";
import type { CommandContext } from "../command/spec.ts";
import { shellQuote } from "../output/shell-quote.ts";
import { type ClaimLooker, seenOfClaims } from "../workplace/look-after-claims.ts";
import type { Finding } from "./findings.ts";

/** From this share of forced moves on, force is a habit. */
const routineForce = 0.1;

const notes: ReadonlySet<AttentionItem["kind"]> = new Set([
  "forced",
  "changes_requested_repeatedly",
  "blocked",
  "hollow_review",
]);

export const aboutMission = async (
  context: CommandContext,
  ledger: Ledger,
  slug: string,
  looker: ClaimLooker,
  signal: CancelSignal | undefined,
): Promise<readonly Finding[]> => {
  const options = signal === undefined ? {} : { signal };
  const state = await openMission(ledger, slug, signal);
  const readiness = await ledger.mission(slug).view(ready, options);
  const reviewed = await ledger.mission(slug).view(reviews, options);
  const seen = seenOfClaims(looker, state);
  const now = timestamp(context.clock.now());
  const attention = attentionItems(readiness.view, reviewed.view, now, seen).map(
    ({ kind, mission, workPackageId, message, command: words }): Finding => ({
      severity: notes.has(kind) ? "note" : "action",
      kind,
      mission,
      workPackageId,
      message,
      command: sayCommand(context, { mission, workPackageId, command: words }),
    }),
  );
  return [...attention, ...neverClaimed(state, readiness.view, context), ...forceHabit(state, context)];
};

/** What waits for something else has not been claimed for a good reason. */
const neverClaimed = (
  { slug, workPackages }: OpenMission,
  readiness: Parameters<typeof readyItems>[0],
  context: CommandContext,
): readonly Finding[] =>
  readyItems(readiness)
    .filter((item) => item.ready)
    .flatMap(({ workPackageId }) => workPackages[workPackageId] ?? [])
    .filter(({ lane, fence, reviewCycle }) => lane === "planned" && fence === 0 && reviewCycle === 0)
    .map(({ id }) => ({
      severity: "note",
      kind: "never_claimed",
      mission: slug,
      workPackageId: id,
      message: `${slug}/${id} has never been claimed`,
      command: context.say("wp.claim", shellQuote(`${slug}/${id}`)),
    }));

const forceHabit = ({ slug, workPackages }: OpenMission, context: CommandContext): readonly Finding[] => {
  const all = Object.values(workPackages);
  const forced = all.filter(({ forceCount }) => forceCount > 0);
  if (forced.length < 3 || forced.length < all.length * routineForce) return [];
  const times = forced.reduce((sum, { forceCount }) => sum + forceCount, 0);
  const message = `${slug}: force was used ${times} times on ${forced.length} of ${all.length} work packages; the rules do not fit, or are not kept`;
  return [
    {
      severity: "action",
      kind: "force_routine",
      mission: slug,
      workPackageId: null,
      message,
      command: context.say("log", shellQuote(slug)),
    },
  ];
};
