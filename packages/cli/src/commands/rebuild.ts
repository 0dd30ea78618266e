/** Rebuild: every view from the first event, compared with what commands see, and written in its place. */
import { selectMissions } from "../command/refs.ts";
import { type CommandSpec, command } from "../command/spec.ts";
import { counted } from "../output/counted.ts";
import { type Line, toned } from "../output/lines.ts";
import { shellQuote } from "../output/shell-quote.ts";
import { type ComparedMission, compareViews } from "./compare-views.ts";

export const rebuild: CommandSpec = command({
  name: "rebuild",
  summary: "Make every view again from the first event, and compare",
  arguments: { mission: { kind: "text", description: "only of this mission" } },
  flags: { dryRun: { kind: "boolean", description: "compare only; exit 8 when a view differs" } },
  examples: ["rebuild --dry-run", "rebuild passkeys"],
  writes: true,
  run: async (context, input, signal) => {
    const ledger = await context.ledger();
    const missions: ComparedMission[] = [];
    for (const slug of await selectMissions(ledger, input.mission))
      missions.push(await compareViews(ledger, slug, { write: !input.dryRun, signal }));
    const differing = missions.flatMap(({ slug, views }) =>
      views.filter(({ equal }) => !equal).map((view) => ({ slug, ...view })),
    );
    const events = missions.reduce((sum, { revision }) => sum + revision + 1, 0);
    const names = missions[0]?.views.map(({ view }) => view).join(", ") ?? "views";
    const written = input.dryRun ? "nothing written" : "written";
    const drift = input.dryRun && differing.length > 0;
    return {
      data: { missions, events, equal: differing.length === 0, written: !input.dryRun },
      ...(drift
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
      warnings: drift
        ? []
        : differing.map(
            ({ slug, view, difference }) => `${slug}: ${view} differed at ${difference?.path}; mended`,
          ),
      human: [
        ...differing.map(
          ({ slug, view, difference }): Line => [
            toned("bad", "differs "),
            `${slug}: ${view} at ${difference?.path}`,
          ],
        ),
        ...(differing.length === 0
          ? [
              `${names}: equal to a fresh rebuild of ${counted(events, "event")} in ${counted(missions.length, "mission")}, ${written}`,
            ]
          : []),
      ],
    };
  },
});
