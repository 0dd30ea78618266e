/** Sync: brings the ledger to another store, and goes on bringing where it stopped. */
import type { Progress } from "@mission-ledger/core";
import { missionStream } from "@mission-ledger/core/mission";
import { type CommandContext, type CommandSpec, command, type SyncSetting } from "../command/spec.ts";
import { counted } from "../output/counted.ts";
import { exitCodeOf } from "../output/exit-codes.ts";
import { type Line, toned } from "../output/lines.ts";
import { CliError } from "../output/problem.ts";
import { grouped } from "../rebuild/bar.ts";
import { parseAddress } from "../store/address.ts";
import { type Brought, bring } from "../sync/bring.ts";
import { saySync } from "../sync/next-steps.ts";

/** In a row, with nothing brought over between them. Its store has tried each several times by then. */
const maxFailures = 4;

/** Missions that are listed one by one in the envelope; all are counted. */
const mostListed = 1_000;

export const sync: CommandSpec = command({
  name: "sync",
  summary: "Bring the ledger to another store, as far as it is not there",
  description:
    "Ids, times, digests and the order in each mission stay as they are, and every event is read back there. What was interrupted is gone on with. What somebody else wrote there is never written over: such a mission is named, and left alone. With --sync-to or MISSION_LEDGER_SYNC_TO every command that writes does this for what is new, and stays done whatever comes of it; here a failure is the exit code.",
  arguments: {
    to: { kind: "text", description: "an address; otherwise --sync-to, then MISSION_LEDGER_SYNC_TO" },
  },
  flags: {
    mission: { kind: "text", repeatable: true, description: "only this mission", placeholder: "slug" },
    within: { kind: "duration", description: "stop after this time", placeholder: "30s" },
    dryRun: { kind: "boolean", description: "compare where missions end; send nothing" },
  },
  examples: ["sync esdb://db.example.org:2113", "sync --dry-run", "sync sqlite:backup.db --mission passkeys"],
  writes: true,
  jsonl: true,
  run: async (context, { to, mission, within, dryRun }, signal) => {
    const given = to === undefined ? undefined : { at: parseAddress(to, "to", context.cwd), decidedBy: "to" };
    const ledger = await context.ledger();
    const setting = given ?? settingOf(context);
    const known = mission.length === 0 ? undefined : new Set(await ledger.missions());
    for (const slug of mission)
      if (known?.has(slug) === false)
        throw new CliError("NOT_FOUND", `there is no mission ${slug}`, { details: { mission: slug } });
    const brought = await bring({
      context,
      from: ledger.store,
      to: setting.at,
      compareAll: true,
      maxFailures,
      dryRun,
      ...(known === undefined ? {} : { streams: mission.map(missionStream) }),
      ...(within === undefined ? {} : { withinMs: within }),
      ...(signal === undefined ? {} : { signal }),
      onProgress: (progress) =>
        context.progress({
          line: () => progressLine(progress),
          record: () => ({ type: "progress", ...progress }),
        }),
    });
    const { report, missions } = brought;
    const [first] = report.diagnostics;
    return {
      data: { ...report, missions: missions.slice(0, mostListed), dryRun },
      human: linesOf(brought, dryRun),
      jsonl: () => missions.map((one) => ({ record: { type: "mission", ...one }, lines: [] })),
      ...(report.complete || first === undefined
        ? {}
        : {
            exit: exitCodeOf(first.code),
            error: {
              code: first.code,
              message: first.message,
              hint: first.hint ?? `Go on with it: ${saySync(context, setting)}`,
              details: { ...first.details, to: report.to, phase: first.phase, count: first.count },
            },
          }),
    };
  },
});

const settingOf = (context: CommandContext): SyncSetting => {
  const setting = context.syncsTo();
  if (setting === undefined)
    throw new CliError("INPUT_REQUIRED", "nobody says where to bring the ledger", {
      hint: "Give an address, or set MISSION_LEDGER_SYNC_TO.",
      details: { missing: "to" },
    });
  return setting;
};

const linesOf = ({ report, missions }: Brought, dryRun: boolean): readonly Line[] => {
  const { to, complete, equal, events, diagnostics } = report;
  const moved = missions.filter((one) => one.events > 0).length;
  const unequal = missions.filter((one) => !one.equal).length;
  const what = `${counted(events, "event")} of ${counted(moved, "mission")}`;
  return [
    events > 0
      ? `${dryRun ? "would bring" : "brought"} ${what} to ${to}`
      : `${complete ? "nothing to bring" : "brought nothing"} to ${to}`,
    complete
      ? [
          toned("good", "equal"),
          `: ${counted(equal, "mission")} ${equal === 1 ? "ends" : "end"} the same in both`,
        ]
      : unequal === 0
        ? [toned("warn", "not compared"), ": not all missions could be looked at"]
        : [toned("warn", "not equal"), `: ${counted(unequal, "mission")}`],
    ...diagnostics.map(
      ({ code, message, count }): Line => `  ${code}: ${message}${count === 1 ? "" : ` (${count} times)`}`,
    ),
  ];
};

const progressLine = ({ events, perSecond }: Progress): string =>
  [
    "bringing",
    `${grouped(events)} events`,
    ...(perSecond === undefined ? [] : [`${grouped(perSecond)}/s`]),
  ].join("  ");
