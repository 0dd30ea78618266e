/** Doctor: looks for what needs somebody, and prints for each finding the one command that mends it. Reads only. */
import { type CancelSignal, timestamp } from "@mission-ledger/core";
import {
  type AttentionItem,
  attentionItems,
  type Ledger,
  missionStream,
  type OpenMission,
  ready,
  readyItems,
  reviews,
  slugOfStream,
} from "@mission-ledger/core/mission";
import { hasMergeDriver } from "@mission-ledger/store-file";
import { damageStep, newerVersion, stepFor } from "../command/damage-step.ts";
import { openMission } from "../command/refs.ts";
import { type CommandContext, type CommandSpec, command } from "../command/spec.ts";
import { counted } from "../output/counted.ts";
import { exitCodes } from "../output/exit-codes.ts";
import { type Line, toned } from "../output/lines.ts";
import { shellQuote } from "../output/shell-quote.ts";
import { gitEnvironment, nameOfPlace } from "../place/place.ts";
import { compareViews } from "./compare-views.ts";
import { checkLog, type LogProblem } from "./inspect.ts";
import {
  databaseMendStep,
  type InspectedDatabase,
  inspectDatabaseOf,
  longWalNote,
  selectInspected,
  suspectNote,
} from "./inspect-database.ts";
import { emptiedProblem, type LostLog, leftoverMissions, type MissionFile } from "./leftovers.ts";
import { checkRemembered } from "./remembered.ts";
import { sayCommand } from "./say-command.ts";

interface Finding {
  /** `damage`: data is not what it should be. `action`: somebody has to do something. `note`: good to know. */
  readonly severity: "damage" | "action" | "note";
  readonly kind: string;
  readonly mission: string;
  readonly workPackageId: string | null;
  readonly message: string;
  /** What to type; `null` when it mends itself or needs thinking first. */
  readonly command: string | null;
}

/** From this share of forced moves on, force is a habit. */
const routineForce = 0.1;

export const doctor: CommandSpec = command({
  name: "doctor",
  summary: "Look for what needs somebody, with the command that mends it",
  description: "Reads only. Exit 8 when data is damaged.",
  arguments: { mission: { kind: "text", description: "only this mission" } },
  examples: ["doctor", "doctor passkeys --json"],
  common: true,
  run: async (context, input, signal) => {
    const ledger = await context.ledger();
    const place = await context.place();
    const { directory, publishTo } = place;
    const database = await inspectDatabaseOf(context);
    const findings: Finding[] = [];
    if (publishTo !== undefined && !hasMergeDriver(context.cwd, { env: gitEnvironment(context.env) }))
      findings.push(withoutDriver(context));
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
          database,
          ({ stream }) => stream === "" || (input.mission === undefined && !begun.has(slugOfStream(stream))),
        ),
      );
    for (const slug of slugs) {
      const { report, problems: found } = await checkLog(ledger, missionStream(slug), directory, {
        digests: false,
        known: database?.problems.filter(({ stream }) => stream === missionStream(slug)) ?? [],
        signal,
      });
      const problems = found.length > 0 ? found : await checkRemembered(ledger, missionStream(slug), signal);
      const about = { mission: slug, workPackageId: null };
      const isForked = problems.some(({ code }) => code === "FORK_DETECTED");
      if (isForked) findings.push(forkedFinding(context, slug));
      for (const { code, message, offset } of problems.filter((problem) => problem.code !== "FORK_DETECTED"))
        findings.push({
          severity: "damage",
          kind: code,
          ...about,
          message: `${slug}: ${message}${offset === null ? "" : ` (offset ${offset})`}${code === "UNSAFE_FILE" ? `; ${moveAway}` : ""}`,
          command: database === undefined ? commandFor(context, slug, code, offset) : null,
        });
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
            message: `${slug}: ${view} differs from a fresh rebuild at ${difference?.path}`,
            command: context.say("rebuild", shellQuote(slug)),
          });
      findings.push(...(await aboutMission(context, ledger, slug, signal)));
    }
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
        missions: begun.size,
        events,
        findings,
      },
      ...(first === undefined
        ? {}
        : {
            exit: exitCodes.data,
            error: {
              code: first.kind,
              message: first.message,
              hint:
                (database === undefined ? undefined : databaseMendStep(context, first.kind)) ??
                hintFor(context, first),
              details: { damaged: damaged.length },
            },
          }),
      human: [
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
  },
});

const aboutDatabase = (
  database: InspectedDatabase,
  isToTell: (problem: LogProblem) => boolean,
): readonly Finding[] => {
  const notes = [
    { kind: "suspect", message: suspectNote(database) },
    { kind: "long_wal", message: longWalNote(database) },
  ];
  return [
    ...database.problems.filter(isToTell).map(
      ({ code, stream, message }): Finding => ({
        severity: "damage",
        kind: code,
        mission: stream === "" ? "" : slugOfStream(stream),
        workPackageId: null,
        message,
        command: null,
      }),
    ),
    ...notes.flatMap(({ kind, message }): readonly Finding[] =>
      message === undefined
        ? []
        : [{ severity: "action", kind, mission: "", workPackageId: null, message, command: null }],
    ),
  ];
};

