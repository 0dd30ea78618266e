/** The next package to take up, claimed if asked: of several that ask at once, each gets another one. */
import { type Ledger, type ReadyItem, Refused } from "@mission-ledger/core/mission";
import { atFlag } from "../command/moment.ts";
import { pastOfList } from "../command/past.ts";
import { selectMissions } from "../command/refs.ts";
import { type CommandSpec, command } from "../command/spec.ts";
import {
  commandIdFor,
  receiptData,
  receiptLines,
  type Written,
  write,
  writeFlags,
} from "../command/write.ts";
import { toned } from "../output/lines.ts";
import { usage } from "../output/problem.ts";
import { shellQuote } from "../output/shell-quote.ts";
import { claimPlace, worktreeFlag } from "../workplace/claim-place.ts";
import { grantData, leaseFlag, saidClaimed } from "./claims.ts";
import { kindFlag, type Listed, listReady, type ReadyList } from "./ready.ts";

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
