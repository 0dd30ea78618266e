/** Rebuild: every view from the first event, beside the live ones, and put in their place in one step. */
import path from "node:path";
import { missionCategory, missionStream, slugOfStream } from "@mission-ledger/core/mission";
import {
  type RebuildReport,
  type RunReport,
  rebuildViews,
  type StreamOutcome,
  type ViewsOptions,
  verifyViews,
} from "@mission-ledger/rebuild";
import type { LogProblem } from "../command/check-log.ts";
import { damageIn, damageStep } from "../command/damage-step.ts";
import { selectMissions } from "../command/refs.ts";
import type { CommandResult } from "../command/result.ts";
import { type CommandContext, type CommandSpec, command } from "../command/spec.ts";
import { counted } from "../output/counted.ts";
import { exitCodes } from "../output/exit-codes.ts";
import { CliError, isAbort, usage } from "../output/problem.ts";
import { shellQuote } from "../output/shell-quote.ts";
import { barLine } from "../rebuild/bar.ts";
import { namedDifference, namedStray, strayText } from "../rebuild/difference.ts";
import { folds } from "../rebuild/folds.ts";
import { foldsOf, inspectorOf, lostLogs, viewNames, weightsOf } from "../rebuild/ground.ts";
import { locatedProblems } from "../rebuild/problem.ts";
import { type Ended, linesOf, mendedText, rowsOf } from "../rebuild/report.ts";
import { threadsFor } from "../rebuild/threads.ts";
import { version } from "../version.ts";
import { comparedViews } from "./compare-views.ts";

/** Missions that are listed one by one in the envelope; all are counted. */
const mostListed = 1_000;

export const rebuild: CommandSpec = command({
  name: "rebuild",
  summary: "Make every view again from the first event, and compare",
  description:
    "New views are made beside the live ones and put in their place in one step. What was interrupted is gone on with by the next rebuild. A mission whose log is damaged keeps the views it has.",
  arguments: { mission: { kind: "text", description: "only of this mission" } },
  flags: {
    view: {
      kind: "text",
      choices: viewNames,
      repeatable: true,
      description: "only this view",
      placeholder: "view",
    },
    verify: { kind: "boolean", description: "compare and write nothing; exit 8 when a view differs" },
    dryRun: {
      kind: "boolean",
      description: "say what would be mended and write nothing; exit 8 if anything",
    },
    workers: { kind: "integer", description: "threads; as many as pay if not given", placeholder: "n" },
    acceptReplaced: {
      kind: "boolean",
      description: "take logs for right that lack what views had seen, such as a backup put back on purpose",
    },
    noResume: { kind: "boolean", description: "begin anew, whatever was interrupted" },
  },
  examples: [
    "rebuild --verify",
    "rebuild passkeys",
    "rebuild --view board --workers 2",
    "rebuild passkeys --accept-replaced",
  ],
  writes: true,
  jsonl: true,
  run: async (context, input, signal) => {
    const { mission, view, workers, noResume } = input;
    if (workers !== undefined && (workers < 1 || workers > mostWorkers))
      throw usage(`--workers: from 1 to ${mostWorkers}`);
    const ledger = await context.ledger();
    const place = await context.place();
    const { directory } = place;
    const cache = directory === null ? context.remembersIn() : path.join(directory, "cache", "snapshots");
    const slugs = mission === undefined ? undefined : await selectMissions(ledger, mission);
    const scope: ViewsOptions["scope"] =
      slugs === undefined ? { category: missionCategory } : { streams: slugs.map(missionStream) };
    const streams = "streams" in scope ? scope.streams : await ledger.store.streams(scope.category);
    const weights = await weightsOf(place, ledger.store, streams);
    const views = folds.map((fold) => fold.view).filter((name) => view.length === 0 || view.includes(name));
    const missions: ListedMission[] = [];
    const options: ViewsOptions = {
      store: ledger.store,
      snapshots: ledger.snapshots,
      folds: foldsOf(views),
      scope,
      ...inspectorOf(directory),
      lost: slugs === undefined ? lostLogs(directory) : [],
      ...(weights === undefined ? {} : { weigh: (stream) => weights.get(stream) ?? 1 }),
      ...(await threadsFor(context, {
        place,
        views,
        asked: workers,
        weights,
        streams: "streams" in scope ? [] : streams,
      })),
      ...(signal === undefined ? {} : { signal }),
      onProgress: (progress) =>
        context.progress({
          line: (width) => barLine(progress, width),
          record: () => ({ type: "progress", ...progress }),
        }),
      onStream: (outcome) => {
        if (missions.length < mostListed && outcome.problem === null) missions.push(listed(outcome, views));
      },
    };
    const compares = input.verify || input.dryRun;
    if (compares && input.acceptReplaced)
      throw usage("--accept-replaced changes views, and --verify and --dry-run change nothing");
    const report: RunReport & Partial<RebuildReport> = compares
      ? await verifyViews(options)
      : await rebuildViews({
          ...options,
          compare: true,
          acceptReplaced: input.acceptReplaced,
          keep: folds.filter((fold) => !views.includes(fold.view)).map(({ spec }) => spec),
          plan: version,
          resume: !noResume,
        }).catch((error: unknown) => {
          throw isAbort(error, signal) ? interrupted(context, mission) : error;
        });
    const problems = await locatedProblems(report.problems, ledger, directory, signal);
    const lost = report.lost ?? 0;
    const isEmpty = report.switched === "not" && report.problems.length === 0;
    const written = !compares && lost === 0 && report.problems.length === 0 && !isEmpty;
    const ended: Ended = compares
      ? { _tag: "Compared", wouldWrite: input.dryRun }
      : { _tag: written ? "Written" : isEmpty ? "NothingThere" : "NotAllWritten" };
    const told = { report, problems, resumed: report.resumed ?? 0, views, ended };
    missions.sort((a, b) => (a.slug < b.slug ? -1 : 1));
    return {
      data: {
        missions,
        totals: {
          missions: report.streams,
          events: report.events,
          differing: report.differing,
          straying: report.straying,
        },
        events: report.events,
        equal: report.differing + report.straying === 0,
        written,
        switched: report.switched ?? null,
        resumed: report.resumed ?? 0,
        problems: problems,
      },
      ...(failureOf(report, { context, mission, compares, problems }) ??
        (lost > 0 && cache !== undefined ? notKept(context, { lost, cache, mission }) : {})),
      warnings: [
        ...(compares ? [] : report.differences.map(mendedText)),
        ...(compares ? [] : replacedStrays(report).map((stray) => `${strayText(stray)}; made anew`)),
        // A host's ledger may have no place for views at all.
        ...(lost > 0 && cache === undefined ? [`${lost} views could not be written`] : []),
      ],
      human: linesOf(told),
      jsonl: () => rowsOf(told),
    };
  },
});

