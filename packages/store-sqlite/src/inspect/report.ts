/** What a check of a database found. */
import type { StreamHead } from "@mission-ledger/core";

export type DatabaseFindingKind =
  /** SQLite's own check of pages and indexes. */
  | "integrity"
  /** A table, index or trigger that is not as it was made, is missing, or is nobody's. */
  | "schema"
  /** A row whose checksum is wrong, or that holds what it could not. */
  | "row"
  /** A position or a revision is missing. */
  | "gap"
  /** A digest or a link between events is not what it ought to be. */
  | "link";

export interface DatabaseFinding {
  readonly kind: DatabaseFindingKind;
  /** What is wrong, for a person. */
  readonly why: string;
  readonly position?: number;
  readonly stream?: string;
  readonly revision?: number;
}

export interface StreamSummary {
  readonly stream: string;
  readonly commands: number;
  readonly events: number;
  readonly head: StreamHead;
}

export interface DatabaseReport {
  readonly path: string;
  /** False where there is no file, or one without tables. */
  readonly exists: boolean;
  readonly bytes: number;
  /** Bytes of the write-ahead log; it grows while a reader holds an old view of the database. */
  readonly walBytes: number;
  /** A flush failed and the database was not written anew since; the next writer does that first. */
  readonly suspect: boolean;
  /** Id of this copy of the ledger; `null` if it is lost or there is no database. */
  readonly ledgerId: string | null;
  readonly commands: number;
  readonly events: number;
  /** Sorted by name. */
  readonly streams: readonly StreamSummary[];
  /** At most {@link mostFindings}. */
  readonly findings: readonly DatabaseFinding[];
  /** How many more there are. */
  readonly findingsLeftOut: number;
  /**
   * The tables were read to their end, and every row of them proves itself: where something was found all the same, it lies in
   * what can be made anew from them, such as an index, and a copy to a new file has everything.
   */
  readonly rowsWhole: boolean;
}

const mostFindings = 1_000;

/** Takes findings down, up to a bound. */
export interface FindingList {
  add(finding: DatabaseFinding): void;
  /** Whether there is one about rows, also among those left out. */
  readonly isAboutRows: boolean;
  readonly findings: readonly DatabaseFinding[];
  readonly leftOut: number;
}

export const findingList = (): FindingList => {
  const findings: DatabaseFinding[] = [];
  let leftOut = 0;
  let isAboutRows = false;
  return {
    add: (finding) => {
      isAboutRows ||= finding.kind !== "integrity" && finding.kind !== "schema";
      if (findings.length < mostFindings) findings.push(finding);
      else leftOut += 1;
    },
    findings,
    get isAboutRows() {
      return isAboutRows;
    },
    get leftOut() {
      return leftOut;
    },
  };
};
