/** The decision which side of a fork goes on: what it would take away, the event that says so, and what no longer holds. */
import { type CancelSignal, LedgerError, type RecordedEvent } from "@mission-ledger/core";
import { type Ledger, missionStream } from "@mission-ledger/core/mission";
import {
  type Fork,
  forksOf,
  type PlannedReconciliation,
  planReconciliation,
  publishCopies,
  reconcileStream,
} from "@mission-ledger/store-file";
import {
  type DemotedCommand,
  demotedCommands,
  type LostDecision,
  lostDecisions,
} from "../command/lost-decisions.ts";
import { openMission } from "../command/refs.ts";
import type { CommandResult } from "../command/result.ts";
import type { CommandContext } from "../command/spec.ts";
import { clockTime, commandIdFor, warningText } from "../command/write.ts";
import { counted } from "../output/counted.ts";
import { type Line, toned } from "../output/lines.ts";
import { CliError } from "../output/problem.ts";
import { shellQuote } from "../output/shell-quote.ts";

export interface ForkDecision {
  readonly directory: string;
  readonly ledger: Ledger;
  readonly slug: string;
  /** The branch that goes on, as it was typed. */
  readonly named: string;
  readonly input: {
    readonly reason: string | undefined;
    readonly requestId: string | undefined;
    readonly dryRun: boolean;
  };
  readonly signal: CancelSignal | undefined;
}

/** Writes nothing where `dryRun` says so, or where there is nothing to decide. Throws as `checkWinner` for a name of no branch. */
export const decideFork = async (
  context: CommandContext,
  { directory, ledger, slug, named, input, signal }: ForkDecision,
): Promise<CommandResult> => {
  const { publishTo } = await context.place();
  const stream = missionStream(slug);
  const forks = forksOf({ directory, stream });
  if (forks.length === 0 && input.requestId === undefined) {
    // Of a name that is no mission, "nothing to decide" would be a guess.
    await openMission(ledger, slug, signal);
    return nothingToDecide(slug);
  }
  // A repeated decision names a branch that may be none any more: then the log is asked first.
  if (forks.length > 0 && (input.dryRun || input.requestId === undefined))
    checkWinner(context, slug, named, forks);
  const before = await eventsOf(ledger.store.read(stream));
  if (input.dryRun) {
    const plan = planReconciliation({ directory, stream, winner: named, files: context.files });
    return plan === undefined
      ? nothingToDecide(slug)
      : showPlan(context, slug, plan, decisionsLost(forks, before, plan.events));
  }
  const actor = await context.actor();
  const commandId = commandIdFor(context, input);
  const decided = await reconcileStream({
    directory,
    stream,
    winner: named,
    actor,
    commandId,
    files: context.files,
    clock: context.clock,
    randomness: context.randomness,
    ...(input.reason === undefined ? {} : { reason: input.reason }),
    ...(signal === undefined ? {} : { signal }),
  }).catch((error: unknown) => {
    if (!LedgerError.is(error) || error.code !== "FORK_DETECTED") throw error;
    if (error.details.forks === 0) return undefined;
    checkWinner(context, slug, named, forks);
    throw error;
  });
  if (decided === undefined) return nothingToDecide(slug);
  const now = await eventsOf(ledger.store.read(stream));
  const lost = decisionsLost(forks, before, now);
  const demoted = demotedCommands(decided.demoted);
  const published =
    publishTo === undefined
      ? []
      : await publishCopies({
          ...{ directory, publishTo, streams: [stream], anew: true },
          ...{ files: context.files, clock: context.clock, randomness: context.randomness },
        });
  const { revision, eventId, digest, winner, losers, quarantined, repeated } = decided;
  return {
    data: {
      mission: slug,
      forks: [],
      decided: {
        ...{ revision, eventId, digest, winner, losers, commandId, repeated },
        readback: "verified",
        demoted,
        noLongerHolds: lost,
        quarantined: quarantined ?? null,
      },
    },
    warnings: published.flatMap(({ warnings, fault }) =>
      [...warnings, ...(fault === undefined ? [] : [fault])].map(warningText),
    ),
    human: [
      [
        `decided: ${counted(losers.length, "branch", "branches")} with ${counted(decided.demoted.length, "event")} no longer count   rev ${revision}  `,
        toned("good", "read back"),
        repeated ? "  (done before under this request id)" : "",
      ],
      ...demotedLines(context, demoted),
      ...(lost.length === 0
        ? ["nothing that was decided there is missing here"]
        : [
            toned("warn", "no longer holds:"),
            ...lost.map(({ text }): Line => `  ${text}`),
            `  see what is to be done: ${context.say("board", shellQuote(slug))}`,
          ]),
      ...(quarantined === undefined ? [] : [toned("dim", `the old log is kept whole: ${quarantined}`)]),
    ],
  };
};

