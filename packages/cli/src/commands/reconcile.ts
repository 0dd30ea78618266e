/** Reconcile: shows where two copies of a log went on from the same event, and has it decided which of them goes on. */
import { missionStream } from "@mission-ledger/core/mission";
import { forksOf } from "@mission-ledger/store-file";
import { selectMissions } from "../command/refs.ts";
import { type CommandSpec, command } from "../command/spec.ts";
import { writeFlags } from "../command/write.ts";
import { usage } from "../output/problem.ts";
import { logFolderOf } from "../place/log-folder.ts";
import { decideFork } from "./decide-fork.ts";
import { showForks } from "./show-forks.ts";

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
    if (input.winner === undefined) {
      // Of a name that is no mission, "no branch waits" would be a guess.
      const streams = (await selectMissions(ledger, input.mission)).map(missionStream);
      return showForks(
        context,
        streams.map((stream) => ({ stream, forks: forksOf({ directory, stream }) })),
      );
    }
    if (input.mission === undefined) throw usage("--winner decides about one mission; say which");
    return decideFork(context, {
      ...{ directory, ledger, slug: input.mission, named: input.winner, input, signal },
    });
  },
});
