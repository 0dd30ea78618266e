/** Spec Kitty in and out: mission folders become missions, and missions become status logs again, byte for byte. */
import { type CancelSignal, LedgerError } from "@mission-ledger/core";
import type { Ledger } from "@mission-ledger/core/mission";
import type { ImportReport } from "@mission-ledger/spec-kitty";
import { openMission } from "../command/refs.ts";
import type { CommandResult } from "../command/result.ts";
import type { CommandContext } from "../command/spec.ts";
import { type CommandSpec, command } from "../command/spec.ts";
import { exitCodeOf } from "../output/exit-codes.ts";
import { columns, type Line, toned } from "../output/lines.ts";
import { CliError, isAbort, type Problem, problemOf } from "../output/problem.ts";
import { type FoundFolder, findMissionFolders, readMissionFolder } from "../place/mission-folders.ts";
import { nameOfPlace } from "../place/place.ts";

/** One mission as the import reports it. `error` is set when it could not be imported; the others go on. */
interface Imported extends Partial<ImportReport> {
  readonly slug: string;
  readonly path: string;
  readonly error: Problem | null;
}

export const importSpecKitty: CommandSpec = command({
  name: "import.spec-kitty",
  summary: "Import Spec Kitty missions with their whole history",
  description:
    "Each folder is a mission (it has a status.events.jsonl), or holds missions, itself or in its kitty-specs folder. Running it again goes on where it stopped.",
  arguments: {
    folders: {
      kind: "path",
      required: true,
      repeatable: true,
      description: "mission folders, or folders of them",
    },
  },
  flags: { dryRun: { kind: "boolean", description: "read and report; write nothing" } },
  examples: ["import spec-kitty ./kitty-specs", "import spec-kitty ./my-project --ledger ./plan --json"],
  writes: true,
  run: async (context, input, signal) => {
    const warnings: string[] = [];
    const found = input.folders.flatMap((folder) =>
      findMissionFolders(context.cwd, folder, (warning) => warnings.push(warning)),
    );
    if (found.length === 0)
      throw new CliError("NOT_FOUND", `no mission was found in ${input.folders.join(", ")}`, {
        hint: warnings.join("\n"),
        details: { folders: input.folders },
      });
    // A mistyped path leaves no ledger behind.
    const nothingToWrite = input.dryRun || found.every((folder) => "error" in folder);
    const ledger = nothingToWrite ? undefined : (await context.createLedger()).ledger;
    const missions: Imported[] = [];
    for (const folder of found) missions.push(await importOne(folder, ledger, signal));
    const ledgerPath = nameOfPlace(await context.place());
    return importResult(missions, warnings, { ledger: ledgerPath, dryRun: input.dryRun }, context);
  },
});

const importOne = async (
  folder: FoundFolder,
  ledger: Ledger | undefined,
  signal: CancelSignal | undefined,
): Promise<Imported> => {
  const { path, slug } = folder;
  if ("error" in folder) return { slug, path, error: problemOf(folder.error) };
  try {
    const { planImport, runImport } = await import("@mission-ledger/spec-kitty");
    const plan = planImport(readMissionFolder(folder));
    const report =
      ledger === undefined
        ? plan.report
        : await runImport(ledger, plan, signal === undefined ? {} : { signal });
    return { ...report, path, error: null };
  } catch (error) {
    if (ledger !== undefined && isAbort(error, signal)) throw importInterrupted(slug, error);
    if (signal?.aborted === true || !LedgerError.is(error)) throw error;
    return { slug, path, error: problemOf(error) };
  }
};

/** An import is many commands; some of them may be done. */
const importInterrupted = (slug: string, cause: unknown): CliError =>
  new CliError("INTERRUPTED", `interrupted in ${slug}; what was imported until then stays`, {
    outcome: "unknown",
    hint: "Run the same import again: it goes on where it stopped.",
    details: { mission: slug },
    cause,
  });

const importResult = (
  missions: readonly Imported[],
  warnings: readonly string[],
  about: Readonly<Record<string, unknown>>,
  context: CommandContext,
): CommandResult => {
  const failed = missions.filter((mission) => mission.error !== null);
  const sum = (count: (mission: Imported) => number | undefined): number =>
    missions.reduce((total, mission) => total + (count(mission) ?? 0), 0);
  const totals = {
    missions: missions.length,
    failed: failed.length,
    rows: sum(({ rows }) => rows),
    transitions: sum(({ transitions }) => transitions),
    annotations: sum(({ annotations }) => annotations),
    findings: sum(({ findings }) => Object.values(findings ?? {}).reduce((all, one) => all + one, 0)),
  };
  const first = failed[0]?.error ?? undefined;
  return {
    data: { ...about, missions: missions.map(entryOf), totals },
    warnings: [...warnings, ...failed.map(({ path, error }) => `${path}: ${error?.code}: ${error?.message}`)],
    empty: missions.length === 0,
    ...(first === undefined
      ? {}
      : {
          exit: exitCodeOf(first.code),
          error: {
            code: first.code,
            message: `${failed.length} of ${missions.length} missions were not imported; the first: ${first.message}`,
            ...(first.hint === null ? {} : { hint: first.hint }),
            details: { failed: failed.map(({ slug, path, error }) => ({ slug, path, code: error?.code })) },
          },
        }),
    human: (surface): readonly Line[] => [
      ...columns(
        missions.map(({ slug, rows, workPackages, findings, error }) => [
          error === null ? toned("good", "imported") : toned("bad", "failed"),
          toned("strong", slug),
          error === null
            ? `${rows} rows, ${Object.keys(workPackages ?? {}).length} work packages`
            : error.code,
          error === null ? findingText(findings ?? {}) : error.message,
        ]),
        surface,
      ),
      `${totals.missions - totals.failed} missions, ${totals.rows} rows, ${totals.findings} findings`,
      ...(missions.length > 0 && failed.length === 0
        ? [toned("dim", `check: ${context.say("verify")}      look: ${context.say("mission.list")}`)]
        : []),
    ],
  };
};

const entryOf = ({ slug, path, error, ...report }: Imported): Readonly<Record<string, unknown>> => ({
  slug,
  path,
  missionId: null,
  rows: null,
  transitions: null,
  annotations: null,
  otherRows: null,
  findings: {},
  workPackages: {},
  ...report,
  error,
});

const findingText = (findings: Readonly<Record<string, number>>): string =>
  Object.entries(findings)
    .map(([kind, count]) => `${count} ${kind.replaceAll("_", " ")}`)
    .join(", ") || "no findings";

export const exportSpecKitty: CommandSpec = command({
  name: "export.spec-kitty",
  summary: "Write a mission as a Spec Kitty status log to standard output",
  description:
    "What was imported comes out byte for byte; what happened since follows as rows of the same form.",
  arguments: { slug: { kind: "text", required: true, description: "which mission" } },
  examples: ["export spec-kitty passkeys > status.events.jsonl"],
  run: async (context, { slug }, signal) => {
    const ledger = await context.ledger();
    await openMission(ledger, slug, signal);
    const { exportStatusLog } = await import("@mission-ledger/spec-kitty");
    const log = await exportStatusLog(ledger.mission(slug).history(signal === undefined ? {} : { signal }));
    return { data: { slug, file: "status.events.jsonl" }, human: [], bytes: pieces(log) };
  },
});

/** In pieces that a pipe can take one by one. */
async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  const step = 65_536;
  for (let from = 0; from < bytes.length; from += step) yield bytes.subarray(from, from + step);
}
