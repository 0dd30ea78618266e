/** Verify: reads everything again and proves it: record checksums, event digests, the chain, and views against a rebuild. */

import { type CancelSignal, LedgerError } from "@mission-ledger/core";
import type { Ledger } from "@mission-ledger/core/mission";
import { missionCategory, missionStream, slugOfStream } from "@mission-ledger/core/mission";
import { checkLog, type LogProblem, saysNothingOfLogs } from "../command/check-log.ts";
import { damageStep, newerVersion, serverMendStep, stepFor } from "../command/damage-step.ts";
import { emptiedProblem, leftoverMissions } from "../command/leftovers.ts";
import { type CommandContext, type CommandSpec, command, type Place } from "../command/spec.ts";
import { withoutStop } from "../command/write.ts";
import { counted } from "../output/counted.ts";
import { type ExitCode, exitCodes } from "../output/exit-codes.ts";
import type { Line } from "../output/lines.ts";
import { checked } from "../output/marks.ts";
import { shellQuote } from "../output/shell-quote.ts";
import { nameOfPlace } from "../place/place.ts";
import { differenceText } from "../rebuild/difference.ts";
import { shownProblem } from "../rebuild/problem.ts";
import { type ComparedView, compareViews } from "./compare-views.ts";
import {
  databaseMendStep,
  type InspectedDatabase,
  inspectDatabaseOf,
  longWalNote,
  selectInspected,
  suspectNote,
} from "./inspect-database.ts";
import { checkForgotten, checkRemembered } from "./remembered.ts";

interface VerifiedMission {
  readonly slug: string;
  readonly stream: string;
  readonly events: number;
  readonly records: number | null;
  readonly bytes: number | null;
  /** Events whose digest was computed again and whose link to the one before holds. */
  readonly digests: number;
  readonly tornBytes: number;
  readonly sealedFragments: number;
  readonly suspect: boolean;
  readonly unknownEvents: number;
  readonly views: readonly ComparedView[];
  readonly problems: readonly LogProblem[];
}

