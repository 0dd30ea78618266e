/** What can be taken up: the list, with what the rest waits for. */
import type { CancelSignal, Moment } from "@mission-ledger/core";
import {
  type Ledger,
  type ReadyItem,
  readyItems,
  ready as readyView,
  type WaitingReason,
} from "@mission-ledger/core/mission";
import { unreadableWarning } from "../command/incomplete.ts";
import { lookAtLogs } from "../command/log-warnings.ts";
import { atFlag } from "../command/moment.ts";
import { listFlags, page } from "../command/paging.ts";
import { pastOfList, skewWarnings } from "../command/past.ts";
import { selectMissions } from "../command/refs.ts";
import { type CommandContext, type CommandSpec, command } from "../command/spec.ts";
import { type MissionNames, namesOfLogs, namesOfMissions } from "../mission-index/open-missions.ts";
import { columns, type Line, toned } from "../output/lines.ts";

export interface Listed extends ReadyItem {
  readonly mission: string;
  readonly ref: string;
}

export interface ReadyList {
  readonly items: readonly Listed[];
  /** At least one for each mission whose log is not what it should be. */
  readonly warnings: readonly string[];
  /** Those missions: nothing can be claimed there. */
  readonly blocked: ReadonlySet<string>;
}

/** What is ready and what waits. Why a log cannot be read is thrown of a mission that is named, and told of all others. */
export const listReady = async (
  context: CommandContext,
  mission: string | undefined,
  signal: CancelSignal | undefined,
  at?: Moment,
): Promise<ReadyList> => {
  const ledger = await context.ledger();
  const items: Listed[] = [];
  const warnings: string[] = [];
  const blocked = new Set<string>();
  const index = mission === undefined && at === undefined ? context.worktrees()?.open : undefined;
  const names = index === undefined ? undefined : await namesIn(context, ledger);
  const hinted = names === undefined ? undefined : index?.among(names);
  const open: string[] = [];
  for (const slug of hinted ?? (await selectMissions(ledger, mission)))
    try {
      const handle = ledger.mission(slug);
      const past = at === undefined ? undefined : await handle.findMoment(at, signal);
      if (past !== undefined) warnings.push(...skewWarnings(slug, past));
      const { view, gaps } = await handle.view(readyView, {
        ...(past === undefined ? {} : { at: past.revision }),
        ...(signal === undefined ? {} : { signal }),
      });
      const listed = readyItems(view);
      for (const item of listed) items.push({ ...item, mission: slug, ref: `${slug}/${item.workPackageId}` });
      const found = await lookAtLogs(context, [slug], new Set(gaps > 0 ? [slug] : []));
      warnings.push(...found.warnings);
      if (listed.length > 0 || found.warnings.length > 0) open.push(slug);
      else if (hinted !== undefined) index?.drop(slug);
      if (found.blocked.has(slug)) blocked.add(slug);
    } catch (error) {
      if (mission !== undefined) throw error;
      open.push(slug);
      blocked.add(slug);
      warnings.push(unreadableWarning(context, slug, error));
    }
  if (hinted === undefined && names !== undefined) index?.complete(names, open);
  return { items, warnings, blocked };
};

const namesIn = async (context: CommandContext, ledger: Ledger): Promise<MissionNames> => {
  const { directory } = await context.place();
  try {
    if (directory !== null) return namesOfLogs(directory);
  } catch {
    // Whoever opens the ledger says what is wrong.
  }
  return namesOfMissions(await ledger.missions());
};

export const kindFlag = {
  kind: {
    kind: "text",
    choices: ["implement", "review", "any"],
    default: "any",
    description: "only what is to be implemented, or reviewed",
  },
} as const;

export const ready: CommandSpec = command({
  name: "ready",
  summary: "List what can be taken up now",
  arguments: { mission: { kind: "text", description: "only of this mission" } },
  flags: {
    why: { kind: "boolean", description: "list what waits too, and what it waits for" },
    ...kindFlag,
    ...atFlag,
    ...listFlags,
  },
  examples: ["ready", "ready passkeys --why", "ready passkeys --at 12 --why"],
  common: true,
  run: async (context, input, signal) => {
    const past = await pastOfList(context, input, signal);
    const found = await listReady(context, input.mission, signal, past?.moment);
    const all = found.items.filter(
      (item) => (input.why || item.ready) && (input.kind === "any" || item.kind === input.kind),
    );
    const { items, nextCursor, hidden } = page(all, input);
    return {
      data: { items, nextCursor, ...past?.data },
      warnings: [...(past?.warnings ?? []), ...found.warnings],
      empty: !all.some((item) => item.ready),
      human: (surface): readonly Line[] => [
        ...(surface.plain ? [] : (past?.lines ?? [])),
        ...columns(
          items.map((item) => [
            item.ready ? toned("good", "READY") : toned("warn", "WAITING"),
            toned("strong", item.ref),
            item.kind,
            input.why && !item.ready
              ? `${item.title}     ${item.waitsFor.map(waitingText).join("; ")}`
              : item.title,
          ]),
          surface,
        ),
        ...(items.length === 0 && !surface.plain ? ["nothing is ready"] : []),
        ...hidden,
      ],
    };
  },
});

const waitingText = (reason: WaitingReason): string => {
  switch (reason._tag) {
    case "Dependency":
      return `dependency: ${reason.workPackageId} is ${reason.lane}`;
    case "Held":
      return `held by ${reason.holder} until ${reason.expiresAt}`;
    case "ExecutionLaneBusy":
      return `execution lane ${reason.executionLane} is used by ${reason.workPackageId}`;
    case "Blocked":
      return "blocked";
    case "Importing":
      return "the import is not finished";
  }
};