const demotedLines = (context: CommandContext, demoted: readonly DemotedCommand[]): readonly Line[] =>
  demoted.map(({ actor, at, workPackageId, text }) => [
    "  ",
    toned("dim", `${clockTime(at, context.clock.now())} ${actor}  `),
    `${workPackageId ?? ""} ${text}`.trim(),
  ]);

const nothingToDecide = (mission: string): CommandResult => ({
  data: { mission, forks: [], decided: null },
  empty: true,
  human: [`nothing to decide: no branch of ${mission} waits for it`],
});

/** Throws `NOT_FOUND` for a name that no branch has, `AMBIGUOUS_REF` for a beginning that several have. */
const checkWinner = (
  context: CommandContext,
  mission: string,
  winner: string,
  forks: readonly Fork[],
): void => {
  if (winner === "local") return;
  const sides = forks.flatMap(({ local, branch }) => (local === undefined ? [branch] : [local, branch]));
  const meant = new Set(
    winner.length < shortestName
      ? []
      : sides
          .filter(({ digest, eventId }) => digest.startsWith(winner) || eventId.startsWith(winner))
          .map(({ digest }) => digest),
  );
  if (meant.size === 1) return;
  const hint = `look: ${context.say("reconcile", shellQuote(mission))}`;
  throw meant.size === 0
    ? new CliError("NOT_FOUND", `no branch of ${mission} ends with ${winner}`, {
        hint,
        details: { mission, winner },
      })
    : new CliError(
        "AMBIGUOUS_REF",
        `${meant.size} branches of ${mission} end with what begins with ${winner}`,
        {
          hint,
          details: { mission, winner },
        },
      );
};

/** As many characters of an id or digest as have to be given. */
const shortestName = 4;

const showPlan = (
  context: CommandContext,
  mission: string,
  { winner, losers, demoted: events }: PlannedReconciliation,
  lost: readonly LostDecision[],
): CommandResult => {
  const demoted = demotedCommands(events);
  return {
    data: {
      mission,
      forks: [],
      decided: null,
      wouldDecide: { winner, losers, demoted, noLongerHolds: lost },
    },
    human: [
      `would decide: ${counted(losers.length, "branch", "branches")} with ${counted(events.length, "event")} would no longer count; nothing was written`,
      ...losers.map(
        ({ eventId, revision }): Line => `  against ${eventId.slice(0, 8)}, which ends at rev ${revision}`,
      ),
      ...demotedLines(context, demoted),
      ...(lost.length === 0
        ? ["nothing that was decided there would be missing here"]
        : [toned("warn", "would no longer hold:"), ...lost.map(({ text }): Line => `  ${text}`)]),
    ],
  };
};

const eventsOf = async (
  batches: AsyncIterable<readonly RecordedEvent[]>,
): Promise<readonly RecordedEvent[]> => {
  const events: RecordedEvent[] = [];
  for await (const batch of batches) events.push(...batch);
  return events;
};

/** For each side of each fork that is not part of the stream any more. */
const decisionsLost = (
  forks: readonly Fork[],
  before: readonly RecordedEvent[],
  now: readonly RecordedEvent[],
): readonly LostDecision[] => {
  const goesOn = new Set(now.map(({ digest }) => digest));
  const lost = new Map<string, LostDecision>();
  for (const { forksAfter, local, branch } of forks) {
    const base = before.filter(({ revision }) => revision <= forksAfter.revision);
    for (const side of [local, branch])
      if (side !== undefined && !goesOn.has(side.digest))
        for (const decision of lostDecisions(base, side.events, now))
          lost.set(`${decision.workPackageId} ${decision.kind} ${decision.was}`, decision);
  }
  return [...lost.values()];
};