const mostWorkers = 64;

/** Those of streams with a problem stay. */
const replacedStrays = ({ strays, problems }: RunReport): RunReport["strays"] => {
  const kept = new Set(problems.map(({ stream }) => stream));
  return strays.filter(({ stream }) => !kept.has(stream));
};

interface ListedMission {
  readonly slug: string;
  readonly revision: number;
  readonly unknownEvents: number;
  readonly views: ReturnType<typeof comparedViews>;
}

const listed = (outcome: StreamOutcome, views: readonly string[]): ListedMission => ({
  slug: slugOfStream(outcome.stream),
  revision: outcome.revision,
  unknownEvents: outcome.unknownEvents,
  views: comparedViews(outcome, views),
});

interface FailureContext {
  readonly context: CommandContext;
  readonly mission: string | undefined;
  readonly compares: boolean;
  readonly problems: readonly LogProblem[];
}

const failureOf = (
  { differing, differences, straying, strays, problems: found }: RunReport,
  { context, mission, compares, problems }: FailureContext,
): Pick<CommandResult, "exit" | "error"> | undefined => {
  const [first] = problems;
  if (first !== undefined) {
    const { code, stream, offset, message } = first;
    return {
      exit: exitCodes.data,
      error: {
        code,
        message: `${compares ? `${stream} was not compared` : `nothing was written for ${stream}`}${offset === null ? "" : `, damaged at offset ${offset}`}: ${message}`,
        hint: `${damageStep(context, damageIn(first)).hint}${found[0]?.details.remembered === undefined ? "" : `\n${acceptStep(context, found[0])}`}`,
        details: { ...first, problems: problems.length },
      },
    };
  }
  if (!compares || differing + straying === 0) return undefined;
  const of = mission === undefined ? "" : shellQuote(mission);
  if (differing === 0)
    return {
      exit: exitCodes.data,
      error: {
        code: "PROJECTION_DRIFT",
        message: `${counted(straying, "view")} stand${straying === 1 ? "s" : ""} at events that their log does not hold`,
        hint: `Nobody starts from them. See whether the log is what it was: ${context.say("verify", of)}`,
        details: { views: [], strays: strays.map(namedStray) },
      },
    };
  return {
    exit: exitCodes.data,
    error: {
      code: "PROJECTION_DRIFT",
      message: `${differing} views differ from a fresh rebuild`,
      hint: `Mend them: ${context.say("rebuild", of)}`,
      details: { views: differences.map(namedDifference), strays: strays.map(namedStray) },
    },
  };
};

/** A mission that the ledger lacks as a whole has no name there to give. */
const acceptStep = (context: CommandContext, { stream, details }: RunReport["problems"][number]): string => {
  const isThere = (details.end as { readonly revision: number } | undefined)?.revision !== -1;
  const whose = isThere ? `${shellQuote(slugOfStream(stream))} ` : "";
  return `or take the log for right as it is: ${context.say("rebuild", `${whose}--accept-replaced`)}`;
};

/** A cache never says why it did not take a view. */
const notKept = (
  context: CommandContext,
  {
    lost,
    cache,
    mission,
  }: { readonly lost: number; readonly cache: string; readonly mission: string | undefined },
): Pick<CommandResult, "exit" | "error"> => ({
  exit: exitCodes.store,
  error: {
    code: "STORAGE_ERROR",
    message: `${counted(lost, "view")} could not be written to ${cache}`,
    hint: `See that there is room and that you may write there; then: ${context.say("rebuild", mission === undefined ? "" : shellQuote(mission))}`,
    details: { lost, path: cache },
  },
});

const interrupted = (context: CommandContext, mission: string | undefined): CliError =>
  new CliError("INTERRUPTED", "interrupted; the live views are as they were", {
    hint:
      mission === undefined
        ? `Go on where it stopped: ${context.say("rebuild")}`
        : `Again: ${context.say("rebuild", shellQuote(mission))}`,
  });
