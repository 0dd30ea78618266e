/** What can be taken up: the list with its reasons, and the next one, claimed if asked. */
import type { CancelSignal, Moment } from "@mission-ledger/core";
import {
  type Ledger,
  type ReadyItem,
  Refused,
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
import {
  commandIdFor,
  receiptData,
  receiptLines,
  type Written,
  write,
  writeFlags,
} from "../command/write.ts";
import { type MissionNames, namesOfLogs, namesOfMissions } from "../guard/open-missions.ts";
import { columns, type Line, toned } from "../output/lines.ts";
import { usage } from "../output/problem.ts";
import { shellQuote } from "../output/shell-quote.ts";
import { claimPlace, worktreeFlag } from "../workplace/claim-place.ts";
import { grantData, leaseFlag, saidClaimed } from "./claims.ts";

interface Listed extends ReadyItem {
  readonly mission: string;
  readonly ref: string;
}

interface ReadyList {
  readonly items: readonly Listed[];
  /** At least one for each mission whose log is not what it should be. */
  readonly warnings: readonly string[];
  /** Those missions: nothing can be claimed there. */
  readonly blocked: ReadonlySet<string>;
}

const listReady = async (
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

const kindFlag = {
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

export const next: CommandSpec = command({
  name: "next",
  summary: "Show the next work package to take up, or claim it",
  arguments: { mission: { kind: "text", description: "only of this mission" } },
  flags: {
    claim: { kind: "boolean", description: "claim it: of several that ask at once, each gets another one" },
    kind: { ...kindFlag.kind, default: "implement" },
    ...atFlag,
    ...leaseFlag,
    ...worktreeFlag,
    ...writeFlags,
  },
  examples: ["next", "while mled next --claim --fail-empty --as agent:ada; do ./work; done"],
  common: true,
  writes: true,
  run: async (context, input, signal) => {
    const ledger = await context.ledger();
    const wanted = (item: Listed): boolean =>
      item.ready && (input.kind === "any" || item.kind === input.kind);
    if (input.claim && input.at !== undefined)
      throw usage("--claim and --at do not go together", "Nothing is written into the past.");
    if (!input.claim) {
      const past = await pastOfList(context, input, signal);
      const {
        items: listed,
        warnings,
        blocked,
      } = await listReady(context, input.mission, signal, past?.moment);
      // What nobody can claim is offered only to who asked for that very mission, and never without the warning.
      const item = listed.find(
        (one) => wanted(one) && (input.mission !== undefined || !blocked.has(one.mission)),
      );
      if (item === undefined)
        return {
          ...nothingReady,
          data: { ...nothingReady.data, ...past?.data },
          warnings: [...(past?.warnings ?? []), ...warnings],
        };
      if (past !== undefined)
        return {
          data: { item, ...past.data },
          warnings: [...past.warnings, ...warnings],
          human: [...past.lines, [toned("strong", item.ref), "  ", item.title]],
        };
      return {
        data: { item },
        warnings,
        human: [
          [toned("strong", item.ref), "  ", item.title],
          toned("dim", `claim it: ${context.say(claimCommand(item), shellQuote(item.ref))}`),
        ],
      };
    }
    const actor = await context.actor();
    const workplace = await claimPlace(context, input);
    const commandId = commandIdFor(context, input);
    const claimItem = (item: Pick<Listed, "mission" | "workPackageId" | "kind">): Promise<Written> =>
      write(context, {
        ledger,
        slug: item.mission,
        input,
        commandId,
        signal,
        request: {
          type: "ClaimWorkPackage",
          workPackageId: item.workPackageId,
          kind: item.kind,
          leaseMs: input.lease,
          workplace,
        },
      });
    const earlier =
      input.requestId === undefined ? undefined : await findEarlierClaim(ledger, input.mission, commandId);
    const { items, warnings, blocked }: ReadyList =
      earlier === undefined
        ? await listReady(context, input.mission, signal)
        : { items: [earlier], warnings: [], blocked: new Set() };
    for (const item of items.filter(wanted)) {
      // Of a mission that was named, the refusal is the answer.
      if (input.mission === undefined && blocked.has(item.mission)) continue;
      if (item.notBy.includes(actor)) continue;
      try {
        const written = await claimItem(item);
        return {
          data: { item: { ...item, ...grantData(written) }, ...receiptData(written) },
          warnings,
          human: receiptLines(written, saidClaimed(item.ref, written, input.lease, context.clock.now())),
        };
      } catch (error) {
        // Somebody was quicker with this one, or it has changed since it was listed; nothing was written for it.
        if (!(error instanceof Refused) || !passedBy.has(error.code)) throw error;
      }
    }
    return { ...nothingReady, warnings };
  },
});

const passedBy: ReadonlySet<string> = new Set([
  "CLAIM_HELD",
  "TRANSITION_REJECTED",
  "GUARD_FAILED",
  "SELF_REVIEW",
]);

const claimCommand = ({ kind }: Pick<ReadyItem, "kind">): string =>
  kind === "review" ? "review.start" : "wp.claim";

const nothingReady = { data: { item: null }, empty: true, human: ["nothing is ready"] } as const;

/** What a retry claimed the first time: the choice must not fall on another package. */
const findEarlierClaim = async (
  ledger: Ledger,
  mission: string | undefined,
  commandId: string,
): Promise<Listed | undefined> => {
  for (const slug of await selectMissions(ledger, mission)) {
    const data = (await ledger.store.findCommand(ledger.mission(slug).stream, commandId))?.events[0]?.data;
    const workPackageId = data?.workPackageId;
    const kind = data?.kind;
    if (typeof workPackageId !== "string" || (kind !== "implement" && kind !== "review")) continue;
    const ref = `${slug}/${workPackageId}`;
    return {
      mission: slug,
      ref,
      workPackageId,
      kind,
      title: "",
      lane: "claimed",
      ready: true,
      waitsFor: [],
      notBy: [],
    };
  }
  return undefined;
};
