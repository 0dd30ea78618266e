/** Repair: mends what can be proven, recovers logs whose flush failed, and says what only a person can decide. */
import path from "node:path";
import { LedgerError } from "@mission-ledger/core";
import { missionStream } from "@mission-ledger/core/mission";
import { inspectStream, repairStream } from "@mission-ledger/store-file";
import { leftoverMissions } from "../command/leftovers.ts";
import { selectMissions } from "../command/refs.ts";
import { type CommandContext, type CommandSpec, command } from "../command/spec.ts";
import { counted } from "../output/counted.ts";
import { type ExitCode, exitCodeOf } from "../output/exit-codes.ts";
import { usage } from "../output/problem.ts";
import { shellQuote } from "../output/shell-quote.ts";
import { logFolderOf } from "../place/log-folder.ts";
import { copiesOf } from "./repair-copies.ts";
import { type MissionRepair, placeOfMissing, repairLines } from "./repair-lines.ts";

interface Wanted {
  readonly directory: string;
  readonly from: string | undefined;
  readonly dryRun: boolean;
  readonly acceptLoss: boolean;
}

export const repair: CommandSpec = command({
  name: "repair",
  summary: "Mend damaged logs, and recover those whose flush failed",
  description:
    "Destroys nothing: the whole old file is kept in the ledger's quarantine folder. A record counts again only if checksum, digests and links prove it. Without a mission, all damaged and suspect logs. Exit 8 when something is left to decide.",
  arguments: { mission: { kind: "text", description: "only this mission" } },
  flags: {
    dryRun: { kind: "boolean", description: "say what would be done; change nothing" },
    from: {
      kind: "path",
      description: "another copy of the log to take missing records from",
      placeholder: "file",
    },
    acceptLoss: {
      kind: "boolean",
      description: "end the log before the first hole; what is behind it stays in quarantine only",
    },
  },
  examples: [
    "repair",
    "repair passkeys --dry-run",
    "repair passkeys --from ../backup/mission-passkeys.jsonl",
  ],
  writes: true,
  run: async (context, { mission, dryRun, from, acceptLoss }) => {
    const directory = await logFolderOf(context, {
      sqlite: "repair mends log files",
      server: "repair mends log files",
      host: "there are no log files to repair",
      hint: `What is wrong with it, if anything: ${context.say("verify")}`,
    });
    const ledger = await context.ledger();
    // What comes back was put down by nobody.
    if (!dryRun) context.worktrees()?.invalidate();
    if (mission === undefined && (from !== undefined || acceptLoss))
      throw usage(`${from === undefined ? "--accept-loss" : "--from"} needs the mission it is meant for`);
    const { logs, lostLogs } = leftoverMissions(directory);
    const isKnown =
      mission === undefined ||
      from !== undefined ||
      [...logs, ...lostLogs.map(({ slug }) => slug)].includes(mission);
    const slugs =
      mission === undefined
        ? logs.filter((slug) => needsRepair(directory, slug))
        : isKnown
          ? [mission]
          : await selectMissions(ledger, mission);
    const wanted: Wanted = {
      directory,
      from: from === undefined ? undefined : path.resolve(context.cwd, from),
      dryRun,
      acceptLoss,
    };
    const repairs: MissionRepair[] = [];
    const failures: LedgerError[] = [];
    for (const slug of slugs)
      try {
        repairs.push(await repairMission(context, slug, wanted));
      } catch (error) {
        if (slugs.length === 1 || !LedgerError.is(error)) throw error;
        failures.push(error);
      }
    const problem = problemOf(context, repairs, failures);
    return {
      data: {
        ledger: directory,
        dryRun,
        checked: mission === undefined ? logs.length : slugs.length,
        repairs,
      },
      warnings: failures.map(({ code, message }) => `${code}: ${message}`),
      ...problem,
      human:
        repairs.length === 0 && failures.length === 0
          ? [`nothing to mend in ${counted(logs.length, "log")}`]
          : repairs.flatMap(repairLines),
    };
  },
});

