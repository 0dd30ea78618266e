/** One work package: all that the log says of it, and what it may do next. */
import type { CancelSignal } from "@mission-ledger/core";
import {
  type Ledger,
  type PromptOnRecord,
  prompts,
  shownWorkPackage,
  type VerdictOverride,
  type WorkPackage,
  type Workplace,
} from "@mission-ledger/core/mission";
import { allowedFrom } from "../command/allowed-lanes.ts";
import { logWarnings } from "../command/log-warnings.ts";
import { atFlag } from "../command/moment.ts";
import { pastOf } from "../command/past.ts";
import { formatRef, openMission, openWorkPackage, type Ref, resolveRef } from "../command/refs.ts";
import { type CommandSpec, command } from "../command/spec.ts";
import { clockTime } from "../command/write.ts";
import { counted } from "../output/counted.ts";
import { type Line, toned } from "../output/lines.ts";

export const wpShow: CommandSpec = command({
  name: "wp.show",
  summary: "Show one work package and what it may do next",
  arguments: { ref: { kind: "ref", required: true, description: "which work package" } },
  flags: atFlag,
  examples: ["wp show passkeys/WP01", 'wp show passkeys/WP01 --at "2h ago"'],
  run: async (context, input, signal) => {
    const ledger = await context.ledger();
    const found = await resolveRef(ledger, input.ref);
    const past =
      input.at === undefined ? undefined : await pastOf(context, ledger, found.slug, input.at, { signal });
    const mission = await openMission(ledger, found.slug, signal, past?.at.revision);
    const one = openWorkPackage(mission, found.workPackageId);
    const ref = formatRef(found);
    const shown = shownWorkPackage(mission, one);
    const issued = await promptsOfCycle(ledger, { ...found, one, at: past?.at.revision, signal });
    return {
      data: {
        ref,
        ...shown,
        prompts: issued.map(({ issuedAt, prompt }) => {
          const { promptId, branch, base, head, sha256 } = prompt;
          return { promptId, branch, base, head, sha256, issuedAt };
        }),
        ...(past === undefined ? {} : { at: past.data }),
      },
      warnings: [...(past?.warnings ?? []), ...(await logWarnings(context, [found.slug]))],
      human: (): readonly Line[] => {
        const now = past?.now ?? context.clock.now();
        const optional = (name: string, text: string | null | undefined): readonly Line[] =>
          text === null || text === undefined || text === "" ? [] : [[toned("dim", name.padEnd(16)), text]];
        return [
          ...(past === undefined ? [] : [past.line]),
          [toned("strong", ref), "  ", one.title],
          ...optional("lane", `${one.lane}${one.blockedFrom === null ? "" : ` (was ${one.blockedFrom})`}`),
          ...optional(
            "held by",
            one.claim &&
              `${one.claim.holder} to ${one.claim.kind}, fence ${one.claim.fence}, until ${clockTime(one.claim.expiresAt, now)}`,
          ),
          ...optional("works in", one.claim?.workplace && workplaceText(one.claim.workplace)),
          ...optional("after", one.dependsOn.join(", ")),
          ...optional("waits for", shown.waitsFor.join(", ")),
          ...optional("owns", one.owns.join(", ")),
          ...optional("in lane of", one.executionLane),
          ...optional(
            "subtasks",
            one.subtasks.map(({ id, done, title }) => `[${done ? "x" : " "}] ${id} ${title}`).join("; "),
          ),
          ...optional(
            "evidence",
            one.evidence.map(({ kind, ref: reference }) => `${kind}=${reference}`).join(", "),
          ),
          ...optional("implemented by", one.implementers.join(", ")),
          ...optional("implemented in", implementedText(one)),
          ...optional("review cycle", one.reviewCycle === 0 ? "" : String(one.reviewCycle)),
          ...optional("review prompts", promptsText(issued)),
          ...optional("verdict", verdictText(one)),
          ...(one.overrides ?? []).flatMap((override) => optional("overridden by", overrideText(override))),
          ...optional("forced", one.forceCount === 0 ? "" : counted(one.forceCount, "time")),
          ...optional("may become", allowedFrom(one.lane)),
        ];
      },
    };
  },
});

/** Those of its newest review, oldest first. Before the first review nothing is read. */
const promptsOfCycle = async (
  ledger: Ledger,
  {
    slug,
    one,
    at,
    signal,
  }: Ref & {
    readonly one: WorkPackage;
    readonly at: number | undefined;
    readonly signal: CancelSignal | undefined;
  },
): Promise<readonly PromptOnRecord[]> => {
  if (one.reviewCycle === 0) return [];
  const { view } = await ledger
    .mission(slug)
    .view(prompts, { ...(at === undefined ? {} : { at }), ...(signal === undefined ? {} : { signal }) });
  return view.filter(({ prompt }) => prompt.workPackageId === one.id && prompt.cycle === one.reviewCycle);
};

/** What its hashes stand for is nobody's business; the names of folders are for people. */
const workplaceText = (
  { worktree, branch, head, program }: Omit<Workplace, "host">,
  { word = "at" }: { readonly word?: string } = {},
): string =>
  [
    worktree?.name,
    branch === null ? "no branch" : branch === undefined ? undefined : `branch ${branch}`,
    head === undefined ? undefined : `${word} ${short(head)}`,
    program === undefined ? undefined : `process ${program.pid}`,
  ]
    .filter((part) => part !== undefined)
    .join(", ");

/** While it is implemented, the claim says so. */
const implementedText = ({ claim, implementedIn }: WorkPackage): string | undefined =>
  implementedIn === undefined || claim?.kind === "implement"
    ? undefined
    : workplaceText(implementedIn, { word: "from" });

const promptsText = (issued: readonly PromptOnRecord[]): string => {
  const newest = issued.at(-1)?.prompt;
  return newest === undefined
    ? ""
    : `${issued.length}, the newest ${newest.promptId.slice(0, 8)} for ${short(newest.base)}..${short(newest.head)}`;
};

/** The verdict that stands may be older than the review that goes on. */
const verdictText = ({ verdict }: WorkPackage): string | null | undefined =>
  verdict && `${verdict.verdict} by ${verdict.reviewer} in cycle ${verdict.cycle}`;

const overrideText = ({ by, reason, rejection }: VerdictOverride): string =>
  `${by}, of ${rejection.source === "verdict" ? `cycle ${rejection.cycle}` : rejection.file}: ${reason}`;

const short = (commit: string): string => commit.slice(0, 7);