const moveAway = "look who put it there, and move it away";

/** No command moves away what is not ours. */
const commandFor = (
  context: CommandContext,
  slug: string,
  code: string,
  offset: number | null,
): string | null => {
  if (code === "UNSAFE_FILE") return null;
  return offset === null ? context.say("verify", shellQuote(slug)) : stepFor(context, code, slug);
};

const hintFor = (context: CommandContext, { kind, mission }: Finding): string => {
  const slug = shellQuote(mission);
  switch (kind) {
    case "LOG_REPLACED":
    case "STORE_MISSING":
      return `Put the log back, or make it from a copy: ${context.say("repair", `${slug} --from <file>`)}`;
    case "FORK_DETECTED":
      return `see both sides, and decide: ${context.say("reconcile", slug)}`;
    case "UNSAFE_FILE":
      return `Look who put it there, and move it away; if it stands where a log was: ${context.say("repair", `${slug} --from <file>`)}`;
    case "UNSUPPORTED_FORMAT":
      return newerVersion;
    default:
      return damageStep(context, mission);
  }
};

const forkedFinding = (context: CommandContext, slug: string): Finding => ({
  severity: "damage",
  kind: "FORK_DETECTED",
  mission: slug,
  workPackageId: null,
  message: `${slug}: another copy of its log went on from the same event; nobody writes until somebody decides`,
  command: context.say("reconcile", shellQuote(slug)),
});

/** Git that does not know how to merge a copy leaves conflict markers in it. */
const withoutDriver = (context: CommandContext): Finding => ({
  severity: "action",
  kind: "git_setup",
  mission: "",
  workPackageId: null,
  message: "this clone has copies of the logs and no merge driver for them",
  command: context.say("init", "--git"),
});

const neverBegun = (slug: string): Finding => ({
  severity: "note",
  kind: "never_begun",
  mission: slug,
  workPackageId: null,
  message: `${slug}: its log has no event, so it is no mission yet; run the same create or import again`,
  command: null,
});

/** A first write that was cut off can leave a lock alone; only what was read from the log once proves that it was there. */
const logIsGone = (context: CommandContext, { slug, hadEvents }: LostLog): Finding => ({
  severity: hadEvents ? "damage" : "action",
  kind: "STORE_MISSING",
  mission: slug,
  workPackageId: null,
  message: hadEvents
    ? `${slug}: its log is gone; its lock and what was remembered of it are there`
    : `${slug}: its lock is there and its log is not: the log is gone, or was never begun`,
  command: hadEvents ? context.say("repair", `${shellQuote(slug)} --from <file>`) : null,
});

/** Bytes that the disk never wrote read as zeros; the next create would begin another mission on top of them. */
const logIsEmpty = (context: CommandContext, file: MissionFile): Finding => {
  const { code, message } = emptiedProblem(file);
  return {
    severity: "damage",
    kind: code,
    mission: file.slug,
    workPackageId: null,
    message: `${file.slug}: ${message}`,
    command: context.say("repair", `${shellQuote(file.slug)} --from <file>`),
  };
};

const temporaryFile = (file: string): Finding => ({
  severity: "note",
  kind: "temporary_file",
  mission: "",
  workPackageId: null,
  message: `${file} was never finished; delete it when nobody writes`,
  command: null,
});

const rewriteFile = (kind: string, slug: string, message: string): Finding => ({
  severity: "note",
  kind,
  mission: slug,
  workPackageId: null,
  message: `${slug}: ${message}`,
  command: null,
});

const okLine = (text: string): Line => [toned("good", "ok      "), text];

const findingLine = ({ severity, message, command: mend }: Finding): Line => [
  toned(severity === "damage" ? "bad" : severity === "action" ? "warn" : "dim", severity.padEnd(8)),
  message,
  ...(mend === null ? [] : [toned("dim", `   ${mend}`)]),
];

const notes: ReadonlySet<AttentionItem["kind"]> = new Set([
  "forced",
  "changes_requested_repeatedly",
  "blocked",
]);

const aboutMission = async (
  context: CommandContext,
  ledger: Ledger,
  slug: string,
  signal: CancelSignal | undefined,
): Promise<readonly Finding[]> => {
  const options = signal === undefined ? {} : { signal };
  const state = await openMission(ledger, slug, signal);
  const readiness = await ledger.mission(slug).view(ready, options);
  const reviewed = await ledger.mission(slug).view(reviews, options);
  const attention = attentionItems(readiness.view, reviewed.view, timestamp(context.clock.now())).map(
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
