/** Doctor: looks for what needs somebody, and prints for each finding the one command that mends it. Reads only. */
import { type CancelSignal, LedgerError } from "@mission-ledger/core";
import { missionStream, slugOfStream } from "@mission-ledger/core/mission";
import { hasMergeDriver } from "@mission-ledger/store-file";
import { checkLog, type LogProblem, problemIn } from "../command/check-log.ts";
import { type DamageStep, damageStep } from "../command/damage-step.ts";
import { leftoverMissions } from "../command/leftovers.ts";
import type { CommandResult } from "../command/result.ts";
import { type CommandContext, type CommandSpec, command } from "../command/spec.ts";
import { counted } from "../output/counted.ts";
import { exitCodes } from "../output/exit-codes.ts";
import { shellQuote } from "../output/shell-quote.ts";
import { gitEnvironment, nameOfPlace } from "../place/place.ts";
import { differenceText } from "../rebuild/difference.ts";
import { claimLooker } from "../workplace/look-after-claims.ts";
import { compareViews } from "./compare-views.ts";
import {
  type ConnectionCheck,
  checkConnection,
  connectionLines,
  hindered,
  withoutConnection,
} from "./connection.ts";
import {
  aboutDatabase,
  damageFinding,
  type Finding,
  findingLine,
  forkedFinding,
  logIsEmpty,
  logIsGone,
  neverBegun,
  okLine,
  rewriteFile,
  temporaryFile,
  withoutDriver,
} from "./findings.ts";
import { checkedDatabase, inspectDatabaseOf, selectInspected } from "./inspect-database.ts";
import { aboutMission } from "./mission-findings.ts";
import { checkForgotten, checkRemembered } from "./remembered.ts";

export const doctor: CommandSpec = command({
  name: "doctor",
  summary: "Look for what needs somebody, with the command that mends it",
  description: "Reads only. Exit 8 when data is damaged, 7 when the server cannot be worked with.",
  arguments: { mission: { kind: "text", description: "only this mission" } },
  examples: ["doctor", "doctor passkeys --json"],
  common: true,
  run: async (context, input, signal) => {
    const connection = await checkConnection(context);
    try {
      return await examine(context, { ...input, connection }, signal);
    } catch (error) {
      if (connection === undefined) throw error;
      return withoutConnection(context, connection, error);
    }
  },
});

interface Examined {
  readonly mission: string | undefined;
  readonly connection: readonly ConnectionCheck[] | undefined;
}

/** What a mission's own log cannot be read for; the others are looked at all the same. Throws everything else. */
const damageIn = (stream: string, error: unknown, signal: CancelSignal | undefined): LogProblem => {
  if (!LedgerError.is(error) || !(error.code.startsWith("LOG_") || error.code === "STREAM_CLOSED"))
    throw error;
  return problemIn(stream, error, signal);
};

