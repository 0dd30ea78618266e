/** A log that a verdict rests on has to be whole: readers show what there is, the guard must not. */
import { type FaultCode, StoreFault } from "@mission-ledger/core";
import { glanceAtLog, type LogGlance } from "@mission-ledger/store-file";

export interface LogAsked {
  readonly stream: string;
  readonly slug: string;
  /** Breaks that were met when it was read. */
  readonly gaps: number;
  /** Where the logs are, if they are files. */
  readonly directory: string | null;
}

/** Throws a `StoreFault` whose code says what is wrong. Costs one block of a file, and nothing elsewhere. */
export const checkWhole = ({ stream, slug, gaps, directory }: LogAsked): void => {
  const found: readonly [code: FaultCode, problem: string] | undefined =
    gaps > 0
      ? ["LOG_CORRUPT", "lacks events"]
      : directory === null
        ? undefined
        : problemOf(glanceAtLog({ directory, stream }));
  if (found === undefined) return;
  const [code, problem] = found;
  throw new StoreFault(code, `the log of ${slug} ${problem}; nobody can say who works on what`, {
    outcome: "not_written",
    retryable: false,
    hint: "Run `mled doctor`: it names the command that mends the log.",
    details: { stream, mission: slug, workPackageId: null },
  });
};

const problemOf = ({
  findings,
  endDamaged,
  suspect,
}: LogGlance): readonly [code: FaultCode, problem: string] | undefined => {
  if (endDamaged || findings.some(({ kind }) => kind === "damaged"))
    return ["LOG_CORRUPT", "holds a damaged line"];
  if (findings.some(({ kind }) => kind === "conflict_marker"))
    return ["LOG_CONFLICTED", "holds the markers of a merge"];
  if (suspect) return ["DURABILITY_UNKNOWN", "may not be on the disk: a flush of it failed"];
  if (findings.some(({ kind }) => kind === "fork"))
    return ["FORK_DETECTED", "went on in two copies, and nobody has decided between them"];
  return undefined;
};
