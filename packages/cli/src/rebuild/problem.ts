/** A mission of which no view could be made, and where in its log that lies. */
import type { CancelSignal } from "@mission-ledger/core";
import type { Ledger } from "@mission-ledger/core/mission";
import type { StreamProblem } from "@mission-ledger/rebuild";
import { checkLog, type LogProblem } from "../command/check-log.ts";

export const shownProblem = ({ stream, code, message, details }: StreamProblem): LogProblem => ({
  code,
  stream,
  revision: null,
  offset: typeof details.offset === "number" ? details.offset : null,
  message,
});

/** Logs that are read once more to say where they are damaged. */
const mostLocated = 50;

/** The same with the place of the damage: who folds a log only sees that events are missing. */
export const locatedProblems = async (
  problems: readonly StreamProblem[],
  ledger: Ledger,
  directory: string | null,
  signal: CancelSignal | undefined,
): Promise<readonly LogProblem[]> => {
  const located: LogProblem[] = [];
  for (const problem of problems) {
    const shown = shownProblem(problem);
    const isPlaced = shown.offset !== null || directory === null || located.length >= mostLocated;
    const found = isPlaced
      ? undefined
      : (await checkLog(ledger, problem.stream, directory, { digests: false, signal })).problems.find(
          ({ code }) => code !== "FORK_DETECTED",
        );
    located.push(found ?? shown);
  }
  return located;
};