export const verify: CommandSpec = command({
  name: "verify",
  summary: "Read everything again and prove it",
  description:
    "Record checksums, event digests, the chain, the order of the whole log, and views against a rebuild. Exit 8 when something is wrong.",
  arguments: { mission: { kind: "text", description: "only this mission" } },
  examples: ["verify", "verify passkeys --json"],
  run: async (context, input, signal) => {
    const ledger = await context.ledger();
    const place = await context.place();
    const { directory } = place;
    const database = await inspectDatabaseOf(context, signal);
    const emptied = directory === null ? [] : leftoverMissions(directory).emptiedLogs;
    const gone = emptied.filter(({ slug }) => input.mission === undefined || input.mission === slug);
    const selected =
      gone.length > 0 && input.mission !== undefined
        ? []
        : await selectInspected(ledger, input.mission, database);
    const slugs = selected.filter((slug) => !gone.some((file) => file.slug === slug));
    const streams = new Set(slugs.map(missionStream));
    const missions: VerifiedMission[] = [];
    for (const slug of slugs)
      missions.push(await verifyMission(ledger, slug, { directory, database }, signal));
    const order =
      input.mission === undefined
        ? await checkOrder(context, ledger, missions, {
            isDamaged: (database?.problems.length ?? 0) > 0,
            isServer: place.store === "eventstoredb",
            signal,
          })
        : [];
    // Rows that are damaged may be all that is wrong with a mission that nobody can list.
    const forgotten =
      input.mission === undefined && (database?.problems.length ?? 0) === 0
        ? await checkForgotten(ledger, new Set(slugs), signal)
        : [];
    const problems = [
      ...(database?.problems ?? []).filter(
        ({ stream }) => stream === "" || (input.mission === undefined && !streams.has(stream)),
      ),
      ...missions.flatMap((mission) => mission.problems),
      ...gone.map(emptiedProblem),
      ...forgotten,
      ...order,
    ];
    const drifted = missions.flatMap(({ slug, views }) =>
      views.filter(({ equal }) => !equal).map((view) => ({ slug, ...view })),
    );
    const total = (count: (mission: VerifiedMission) => number | null): number =>
      missions.reduce((sum, mission) => sum + (count(mission) ?? 0), 0);
    const events = total((mission) => mission.events);
    const digests = total((mission) => mission.digests);
    const views = missions.reduce((sum, mission) => sum + mission.views.length, 0);
    const ok = problems.length === 0 && drifted.length === 0;
    const suspects = missions.filter(({ suspect }) => suspect);
    return {
      data: {
        ledger: nameOfPlace(place),
        database: database?.facts ?? null,
        ok,
        missions,
        totals: {
          missions: missions.length,
          events,
          records: total(({ records }) => records),
          bytes: database?.facts.bytes ?? total(({ bytes }) => bytes),
        },
        digests: { checked: events, equal: digests },
        chain: { unbroken: problems.length === 0 },
        views: { compared: views, equal: views - drifted.length },
        problems,
      },
      warnings: [
        ...(database === undefined ? [] : [suspectNote(database), longWalNote(database)]).filter(
          (note) => note !== undefined,
        ),
        ...suspects.map(
          ({ slug }) =>
            `${slug}: a flush failed and was not recovered since; next: ${context.say("repair", shellQuote(slug))}`,
        ),
        ...missions
          .filter(({ tornBytes }) => tornBytes > 0)
          .map(
            ({ slug, tornBytes }) =>
              `${slug}: ${tornBytes} bytes of an unfinished record at the end; the next write seals them`,
          ),
        ...missions
          .filter(({ unknownEvents }) => unknownEvents > 0)
          .map(({ slug, unknownEvents }) => `${slug}: ${unknownEvents} events this version does not know`),
      ],
      ...(ok ? {} : failure(problems, drifted, context, place.store)),
      human: [
        checked(
          digests === events,
          `${digests} of ${events} event digests equal, in ${counted(missions.length, "mission")}`,
        ),
        checked(
          problems.length === 0,
          problems.length === 0
            ? "checksums, revisions and chain without a break"
            : `${counted(problems.length, "problem")} in the log`,
        ),
        // Views of a damaged log are not compared, and that is no praise for them.
        ...(views === 0 && problems.length > 0
          ? []
          : [
              checked(
                drifted.length === 0,
                `${views - drifted.length} of ${views} views equal to a fresh rebuild`,
              ),
            ]),
        ...problems.slice(0, 50).map(problemLine),
        ...drifted
          .slice(0, 50)
          .map(
            ({ slug, view, difference }): Line =>
              difference === null ? "" : `      ${differenceText(slug, view, difference)}`,
          ),
      ],
    };
  },
});

interface Kept {
  readonly directory: string | null;
  readonly database: InspectedDatabase | undefined;
}

const verifyMission = async (
  ledger: Ledger,
  slug: string,
  { directory, database }: Kept,
  signal: CancelSignal | undefined,
): Promise<VerifiedMission> => {
  const stream = missionStream(slug);
  const {
    events,
    digests,
    report,
    problems: found,
  } = await checkLog(ledger, stream, directory, {
    digests: true,
    known: database?.problems.filter((problem) => problem.stream === stream) ?? [],
    signal,
  });
  // A damaged log is known not to hold everything; why it does not hold this is no second finding.
  const problems = found.length > 0 ? found : await checkRemembered(ledger, stream, signal);
  const compared = problems.length > 0 ? undefined : await compareViews(ledger, slug, { signal });
  return {
    slug,
    stream,
    events,
    records: report?.records ?? database?.commandsOf(stream) ?? null,
    bytes: report?.bytes ?? null,
    digests,
    tornBytes: report?.tornBytes ?? 0,
    sealedFragments: report?.sealedFragments ?? 0,
    suspect: report?.suspect ?? false,
    unknownEvents: compared?.unknownEvents ?? 0,
    views: compared?.views ?? [],
    problems:
      compared?.problem === null || compared === undefined ? problems : [shownProblem(compared.problem)],
  };
};

