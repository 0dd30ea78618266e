/** What follows a command that wrote: the ledger is brought to another store as well, if somebody wants it. */
import type { CancelSignal, Commit, EventStore } from "@mission-ledger/core";
import type { CommandContext, CommandSpec, SyncSetting } from "../command/spec.ts";
import { warningText, withoutStop } from "../command/write.ts";
import type { SyncReport } from "../output/envelope.ts";
import { bring } from "./bring.ts";
import { saySync } from "./next-steps.ts";

export interface FinalSyncOptions {
  readonly context: CommandContext;
  readonly setting: SyncSetting;
  readonly source: () => Promise<
    { readonly store: EventStore; readonly written: readonly Commit[] } | undefined
  >;
  readonly signal: CancelSignal | undefined;
}

export interface FinalSync {
  readonly report: SyncReport;
  /** One for each kind of trouble. */
  readonly warnings: readonly string[];
}

/** A server that is down is not asked twice: the next command brings what this one could not. */
const [patienceMs, maxFailures] = [150, 1];

/** Commands that bring events elsewhere themselves, or that git runs in the middle of its own work. */
const withoutIt: ReadonlySet<string> = new Set(["sync", "merge-driver"]);

export const isFollowedBySync = (
  { name, writes }: CommandSpec,
  input: { readonly dryRun?: unknown },
): boolean => writes && !withoutIt.has(name) && input.dryRun !== true;

/** `undefined` where there is no ledger yet. Never throws: the command is done. */
export const finalSync = async ({
  context,
  setting,
  source,
  signal,
}: FinalSyncOptions): Promise<FinalSync | undefined> => {
  const { at, withinMs } = setting;
  const from = await source().catch(() => undefined);
  if (from === undefined) return undefined;
  const { report } = await bring({
    context,
    from: from.store,
    to: at,
    written: from.written,
    withinMs,
    patienceMs,
    maxFailures,
    ...(signal === undefined ? {} : { signal }),
  });
  const warnings = report.diagnostics.map(({ code, message, count }) =>
    warningText({
      code,
      message: `not all was brought to ${report.to}, and what the command did stands: ${withoutStop(message)}${count === 1 ? "" : ` (${count} times)`}`,
      hint: saySync(context, setting),
    }),
  );
  return { report, warnings };
};
