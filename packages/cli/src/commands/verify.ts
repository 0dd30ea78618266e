/** Verify: reads everything again and proves it: record checksums, event digests, the chain, and views against a rebuild. */
import type { LogProblem } from "../command/check-log.ts";
import { damageIn, damageStep, nextStep } from "../command/damage-step.ts";
import type { CommandResult } from "../command/result.ts";
import { type CommandContext, type CommandSpec, command } from "../command/spec.ts";
import { counted } from "../output/counted.ts";
import { exitCodes } from "../output/exit-codes.ts";
import type { Line } from "../output/lines.ts";
import { checked } from "../output/marks.ts";
import { nameOfPlace } from "../place/place.ts";
import { differenceText } from "../rebuild/difference.ts";
import type { ComparedView } from "./compare-views.ts";
import { checkedDatabase, type InspectedDatabase, longWalNote, suspectNote } from "./inspect-database.ts";
import { type VerifiedMission, verifyLedger } from "./verified-ledger.ts";

export const verify: CommandSpec = command({
  name: "verify",
  summary: "Read everything again and prove it",
  description:
    "Record checksums, event digests, the chain, the order of the whole log, and views against a rebuild. Exit 8 when something is wrong.",
  arguments: { mission: { kind: "text", description: "only this mission" } },
  examples: ["verify", "verify passkeys --json"],
  run: async (context, input, signal) => {
    const place = await context.place();
    const { database, missions, problems } = await verifyLedger(context, input.mission, signal);
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
            `${slug}: a flush failed and was not recovered since; ${nextStep(context, { code: "DURABILITY_UNKNOWN", mission: slug })}`,
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
      ...(ok ? {} : failure(context, { problems, drifted, database })),
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

interface Failed {
  readonly problems: readonly LogProblem[];
  readonly drifted: readonly (ComparedView & { readonly slug: string })[];
  readonly database: InspectedDatabase | undefined;
}

const failure = (
  context: CommandContext,
  { problems, drifted, database }: Failed,
): Required<Pick<CommandResult, "error" | "exit">> => {
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
      hint: damageStep(context, damageIn(first, database === undefined ? {} : checkedDatabase(database)))
        .hint,
      details: { ...first, problems: problems.length },
    },
  };
};

const placeOf = ({ stream, revision, offset }: LogProblem): string =>
  [stream, revision === null ? "" : `revision ${revision}`, offset === null ? "" : `offset ${offset}`]
    .filter((part) => part !== "")
    .join(", ") || "the whole ledger";

const problemLine = (problem: LogProblem): Line =>
  `      ${problem.code} ${placeOf(problem)}: ${problem.message}`;