/** The log as one: each event of each mission comes once, in order, at positions that grow. */
const checkOrder = async (
  { warn, say }: CommandContext,
  ledger: Ledger,
  missions: readonly VerifiedMission[],
  {
    isDamaged,
    isServer,
    signal,
  }: { readonly isDamaged: boolean; readonly isServer: boolean; readonly signal: CancelSignal | undefined },
): Promise<readonly LogProblem[]> => {
  const next = new Map<string, number>();
  const problems: LogProblem[] = [];
  let last = "";
  try {
    for await (const batch of ledger.store.readAll({
      category: missionCategory,
      ...(signal === undefined ? {} : { signal }),
    }))
      for (const { stream, revision, position } of batch) {
        if (revision !== (next.get(stream) ?? 0) || position <= last)
          problems.push({
            code: "LOG_CORRUPT",
            stream,
            revision,
            offset: null,
            message: "the event is out of order in the whole log",
          });
        next.set(stream, revision + 1);
        last = position;
      }
  } catch (error) {
    if (signal?.aborted === true || !LedgerError.is(error) || saysNothingOfLogs(error)) throw error;
    // An ordinary account may read every mission and not the whole log, until an administrator grants it.
    if (isServer && error.code === "PERMISSION_DENIED") {
      warn(
        `the order of the whole log was not looked at: ${withoutStop(error.message)}; next: ${say("doctor")}`,
      );
      return [];
    }
    const known = isDamaged || missions.some((mission) => mission.problems.length > 0);
    return known
      ? []
      : [{ code: error.code, stream: "", revision: null, offset: null, message: error.message }];
  }
  for (const { stream, events } of missions)
    if ((next.get(stream) ?? 0) < events)
      problems.push({
        code: "LOG_CORRUPT",
        stream,
        revision: next.get(stream) ?? 0,
        offset: null,
        message: "the event is missing in the whole log",
      });
  return problems.slice(0, 1_000);
};

const failure = (
  problems: readonly LogProblem[],
  drifted: readonly (ComparedView & { readonly slug: string })[],
  context: CommandContext,
  store: Place["store"],
): {
  readonly exit: ExitCode;
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly hint: string;
    readonly details: Readonly<Record<string, unknown>>;
  };
} => {
  const [first] = problems;
  if (first === undefined)
    return {
      exit: exitCodes.data,
      error: {
        code: "PROJECTION_DRIFT",
        message: `${drifted.length} views differ from a fresh rebuild; the log is sound`,
        hint: `Mend them: ${context.say("rebuild")}`,
        details: {
          views: drifted.map(({ slug, view, difference }) => ({ mission: slug, view, ...difference })),
        },
      },
    };
  return {
    exit: exitCodes.data,
    error: {
      code: first.code,
      message: `${counted(problems.length, "problem")}; the first is in ${placeOf(first)}: ${first.message}`,
      hint:
        store === "eventstoredb"
          ? serverMendStep(context, first.code)
          : ((store === "sqlite" ? databaseMendStep(context, first.code) : undefined) ??
            mendStep(context, first)),
      details: { ...first, problems: problems.length },
    },
  };
};

/** What was changed and sealed again cannot be told from what was written but by another copy. */
const mendStep = (context: CommandContext, { code, stream, offset }: LogProblem): string => {
  const slug = slugOfStream(stream);
  if (code === "FORK_DETECTED") return `see both sides, and decide: ${stepFor(context, code, slug)}`;
  if (code === "UNSAFE_FILE")
    return `Look who put it there, and move it away; if it stands where a log was: ${context.say("repair", `${shellQuote(slug)} --from <file>`)}`;
  if (code === "UNSUPPORTED_FORMAT") return newerVersion;
  if (code === "LOG_REPLACED")
    return `Put the log back, or take what is missing from a copy: ${context.say("repair", `${shellQuote(slug)} --from <file>`)}`;
  if (stream === "" || offset === null)
    return "Its lines are whole, but not what was written: compare the log with another copy of it.";
  return stepFor(context, code, slug) === context.say("verify", shellQuote(slug))
    ? "Keep the file as it is; see docs/errors.md for what this code asks for."
    : damageStep(context, slug);
};

const placeOf = ({ stream, revision, offset }: LogProblem): string =>
  [stream, revision === null ? "" : `revision ${revision}`, offset === null ? "" : `offset ${offset}`]
    .filter((part) => part !== "")
    .join(", ") || "the whole ledger";

const problemLine = (problem: LogProblem): Line =>
  `      ${problem.code} ${placeOf(problem)}: ${problem.message}`;
