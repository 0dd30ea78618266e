/** Reconcile: shows where two copies of a log went on from the same event, and decides which of them goes on. */
import { LedgerError, type RecordedEvent, timestamp } from "@mission-ledger/core";
import { missionStream } from "@mission-ledger/core/mission";
import {
  type Fork,
  type ForkSide,
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
import { openMission, selectMissions } from "../command/refs.ts";
import type { CommandResult } from "../command/result.ts";
import { type CommandContext, type CommandSpec, command } from "../command/spec.ts";
import { clockTime, commandIdFor, warningText, writeFlags } from "../command/write.ts";
import { counted } from "../output/counted.ts";
import { type Line, toned } from "../output/lines.ts";
import { CliError, usage } from "../output/problem.ts";
import { shellQuote } from "../output/shell-quote.ts";
import { missionName } from "../place/copies.ts";
import { logFolderOf } from "../place/log-folder.ts";

const { as, requestId, dryRun } = writeFlags;

export const reconcile: CommandSpec = command({
  name: "reconcile",
  summary: "Show the forks of a mission's log, and decide which branch goes on",
  description:
    "Without --winner it shows both sides and changes nothing. With it, one event names the winner and what is decided against; that is kept, and no longer counts.",
  arguments: { mission: { kind: "text", description: "which mission; may be left out to see all forks" } },
  flags: {
    winner: {
      kind: "text",
      description: "the branch that goes on: local, or the beginning of its last event's id or digest",
      placeholder: "branch",
    },
    reason: { kind: "text", description: "why this one; kept with the decision" },
    as,
    requestId,
    dryRun,
  },
  examples: ["reconcile", 'reconcile passkeys --winner local --reason "theirs was a spike"'],
  writes: true,
  run: async (context, input, signal) => {
    const directory = await logFolderOf(context, {
      sqlite: "only copies of log files can go different ways: it has no forks",
      server: "it keeps one history of each mission: it has no forks",
      host: "it has no forks",
    });
    // Opened so that what lies in the work tree is taken in first.
    const ledger = await context.ledger();
    // The side that wins may hold what was put down by nobody.
    if (input.winner !== undefined) context.worktrees()?.invalidate();
    const { publishTo } = await context.place();
    if (input.winner === undefined) {
      // Of a name that is no mission, "no branch waits" would be a guess.
      const streams = (await selectMissions(ledger, input.mission)).map(missionStream);
      return showForks(
        context,
        streams.map((stream) => ({ stream, forks: forksOf({ directory, stream }) })),
      );
    }
    if (input.mission === undefined) throw usage("--winner decides about one mission; say which");
    const stream = missionStream(input.mission);
    const forks = forksOf({ directory, stream });
    if (forks.length === 0 && input.requestId === undefined) {
      // Of a name that is no mission, "nothing to decide" would be a guess.
      await openMission(ledger, input.mission, signal);
      return nothingToDecide(input.mission);
    }
    // A repeated decision names a branch that may be none any more: then the log is asked first.
    if (forks.length > 0 && (input.dryRun || input.requestId === undefined))
      checkWinner(context, input.mission, input.winner, forks);
    const before = await eventsOf(ledger.store.read(stream));
    if (input.dryRun) {
      const plan = planReconciliation({ directory, stream, winner: input.winner, files: context.files });
      return plan === undefined
        ? nothingToDecide(input.mission)
        : showPlan(context, input.mission, plan, decisionsLost(forks, before, plan.events));
    }
    const actor = await context.actor();
    const commandId = commandIdFor(context, input);
    const { mission: slug, winner: named } = input;
    const decided = await reconcileStream({
      directory,
      stream,
      winner: input.winner,
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
    if (decided === undefined) return nothingToDecide(input.mission);
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
        mission: input.mission,
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
              `  see what is to be done: ${context.say("board", shellQuote(input.mission))}`,
            ]),
        ...(quarantined === undefined ? [] : [toned("dim", `the old log is kept whole: ${quarantined}`)]),
      ],
    };
  },
});

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

interface Forked {
  readonly stream: string;
  readonly forks: readonly Fork[];
}

const showForks = (context: CommandContext, all: readonly Forked[]): CommandResult => {
  const forked = all.filter(({ forks }) => forks.length > 0);
  return {
    data: {
      mission: null,
      forks: forked.flatMap(({ stream, forks }) =>
        forks.map(({ forksAfter, local, branch }) => ({
          mission: missionName(stream),
          forksAfter,
          local: local === undefined ? null : sideData(local),
          branch: sideData(branch),
        })),
      ),
      decided: null,
    },
    empty: forked.length === 0,
    human:
      forked.length === 0
        ? ["no branch waits for a decision"]
        : forked.flatMap(({ stream, forks }) => forkLines(context, missionName(stream), forks)),
  };
};

const sideData = ({ digest, eventId, revision, events }: ForkSide) => ({
  digest,
  eventId,
  revision,
  events: events.length,
  commands: demotedCommands(events),
});

const mostShown = 12;

const forkLines = (context: CommandContext, slug: string, forks: readonly Fork[]): readonly Line[] => {
  const now = context.clock.now();
  const sideLines = (side: ForkSide | undefined): readonly Line[] => {
    if (side === undefined) return ["    nothing"];
    const commands = demotedCommands(side.events);
    return [
      ...commands
        .slice(0, mostShown)
        .map(
          ({ at, actor, workPackageId, text }): Line => [
            "    ",
            toned("dim", `${clockTime(timestamp(Date.parse(at)), now)} ${actor}  `),
            `${workPackageId ?? ""} ${text}`.trim(),
          ],
        ),
      ...(commands.length > mostShown ? [toned("dim", `    and ${commands.length - mostShown} more`)] : []),
    ];
  };
  const choice = (winner: string): string =>
    context.say("reconcile", `${shellQuote(slug)} --winner ${winner} --reason "…"`);
  return forks.flatMap(({ forksAfter, local, branch }) => [
    [toned("strong", slug), `: two copies went on from revision ${forksAfter.revision}`],
    [`  here: ${counted(local?.events.length ?? 0, "event")}`, toned("dim", `   ${choice("local")}`)],
    ...sideLines(local),
    [
      `  ${branch.eventId.slice(0, 8)}: ${counted(branch.events.length, "event")}`,
      toned("dim", `   ${choice(branch.eventId.slice(0, 8))}`),
    ],
    ...sideLines(branch),
  ]);
};
