/** The forks of logs, both sides of each, with the command that decides for either. Changes nothing. */
import { timestamp } from "@mission-ledger/core";
import type { Fork, ForkSide } from "@mission-ledger/store-file";
import { demotedCommands } from "../command/lost-decisions.ts";
import type { CommandResult } from "../command/result.ts";
import type { CommandContext } from "../command/spec.ts";
import { clockTime } from "../command/write.ts";
import { counted } from "../output/counted.ts";
import { type Line, toned } from "../output/lines.ts";
import { shellQuote } from "../output/shell-quote.ts";
import { missionName } from "../place/copies.ts";

export interface Forked {
  readonly stream: string;
  readonly forks: readonly Fork[];
}

export const showForks = (context: CommandContext, all: readonly Forked[]): CommandResult => {
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