const examine = async (
  context: CommandContext,
  input: Examined,
  signal: CancelSignal | undefined,
): Promise<CommandResult> => {
  const ledger = await context.ledger();
  const place = await context.place();
  const { directory, publishTo } = place;
  const database = await inspectDatabaseOf(context, signal);
  const findings: Finding[] = [];
  if (publishTo !== undefined && !hasMergeDriver(context.cwd, { env: gitEnvironment(context.env) }))
    findings.push(withoutDriver(context));
  const looker = claimLooker(context);
  let events = 0;
  const leftovers = directory === null ? undefined : leftoverMissions(directory);
  // A log without any event is listed or not, as the store sees it; here it has to be mentioned either way.
  const listed = await selectInspected(ledger, undefined, database);
  const onlyFile =
    input.mission !== undefined &&
    !listed.includes(input.mission) &&
    leftovers?.logs.includes(input.mission) === true;
  const emptied = new Map(leftovers?.emptiedLogs.map((file) => [file.slug, file]));
  const selected = onlyFile ? [] : await selectInspected(ledger, input.mission, database);
  const slugs = selected.filter((slug) => !emptied.has(slug));
  const begun = new Set(slugs);
  if (database !== undefined)
    findings.push(
      ...aboutDatabase(
        context,
        database,
        ({ stream }) => stream === "" || (input.mission === undefined && !begun.has(slugOfStream(stream))),
      ),
    );
  const checked = database === undefined ? {} : checkedDatabase(database);
  const stepAfter = (code: string, mission: string): DamageStep =>
    damageStep(context, { code, mission, checked });
  const damageOf = (problem: LogProblem, beside: readonly LogProblem[] = []): Finding => {
    // No damage beside it is mended by a version that does not know what it would keep.
    const newer = beside.find(({ code }) => code === "UNSUPPORTED_FORMAT");
    return damageFinding(problem, stepAfter((newer ?? problem).code, slugOfStream(problem.stream)));
  };
  for (const slug of slugs) {
    const { report, problems: found } = await checkLog(ledger, missionStream(slug), directory, {
      digests: false,
      known: database?.problems.filter(({ stream }) => stream === missionStream(slug)) ?? [],
      signal,
    });
    const problems =
      found.length > 0
        ? found
        : await checkRemembered(ledger, missionStream(slug), signal).catch((error: unknown) => [
            damageIn(missionStream(slug), error, signal),
          ]);
    const about = { mission: slug, workPackageId: null };
    const isForked = problems.some(({ code }) => code === "FORK_DETECTED");
    if (isForked) findings.push(forkedFinding(context, slug));
    findings.push(
      ...problems
        .filter(({ code }) => code !== "FORK_DETECTED")
        .map((problem) => damageOf(problem, problems)),
    );
    if (report?.suspect === true)
      findings.push({
        severity: "action",
        kind: "suspect",
        ...about,
        message: `${slug}: a flush failed and was not recovered since`,
        command: context.say("repair", shellQuote(slug)),
      });
    if ((report?.tornBytes ?? 0) > 0)
      findings.push({
        severity: "note",
        kind: "torn_tail",
        ...about,
        message: `${slug}: ${report?.tornBytes} bytes of an unfinished record; the next write seals them`,
        command: null,
      });
    // What a damaged database still gives of a mission need not be all of it.
    if (problems.length > 0 || (database?.problems.length ?? 0) > 0) continue;
    try {
      if ((await ledger.store.head(missionStream(slug))).revision < 0) {
        begun.delete(slug);
        continue;
      }
      const compared = await compareViews(ledger, slug, { signal });
      events += compared.revision + 1;
      for (const { view, equal, difference } of compared.views)
        if (!equal)
          findings.push({
            severity: "action",
            kind: "projection_drift",
            ...about,
            message:
              difference?.kind === "damaged"
                ? differenceText(slug, view, difference)
                : `${slug}: ${view} differs from a fresh rebuild at ${difference?.path}`,
            command: context.say("rebuild", shellQuote(slug)),
          });
      findings.push(...(await aboutMission(context, ledger, slug, looker, signal)));
    } catch (error) {
      // Of a server, nothing was read until now.
      findings.push(damageOf(damageIn(missionStream(slug), error, signal)));
    }
  }
  if (input.mission === undefined && (database?.problems.length ?? 0) === 0)
    findings.push(
      ...(await checkForgotten(ledger, new Set(slugs), signal)).map((problem) => damageOf(problem)),
    );
  const isAsked = (slug: string): boolean => input.mission === undefined || input.mission === slug;
  for (const slug of new Set([...(leftovers?.logs ?? []), ...slugs]))
    if (isAsked(slug) && !begun.has(slug)) {
      const file = emptied.get(slug);
      findings.push(file === undefined ? neverBegun(slug) : logIsEmpty(context, file));
    }
  for (const lost of leftovers?.lostLogs ?? [])
    if (isAsked(lost.slug)) findings.push(logIsGone(context, lost));
  for (const { slug, path } of leftovers?.unfinished ?? [])
    if (isAsked(slug))
      findings.push(
        rewriteFile(
          "unfinished_rewrite",
          slug,
          `${path} was left by a repair that was cut off; delete it when none is running`,
        ),
      );
  for (const { slug, path } of leftovers?.quarantined ?? [])
    if (isAsked(slug))
      findings.push(
        rewriteFile("quarantined", slug, `${path} is the log as it was before a repair or a decision`),
      );
  if (input.mission === undefined) findings.push(...(leftovers?.temporary ?? []).map(temporaryFile));
  const damaged = findings.filter(({ severity }) => severity === "damage");
  const [first] = damaged;
  return {
    data: {
      ledger: nameOfPlace(place),
      database: database?.facts ?? null,
      connection: input.connection ?? null,
      missions: begun.size,
      events,
      findings,
    },
    ...(first === undefined
      ? (hindered(input.connection) ?? {})
      : {
          exit: exitCodes.data,
          error: {
            code: first.kind,
            message: first.message,
            hint: stepAfter(first.kind, first.mission).hint,
            details: { damaged: damaged.length },
          },
        }),
    human: [
      ...connectionLines(input.connection),
      ...(damaged.length === 0
        ? [
            okLine(
              `log readable, revisions without gaps, ${counted(events, "event")} in ${counted(begun.size, "mission")}`,
            ),
          ]
        : []),
      ...(findings.some(({ kind }) => kind === "projection_drift") || damaged.length > 0
        ? []
        : [okLine("views equal a fresh rebuild")]),
      ...findings.map(findingLine),
    ],
  };
};
