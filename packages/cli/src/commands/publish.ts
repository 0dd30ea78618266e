/** Publish: brings the ledger and the copies in the git work tree together, both ways. */
import type { LedgerError } from "@mission-ledger/core";
import { missionStream } from "@mission-ledger/core/mission";
import { changedCopies, type PublishedCopy, publishCopies } from "@mission-ledger/store-file";
import { warningOfFork } from "../command/log-warnings.ts";
import type { CommandResult } from "../command/result.ts";
import { type CommandContext, type CommandSpec, command } from "../command/spec.ts";
import { warningText } from "../command/write.ts";
import { counted } from "../output/counted.ts";
import { exitCodeOf } from "../output/exit-codes.ts";
import { type Line, toned } from "../output/lines.ts";
import { CliError } from "../output/problem.ts";
import { shellQuote } from "../output/shell-quote.ts";
import { missionName } from "../place/copies.ts";
import { logFolderOf } from "../place/log-folder.ts";
import { ledgerNotFound } from "../place/place.ts";

export const publish: CommandSpec = command({
  name: "publish",
  summary: "Take in what git brought, and hand on what its copies lack",
  description:
    "Every write does this for its own mission. Run it after a pull or merge to see what came, and to write a copy with conflict markers clean.",
  arguments: { mission: { kind: "text", description: "only this mission" } },
  flags: { dryRun: { kind: "boolean", description: "say which copies others have changed; do nothing" } },
  examples: ["publish", "publish passkeys --json"],
  writes: true,
  run: async (context, { mission, dryRun }) => {
    const place = await context.place();
    const { publishTo } = place;
    if (place.exists === false) throw ledgerNotFound(place, context);
    const directory = await logFolderOf(context, {
      sqlite: "git carries copies of log files only; keep the database out of git",
      server: "git carries copies of log files only; everybody reads the server itself",
      host: "git carries no copies of it",
    });
    if (publishTo === undefined) throw noCopies(context);
    const { clock, randomness, files } = context;
    if (dryRun)
      return changed(publishTo, changedCopies({ directory, publishTo, files }).map(missionName), mission);
    const results = await publishCopies({
      directory,
      publishTo,
      files,
      clock,
      randomness,
      anew: true,
      ...(mission === undefined ? {} : { streams: [missionStream(mission)] }),
    });
    if (results.some(({ takenIn }) => takenIn > 0)) context.worktrees()?.invalidate();
    // A fork that was known before is told as well: until it is decided, ledger and copy being the same is no good news.
    const forks = new Map(
      results.map(({ stream }) => [stream, warningOfFork(context, directory, missionName(stream))]),
    );
    const [fault] = results.flatMap((result) => (result.fault === undefined ? [] : [result.fault]));
    return {
      data: {
        folder: publishTo,
        missions: results.map(({ stream, fault: failed, ...result }) => ({
          mission: missionName(stream),
          ...result,
          fault: failed === undefined ? null : { code: failed.code, message: failed.message },
        })),
      },
      warnings: results.flatMap(({ stream, warnings }) => [
        ...warnings.map(warningText),
        ...(warnings.some(({ code }) => code === "FORK_DETECTED") ? [] : (forks.get(stream) ?? [])),
      ]),
      human:
        results.length === 0
          ? ["there is nothing to publish yet"]
          : results.map((result) => resultLine(context, result, forks.get(result.stream)?.length !== 0)),
      ...(fault === undefined
        ? {}
        : {
            exit: exitCodeOf(fault.code),
            error: {
              code: fault.code,
              message: fault.message,
              ...(fault.hint === undefined ? {} : { hint: fault.hint }),
              details: fault.details,
            },
          }),
    };
  },
});

const changed = (folder: string, slugs: readonly string[], only: string | undefined): CommandResult => {
  const asked = slugs.filter((slug) => only === undefined || slug === only);
  return {
    data: { folder, missions: [], changed: asked },
    human:
      asked.length === 0
        ? ["no copy was changed by others; a real run would only hand on what they lack"]
        : asked.map((slug) => `${slug}: changed by others; a real run would take in what is new`),
  };
};

const resultLine = (context: CommandContext, result: PublishedCopy, isForked: boolean): Line => {
  const { stream, takenIn, undecided, decidedElsewhere, published, replaced, fault } = result;
  const name = missionName(stream);
  if (fault !== undefined) return [toned("bad", "failed  "), `${name}: ${fault.message}`];
  const said = [
    ...(decidedElsewhere ? ["a decision that was made elsewhere changed it"] : []),
    ...(takenIn > 0 ? [`${counted(takenIn, "record")} taken in`] : []),
    ...(undecided > 0 ? [`${counted(undecided, "record")} of another branch wait for a decision`] : []),
    ...(replaced
      ? ["copy written anew"]
      : published > 0
        ? [`${counted(published, "record")} handed on`]
        : []),
  ];
  return [
    toned(isForked ? "warn" : "good", isForked ? "forked  " : "ok      "),
    `${name}: ${said.length === 0 ? "ledger and copy are the same" : said.join(", ")}`,
    ...(isForked ? [toned("dim", `   ${context.say("reconcile", shellQuote(name))}`)] : []),
  ];
};

const noCopies = (context: CommandContext): LedgerError =>
  new CliError("USAGE", "no git work tree here wants copies of the ledger's logs", {
    hint: `make it so: ${context.say("init", "--git")}`,
  });
