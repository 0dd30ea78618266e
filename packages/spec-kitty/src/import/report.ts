/** What an import found, for people and programs. */
import { countFindings, type Finding } from "../findings/kinds.ts";
import type { Reduction } from "../log/reduce.ts";
import type { StatusLog } from "../log/rows.ts";
import { isUsableId } from "./work-packages.ts";

export interface ImportedWorkPackage {
  /** As the source's reducer has it; `uninitialized` when it has annotations only. */
  readonly lane: string;
  readonly forceCount: number;
  /** Id of its last transition in the source; `null` without one. */
  readonly lastEventId: string | null;
}

export interface ImportReport {
  readonly slug: string;
  readonly missionId: string;
  /** Rows that are not blank; the three counts below add up to it. */
  readonly rows: number;
  readonly transitions: number;
  readonly annotations: number;
  readonly otherRows: number;
  /** Transitions that were forced, repeats of an event id not counted. */
  readonly forced: number;
  /** How many of each kind. */
  readonly findings: Readonly<Record<string, number>>;
  /** By id; those whose id a ledger cannot hold are missing. */
  readonly workPackages: Readonly<Record<string, ImportedWorkPackage>>;
}

interface Reported {
  readonly slug: string;
  readonly missionId: string;
  readonly log: StatusLog;
  readonly reduction: Reduction;
  readonly findings: readonly Finding[];
}

export const reportOf = ({ slug, missionId, log, reduction, findings }: Reported): ImportReport => {
  const count = (kind: string): number => log.rows.filter((row) => row.kind === kind).length;
  const rows = log.rows.length - count("blank");
  const transitions = count("transition");
  const annotations = count("annotation");
  return {
    slug,
    missionId,
    rows,
    transitions,
    annotations,
    otherRows: rows - transitions - annotations,
    forced: reduction.transitions.filter(({ row }) => row.transition.forced).length,
    findings: countFindings(findings),
    workPackages: Object.fromEntries(
      [...reduction.workPackages]
        .filter(([id]) => isUsableId(id))
        .map(([id, { lane, forceCount, lastEventId }]) => [id, { lane, forceCount, lastEventId }]),
    ),
  };
};
