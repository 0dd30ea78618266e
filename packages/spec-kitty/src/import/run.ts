/** Runs a planned import against a ledger, and proves at the end that the ledger says what the source's reducer says. */
import { type CancelSignal, deciderFold, LedgerError, loadFold, noSnapshots } from "@mission-ledger/core";
import {
  isLane,
  type Lane,
  type Ledger,
  type MissionHandle,
  mission,
  missionCodec,
  type OpenMission,
} from "@mission-ledger/core/mission";
import type { ImportPlan } from "./plan.ts";
import type { ImportReport } from "./report.ts";

/** Who an import's commands are recorded under. */
export const importActor = "import:spec-kitty";

export interface RunImportOptions {
  /** Aborting leaves a part of the import in the ledger; running it again goes on from there. */
  readonly signal?: CancelSignal;
}

export interface ImportOutcome extends ImportReport {
  /** Commands that this run wrote. */
  readonly written: number;
  /** Commands that an earlier run had written. */
  readonly repeated: number;
}

export interface Mismatch {
  readonly workPackageId: string;
  readonly expected: { readonly lane: string; readonly forceCount: number };
  /** `null` when the ledger has no such work package. */
  readonly actual: { readonly lane: string; readonly forceCount: number } | null;
}

/** Thrown when the ledger's state after an import is not what the source's reducer says. It cannot happen unless one of the two is wrong. */
export class ImportMismatch extends LedgerError {
  override readonly name = "ImportMismatch";
  readonly code = "IMPORT_MISMATCH";
  readonly mismatches: readonly Mismatch[];

  constructor(slug: string, mismatches: readonly Mismatch[]) {
    const ids = mismatches.map(({ workPackageId }) => workPackageId);
    super(`${slug}: the ledger does not agree with the imported log about ${ids.slice(0, 8).join(", ")}`, {
      outcome: "unknown",
      retryable: false,
      hint: "This is a defect of the import; the source is in the ledger unchanged. Keep both and report it.",
      details: { slug, mismatches },
    });
    this.mismatches = mismatches;
  }
}

/**
 * Executes the plan's commands in order. Running it again, whole or after an interruption, repeats what is there and goes on.
 *
 * Throws what `execute` throws, among it `ALREADY_EXISTS` when the slug holds another mission or another state of the
 * log, and {@link ImportMismatch}.
 */
export const runImport = async (
  ledger: Ledger,
  plan: ImportPlan,
  { signal }: RunImportOptions = {},
): Promise<ImportOutcome> => {
  const handle = ledger.mission(plan.slug);
  let revision = -1;
  let repeated = 0;
  for (const { commandId, request } of plan.commands) {
    signal?.throwIfAborted();
    const receipt = await handle.execute(request, {
      commandId,
      actor: importActor,
      ...(signal === undefined ? {} : { signal }),
    });
    revision = receipt.revision;
    if (receipt.repeated) repeated += 1;
  }
  const mismatches = findMismatches(plan, await stateAt(ledger, handle, revision));
  if (mismatches.length > 0) throw new ImportMismatch(plan.slug, mismatches);
  return { ...plan.report, written: plan.commands.length - repeated, repeated };
};

/** The state where the import ended, whatever has happened since; read from the log alone. */
const stateAt = async (
  { store }: Ledger,
  { stream }: MissionHandle,
  to: number,
): Promise<OpenMission | undefined> => {
  const { state } = await loadFold(store, stream, deciderFold(mission, missionCodec), {
    snapshots: noSnapshots,
    to,
  });
  return state._tag === "Open" ? state : undefined;
};

const findMismatches = (plan: ImportPlan, state: OpenMission | undefined): readonly Mismatch[] => {
  const lanes = lanesInLedger(plan);
  return Object.entries(plan.report.workPackages).flatMap(([workPackageId, reduced]): readonly Mismatch[] => {
    // A lane without a counterpart leaves the work package where it was.
    const lane = isLane(reduced.lane) ? reduced.lane : (lanes.get(workPackageId) ?? "genesis");
    const expected = { lane, forceCount: reduced.forceCount };
    const found =
      state !== undefined && Object.hasOwn(state.workPackages, workPackageId)
        ? state.workPackages[workPackageId]
        : undefined;
    const actual = found === undefined ? null : { lane: found.lane, forceCount: found.forceCount };
    return actual?.lane === expected.lane && actual.forceCount === expected.forceCount
      ? []
      : [{ workPackageId, expected, actual }];
  });
};

/** The last lane of ours to which the plan's history leads each work package. */
const lanesInLedger = ({ commands }: ImportPlan): ReadonlyMap<string, Lane> => {
  const lanes = new Map<string, Lane>();
  for (const { request } of commands) {
    if (request.type !== "ContinueImport") continue;
    for (const event of request.history)
      if (event.type === "HistoricTransitionRecorded" && isLane(event.to))
        lanes.set(event.workPackageId, event.to);
  }
  return lanes;
};