const needsRepair = (directory: string, slug: string): boolean => {
  try {
    const { findings, suspect } = inspectStream({ directory, stream: missionStream(slug), digests: false });
    return suspect || findings.length > 0;
  } catch (error) {
    // Something that is no log stands there; the repair itself says what.
    if (LedgerError.is(error)) return true;
    throw error;
  }
};

/** Looks into other copies only where something is missing, and takes the first that fills all of it. */
const repairMission = async (
  context: CommandContext,
  slug: string,
  { directory, from, dryRun, acceptLoss }: Wanted,
): Promise<MissionRepair> => {
  const { clock, randomness, files } = context;
  const stream = missionStream(slug);
  const options = { directory, stream, clock, randomness, files };
  const chosen = from ?? (await fillingCopy(options, context.cwd));
  const report = await repairStream({
    ...options,
    dryRun,
    acceptLoss,
    ...(chosen === undefined ? {} : { from: chosen }),
  });
  return { mission: slug, from: chosen ?? null, ...report };
};

const fillingCopy = async (
  options: Parameters<typeof repairStream>[0],
  cwd: string,
): Promise<string | undefined> => {
  const { outcome, refusal } = await repairStream({ ...options, dryRun: true });
  if (outcome !== "refused" || refusal?._tag === "NewerFormat") return undefined;
  for (const copy of copiesOf(options.directory, options.stream, cwd))
    try {
      if ((await repairStream({ ...options, dryRun: true, from: copy })).outcome !== "refused") return copy;
    } catch (error) {
      // A copy that cannot be read is none.
      if (!LedgerError.is(error)) throw error;
    }
  return undefined;
};

const problemOf = (
  context: CommandContext,
  repairs: readonly MissionRepair[],
  failures: readonly LedgerError[],
): {
  readonly exit?: ExitCode;
  readonly error?: { readonly code: string; readonly message: string; readonly hint: string };
} => {
  const [failure] = failures;
  if (failure !== undefined)
    return {
      exit: exitCodeOf(failure.code),
      error: { code: failure.code, message: failure.message, hint: failure.hint ?? "" },
    };
  const left = repairs.find(({ writable }) => !writable);
  if (left === undefined) return {};
  const error = leftOver(context, left);
  return { exit: exitCodeOf(error.code), error };
};

const mendedOrNot: Readonly<Record<MissionRepair["outcome"], string>> = {
  sound: "needs no mending",
  repaired: "is mended",
  would_repair: "can be mended",
  refused: "was not mended",
};

/** What is left for a person: which events are missing, what giving them up would cost, and the command for each way. */
const leftOver = (
  context: CommandContext,
  { mission, outcome, refusal, missing, lost }: MissionRepair,
): { readonly code: string; readonly message: string; readonly hint: string } => {
  const slug = shellQuote(mission);
  const fromCopy = `with another copy of the log: ${context.say("repair", `${slug} --from <file>`)}`;
  switch (refusal?._tag) {
    case "EventsMissing": {
      const where = missing.slice(0, 1).map(placeOfMissing).join("");
      const cost =
        lost.length === 0 ? "what is missing" : `${counted(lost.length, "record")} behind the hole`;
      return {
        code: "LOG_CORRUPT",
        message: `the log of ${mission} lacks events ${where}, and nothing here can restore them; nothing was changed`,
        hint: `${fromCopy}\ngive up ${cost}: ${context.say("repair", `${slug} --accept-loss`)}`,
      };
    }
    case "NewerFormat":
      return {
        code: "UNSUPPORTED_FORMAT",
        message: `a newer version of mission-ledger wrote to the log of ${mission}; nothing was changed`,
        hint: "Repair it with that version, or a newer one.",
      };
    case "NoLog":
      return {
        code: "STORE_MISSING",
        message: `there is no log of ${mission}, and no copy of it was found`,
        hint: fromCopy,
      };
    case undefined:
      return {
        code: "FORK_DETECTED",
        message: `the log of ${mission} ${mendedOrNot[outcome]}, but holds a branch of another copy that nobody has decided about`,
        hint: `Decide: ${context.say("reconcile", slug)}`,
      };
  }
};
