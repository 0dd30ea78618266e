/** What changed in a mission between two moments: by work package, or place by place in any view. */
import {
  type CancelSignal,
  type Difference,
  differencesBetween,
  formatPath,
  loadFold,
} from "@mission-ledger/core";
import type { Ledger } from "@mission-ledger/core/mission";
import { logWarnings } from "../command/log-warnings.ts";
import { momentText, type Past, pastOf, presentOf } from "../command/past.ts";
import { openMission } from "../command/refs.ts";
import type { Row } from "../command/result.ts";
import { type CommandSpec, command } from "../command/spec.ts";
import { counted } from "../output/counted.ts";
import { columns, type Line, type Span, toned } from "../output/lines.ts";
import { valueText } from "../output/value-text.ts";
import { folds } from "../rebuild/folds.ts";

/** One place that differs. `workPackageId` is `null` where it is about the mission, or about a view as a whole. */
type Change = Difference & { readonly workPackageId: string | null };

const viewNames = folds.map(({ view }) => view);

export const diff: CommandSpec = command({
  name: "diff",
  summary: "Show what changed in a mission between two moments",
  description:
    "A moment is a revision, a position, a date (UTC) or how long ago. By work package, with the fields of `wp show`; with --view place by place in that view.",
  arguments: {
    mission: { kind: "text", required: true, description: "which mission" },
    from: { kind: "moment", required: true, description: "the one moment" },
    to: { kind: "moment", description: "the other; otherwise now" },
  },
  flags: {
    view: { kind: "text", choices: viewNames, description: "every place of this view instead" },
  },
  jsonl: true,
  examples: ["diff passkeys 6 9", "diff passkeys 2026-11-20", 'diff passkeys "2h ago" --view board'],
  run: async (context, input, signal) => {
    const ledger = await context.ledger();
    const slug = input.mission;
    await openMission(ledger, slug, signal);
    const from = await pastOf(context, ledger, slug, input.from, { argument: "from", signal });
    const to =
      input.to === undefined
        ? await presentOf(context, ledger, slug, signal)
        : await pastOf(context, ledger, slug, input.to, { argument: "to", signal });
    const changes =
      input.view === undefined
        ? await ledger.mission(slug).diff(from.at.revision, to.at.revision, signal)
        : await viewChanges(ledger, slug, input.view, from, to, signal);
    const events = Math.abs(to.at.revision - from.at.revision);
    return {
      data: {
        mission: slug,
        from: from.data,
        to: to.data,
        events,
        view: input.view ?? null,
        changes: changes.map(recordOf),
      },
      warnings: [...new Set([...from.warnings, ...to.warnings]), ...(await logWarnings(context, [slug]))],
      empty: changes.length === 0,
      position: () => to.at.position,
      human: (surface): readonly Line[] => [
        ...(surface.plain ? [] : [headingOf(slug, from, to, events)]),
        ...columns(changes.map(cellsOf), surface),
        ...(changes.length === 0 && !surface.plain ? ["nothing differs"] : []),
      ],
      jsonl: () =>
        changes.map((change): Row => ({ record: { type: "change", ...recordOf(change) }, lines: [] })),
    };
  },
});

const viewChanges = async (
  { store, snapshots, mission: handleOf }: Ledger,
  slug: string,
  view: string,
  from: Past,
  to: Past,
  signal: CancelSignal | undefined,
): Promise<readonly Change[]> => {
  const { spec } = folds.find((candidate) => candidate.view === view) as (typeof folds)[number];
  const at = async ({ at: { revision } }: Past): Promise<unknown> =>
    (
      await loadFold(store, handleOf(slug).stream, spec, {
        snapshots,
        to: revision,
        ...(signal === undefined ? {} : { signal }),
      })
    ).state;
  return differencesBetween(await at(from), await at(to)).map((difference) => ({
    ...difference,
    workPackageId: null,
  }));
};

const recordOf = (change: Change) => ({
  workPackageId: change.workPackageId,
  kind: kinds[change._tag],
  path: change.path,
  field: formatPath(change.path),
  before: "before" in change ? change.before : null,
  after: "after" in change ? change.after : null,
});

const kinds: Readonly<Record<Difference["_tag"], string>> = {
  Added: "added",
  Removed: "removed",
  Changed: "changed",
};

const headingOf = (slug: string, from: Past, to: Past, events: number): Line => [
  toned("strong", slug),
  `   revision ${from.at.revision} (${momentText(from.at.recordedAt)}) to ${to.at.revision} (${momentText(to.at.recordedAt)})`,
  toned("dim", `   ${counted(events, "event")}`),
];

const cellsOf = (change: Change): readonly Span[] => {
  const { workPackageId, path } = change;
  const [before, after] = [
    "before" in change ? change.before : undefined,
    "after" in change ? change.after : undefined,
  ];
  if (path.length === 0 && workPackageId !== null)
    return [
      toned("strong", workPackageId),
      change._tag === "Added" ? "added" : "removed",
      titleOf(after ?? before),
    ];
  return [
    toned("strong", workPackageId ?? "-"),
    formatPath(path),
    `${valueText(before)} > ${valueText(after)}`,
  ];
};

const titleOf = (whole: unknown): string =>
  typeof whole === "object" && whole !== null && "title" in whole ? valueText(whole.title) : valueText(whole);
