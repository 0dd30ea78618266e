/** What doctor finds about logs and files, each as one thing to know, to do or to mend. */
import { slugOfStream } from "@mission-ledger/core/mission";
import type { LogProblem } from "../command/check-log.ts";
import { type DamageStep, damageIn, damageStep, moveAway } from "../command/damage-step.ts";
import { emptiedProblem, type LostLog, type MissionFile } from "../command/leftovers.ts";
import type { CommandContext } from "../command/spec.ts";
import { type Line, toned } from "../output/lines.ts";
import { checkedDatabase, type InspectedDatabase, longWalNote, suspectNote } from "./inspect-database.ts";

export interface Finding {
  /** `damage`: data is not what it should be. `action`: somebody has to do something. `note`: good to know. */
  readonly severity: "damage" | "action" | "note";
  readonly kind: string;
  readonly mission: string;
  readonly workPackageId: string | null;
  readonly message: string;
  /** What to type; `null` when it mends itself or needs thinking first. */
  readonly command: string | null;
}

export const aboutDatabase = (
  context: CommandContext,
  database: InspectedDatabase,
  isToTell: (problem: LogProblem) => boolean,
): readonly Finding[] => {
  const notes = [
    { kind: "suspect", message: suspectNote(database) },
    { kind: "long_wal", message: longWalNote(database) },
  ];
  return [
    ...database.problems.filter(isToTell).map(
      (problem): Finding => ({
        severity: "damage",
        kind: problem.code,
        mission: problem.stream === "" ? "" : slugOfStream(problem.stream),
        workPackageId: null,
        message: problem.message,
        command: damageStep(context, damageIn(problem, checkedDatabase(database))).command,
      }),
    ),
    ...notes.flatMap(({ kind, message }): readonly Finding[] =>
      message === undefined
        ? []
        : [{ severity: "action", kind, mission: "", workPackageId: null, message, command: null }],
    ),
  ];
};

/** What is wrong with one mission. */
export const damageFinding = ({ code, stream, offset, message }: LogProblem, step: DamageStep): Finding => {
  const slug = slugOfStream(stream);
  const where = offset === null ? "" : ` (offset ${offset})`;
  return {
    severity: "damage",
    kind: code,
    mission: slug,
    workPackageId: null,
    message: `${slug}: ${message}${where}${code === "UNSAFE_FILE" ? `; ${moveAway}` : ""}`,
    command: step.command,
  };
};

export const forkedFinding = (context: CommandContext, slug: string): Finding => ({
  severity: "damage",
  kind: "FORK_DETECTED",
  mission: slug,
  workPackageId: null,
  message: `${slug}: another copy of its log went on from the same event; nobody writes until somebody decides`,
  command: damageStep(context, { code: "FORK_DETECTED", mission: slug }).command,
});

/** Git that does not know how to merge a copy leaves conflict markers in it. */
export const withoutDriver = (context: CommandContext): Finding => ({
  severity: "action",
  kind: "git_setup",
  mission: "",
  workPackageId: null,
  message: "this clone has copies of the logs and no merge driver for them",
  command: context.say("init", "--git"),
});

export const neverBegun = (slug: string): Finding => ({
  severity: "note",
  kind: "never_begun",
  mission: slug,
  workPackageId: null,
  message: `${slug}: its log has no event, so it is no mission yet; run the same create or import again`,
  command: null,
});

/** A first write that was cut off can leave a lock alone; only what was read from the log once proves that it was there. */
export const logIsGone = (context: CommandContext, { slug, hadEvents }: LostLog): Finding => ({
  severity: hadEvents ? "damage" : "action",
  kind: "STORE_MISSING",
  mission: slug,
  workPackageId: null,
  message: hadEvents
    ? `${slug}: its log is gone; its lock and what was remembered of it are there`
    : `${slug}: its lock is there and its log is not: the log is gone, or was never begun`,
  command: hadEvents ? damageStep(context, { code: "STORE_MISSING", mission: slug }).command : null,
});

/** Bytes that the disk never wrote read as zeros; the next create would begin another mission on top of them. */
export const logIsEmpty = (context: CommandContext, file: MissionFile): Finding => {
  const { code, message } = emptiedProblem(file);
  return {
    severity: "damage",
    kind: code,
    mission: file.slug,
    workPackageId: null,
    message: `${file.slug}: ${message}`,
    command: damageStep(context, { code, mission: file.slug }).command,
  };
};

export const temporaryFile = (file: string): Finding => ({
  severity: "note",
  kind: "temporary_file",
  mission: "",
  workPackageId: null,
  message: `${file} was never finished; delete it when nobody writes`,
  command: null,
});

export const rewriteFile = (kind: string, slug: string, message: string): Finding => ({
  severity: "note",
  kind,
  mission: slug,
  workPackageId: null,
  message: `${slug}: ${message}`,
  command: null,
});

export const okLine = (text: string): Line => [toned("good", "ok      "), text];

export const findingLine = ({ severity, message, command: mend }: Finding): Line => [
  toned(severity === "damage" ? "bad" : severity === "action" ? "warn" : "dim", severity.padEnd(8)),
  message,
  ...(mend === null ? [] : [toned("dim", `   ${mend}`)]),
];
