/**
 * What is wrong with a log and would not show in what is read from it: readers start from what they remember, so they may
 * never meet the damage, and look at the end of the log for it. Costs one block of each log.
 */
import { LedgerError } from "@mission-ledger/core";
import { missionStream } from "@mission-ledger/core/mission";
import { forksOf, glanceAtLog, type LogGlance } from "@mission-ledger/store-file";
import { nextStep } from "./damage-step.ts";
import { incompleteWarning, unreadableWarning } from "./incomplete.ts";
import type { CommandContext } from "./spec.ts";

export interface LogWarnings {
  readonly warnings: readonly string[];
  /** Missions that nobody can write to as they are: nothing there can be claimed. */
  readonly blocked: ReadonlySet<string>;
}

/** @param incomplete missions that are known to lack events; about those, damage is no news */
export const lookAtLogs = async (
  context: CommandContext,
  slugs: Iterable<string>,
  incomplete: ReadonlySet<string> = new Set(),
): Promise<LogWarnings> => {
  const { directory } = await context.place();
  const warnings: string[] = [];
  const blocked = new Set<string>(incomplete);
  for (const slug of slugs) {
    const found = [
      ...(incomplete.has(slug) ? [incompleteWarning(context, slug)] : []),
      ...(directory === null ? [] : aboutEnd(context, directory, slug, incomplete.has(slug))),
    ];
    if (found.length > 0) blocked.add(slug);
    warnings.push(...found);
  }
  return { warnings, blocked };
};

/** The warnings alone, where nothing else follows from them. */
export const logWarnings = async (...parameters: Parameters<typeof lookAtLogs>): Promise<readonly string[]> =>
  (await lookAtLogs(...parameters)).warnings;

/** The warning of a branch that waits for a decision, if there is one. */
export const warningOfFork = (context: CommandContext, directory: string, slug: string): readonly string[] =>
  glanceAtLog({ directory, stream: missionStream(slug) }).findings.some(({ kind }) => kind === "fork")
    ? forkWarning(context, directory, slug)
    : [];

const aboutEnd = (
  context: CommandContext,
  directory: string,
  slug: string,
  isIncomplete: boolean,
): readonly string[] => {
  let glance: LogGlance;
  try {
    glance = glanceAtLog({ directory, stream: missionStream(slug) });
  } catch (error) {
    return isIncomplete ? [] : [unreadableWarning(context, slug, error)];
  }
  const { findings, endDamaged, suspect } = glance;
  const damaged = findings.find(({ kind }) => kind === "damaged");
  const next = (code: string): string => nextStep(context, { code, mission: slug });
  return [
    ...(damaged === undefined || isIncomplete
      ? []
      : [
          endDamaged
            ? `LOG_CORRUPT: the end of the log of ${slug} is damaged; what was done last is missing here, and nobody writes; ${next("LOG_CORRUPT")}`
            : `LOG_CORRUPT: the log of ${slug} holds a damaged line (byte ${damaged.offset}: ${damaged.why}), and nobody writes; ${next("LOG_CORRUPT")}`,
        ]),
    ...(findings.some(({ kind }) => kind === "conflict_marker")
      ? [
          `LOG_CONFLICTED: the log of ${slug} holds the markers of a merge, and nobody writes; ${next("LOG_CONFLICTED")}`,
        ]
      : []),
    ...(suspect
      ? [
          `DURABILITY_UNKNOWN: a flush of the log of ${slug} failed; what you see may not be on the disk, and nobody writes; ${next("DURABILITY_UNKNOWN")}`,
        ]
      : []),
    ...(findings.some(({ kind }) => kind === "fork") ? forkWarning(context, directory, slug) : []),
  ];
};

const forkWarning = (context: CommandContext, directory: string, slug: string): readonly string[] => {
  const next = nextStep(context, { code: "FORK_DETECTED", mission: slug });
  try {
    const [fork] = forksOf({ directory, stream: missionStream(slug) });
    const where = fork === undefined ? "" : ` from revision ${fork.forksAfter.revision}`;
    return [
      `FORK_DETECTED: two copies of ${slug} went on${where}; what you see is this ledger's side, and nobody writes; ${next}`,
    ];
  } catch (error) {
    // The view itself says what is wrong with the log.
    if (LedgerError.is(error)) return [];
    throw error;
  }
};
