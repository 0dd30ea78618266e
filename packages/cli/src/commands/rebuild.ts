/** Rebuild: every view from the first event, compared with what commands see, and written in its place. */
import path from "node:path";
import { missionStream, slugOfStream } from "@mission-ledger/core/mission";
import { damageStep } from "../command/damage-step.ts";
import { selectMissions } from "../command/refs.ts";
import { type CommandSpec, command } from "../command/spec.ts";
import { counted } from "../output/counted.ts";
import { exitCodes } from "../output/exit-codes.ts";
import { type Line, toned } from "../output/lines.ts";
import { shellQuote } from "../output/shell-quote.ts";
import { type ComparedMission, compareViews } from "./compare-views.ts";
import { checkLog, type LogProblem } from "./inspect.ts";

export const rebuild: CommandSpec = command({
  name: "rebuild",
  summary: "Make every view again from the first event, and compare",
  arguments: { mission: { kind: "text", description: "only of this mission" } },
  flags: { dryRun: { kind: "boolean", description: "compare only; exit 8 when a view differs" } },
  examples: ["rebuild --dry-run", "rebuild passkeys"],
  writes: true,
  run: async (context, input, signal) => {
    const ledger = await context.ledger();
    const { directory } = await context.place();
    const missions: ComparedMission[] = [];
    const damaged: LogProblem[] = [];
    for (const slug of await selectMissions(ledger, input.mission)) {
      // A view of a damaged log may be the last whole one there is: nothing is put in its place.
      const stream = missionStream(slug);
      const { problems } = await checkLog(ledger, stream, directory, { digests: true, signal });
      const blocking = problems.filter(({ code }) => code !== "FORK_DETECTED");
      if (blocking.length > 0) {
        damaged.push(...blocking);
        continue;
      }
      const compared = await compareViews(ledger, slug, { write: !input.dryRun, signal });
      if (compared.gaps > 0)
        damaged.push({
          code: "LOG_CORRUPT",
          stream,
          revision: null,
          offset: null,
          message: "the log lacks events",
        });
      else missions.push(compared);
    }
    const unwritten = input.dryRun ? [] : missions.filter(({ views }) => views.some(({ kept }) => !kept));
    const differing = missions.flatMap(({ slug, views }) =>
      views.filter(({ equal }) => !equal).map((view) => ({ slug, ...view })),
    );
    const events = missions.reduce((sum, { revision }) => sum + revision + 1, 0);
    const names = missions[0]?.views.map(({ view }) => view).join(", ") ?? "views";
    const allWritten = !input.dryRun && unwritten.length === 0 && damaged.length === 0;
    const written = allWritten ? "written" : input.dryRun ? "nothing written" : "not all written";
    const drift = input.dryRun && differing.length > 0;
    const [first] = damaged;
    return {
      data: { missions, events, equal: differing.length === 0, written: allWritten, problems: damaged },
      ...(first !== undefined
        ? {
            exit: exitCodes.data,
            error: {
              code: first.code,
              message: `nothing was written for ${first.stream}${first.offset === null ? "" : `, damaged at offset ${first.offset}`}: ${first.message}`,
              hint: damageStep(context, slugOfStream(first.stream)),
              details: { ...first, problems: damaged.length },
            },
          }
        : drift
          ? {
              exit: 8 as const,
              error: {
                code: "PROJECTION_DRIFT",
                message: `${differing.length} views differ from a fresh rebuild`,
                hint: `Mend them: ${context.say("rebuild", input.mission === undefined ? "" : shellQuote(input.mission))}`,
                details: {
                  views: differing.map(({ slug, view, difference }) => ({
                    mission: slug,
                    view,
                    path: difference?.path ?? null,
                  })),
                },
              },
            }
          : {}),
      warnings: [
        ...(input.dryRun ? [] : differing.filter(({ kept }) => kept)).map(
          ({ slug, view, difference }) => `${slug}: ${view} differed at ${difference?.path}; mended`,
        ),
        ...unwritten.map(
          ({ slug }) =>
            `${slug}: its views could not be written${directory === null ? "" : ` below ${path.join(directory, "cache", "snapshots")}`}`,
        ),
      ],
      human: [
        ...differing.map(
          ({ slug, view, difference }): Line => [
            toned("bad", "differs "),
            `${slug}: ${view} at ${difference?.path}`,
          ],
        ),
        ...(differing.length === 0 && missions.length > 0
          ? [
              `${names}: equal to a fresh rebuild of ${counted(events, "event")} in ${counted(missions.length, "mission")}, ${written}`,
            ]
          : []),
      ],
    };
  },
});
