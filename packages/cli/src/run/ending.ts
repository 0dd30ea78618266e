/** How a command ended: what is printed, whichever way it is asked for. */
import type { CommandResult } from "../command/result.ts";
import type { SyncReport } from "../output/envelope.ts";
import type { ExitCode } from "../output/exit-codes.ts";
import type { Problem } from "../output/problem.ts";

export interface Ending {
  readonly exit: ExitCode;
  readonly data: unknown;
  readonly warnings: readonly string[];
  readonly error: Problem | null;
  /** Absent when the command failed before it had one. */
  readonly result: CommandResult | undefined;
  /** Only where it was asked for, and the command came to a good end. */
  readonly sync?: SyncReport;
}
