/** The board as text: a column per stage of work, blocked and canceled counted below, what needs attention first. */
import { timestamp } from "@mission-ledger/core";
import {
  attentionItems,
  type Board,
  type BoardColumn,
  board as boardView,
  type Card,
  lanes,
  readyItems,
  ready as readyView,
  reviews as reviewsView,
  shownCards,
  shownLanes,
} from "@mission-ledger/core/mission";
import { roughly } from "../command/duration.ts";
import { logWarnings } from "../command/log-warnings.ts";
import { atFlag } from "../command/moment.ts";
import { pastOf } from "../command/past.ts";
import { openMission, resolveMission } from "../command/refs.ts";
import { sayCommand } from "../command/say-command.ts";
import { type CommandSpec, command } from "../command/spec.ts";
import { columns, type Line, type Span, type Surface, toned } from "../output/lines.ts";
import { printable } from "../output/printable.ts";
import { shellQuote } from "../output/shell-quote.ts";
import { displayWidth, padTo } from "../output/width.ts";
import { claimLooker, seenOfClaims } from "../workplace/look-after-claims.ts";

export const board: CommandSpec = command({
  name: "board",
  summary: "Show a mission's board",
  arguments: {
    mission: { kind: "text", description: "which mission; may be left out when there is only one" },
  },
  flags: atFlag,
  examples: ["board passkeys", "board passkeys --plain", "board passkeys --at 2026-11-20"],
  common: true,
  run: async (context, input, signal) => {
    const ledger = await context.ledger();
    const slug = await resolveMission(ledger, input.mission);
    const past =
      input.at === undefined ? undefined : await pastOf(context, ledger, slug, input.at, { signal });
    const options = {
      ...(past === undefined ? {} : { at: past.at.revision }),
      ...(signal === undefined ? {} : { signal }),
    };
    const mission = ledger.mission(slug);
    const [{ view, head, gaps }, readiness, reviewed] = [
      await mission.view(boardView, options),
      await mission.view(readyView, options),
      await mission.view(reviewsView, options),
    ];
    // A board without a head is a mission that does not exist; this names it.
    if (head.revision < 0) await openMission(ledger, slug, signal);
    const cards = shownCards(view);
    const now = past?.now ?? context.clock.now();
    const seen =
      past === undefined && readiness.view._tag === "Open"
        ? seenOfClaims(claimLooker(context), readiness.view)
        : {};
    const attention = attentionItems(readiness.view, reviewed.view, timestamp(now), seen).map((item) =>
      // What would have helped then is not what to type now.
      past === undefined ? item : { ...item, command: null },
    );
    const waiting = new Map(
      readyItems(readiness.view).map((item) => [
        item.workPackageId,
        item.ready
          ? "ready"
          : item.waitsFor
              .map((reason) => ("workPackageId" in reason ? reason.workPackageId : reason._tag.toLowerCase()))
              .join(", "),
      ]),
    );
    return {
      data: {
        mission: { slug: view.slug, title: view.title, missionId: view.missionId, importing: view.importing },
        columns: [...new Set(shownLanes.map((lane) => lanes[lane].column))].map((column) => ({
          column,
          cards: cards.filter((card) => lanes[card.lane].column === column),
        })),
        attention,
        revision: head.revision,
        ...(past === undefined ? {} : { at: past.data }),
      },
      warnings: [
        ...(past?.warnings ?? []),
        ...(await logWarnings(context, [slug], new Set(gaps > 0 ? [slug] : []))),
      ],
      empty: cards.length === 0,
      human: (surface): readonly Line[] =>
        surface.plain
          ? columns(
              cards.map((card) => [
                card.workPackageId,
                card.lane,
                card.holder ?? "",
                String(card.forceCount),
                card.title,
              ]),
              surface,
            )
          : [
              ...(past === undefined ? [] : [past.line]),
              ...drawColumns(view, cards, surface, (card) =>
                noteOn(card, waiting.get(card.workPackageId), now),
              ),
              `blocked ${countIn(cards, "Blocked")} · canceled ${countIn(cards, "Canceled")} · attention ${attention.length} · revision ${head.revision}`,
              ...attention
                .slice(0, 10)
                .map(
                  (item): Line => [
                    toned("warn", "! "),
                    item.message,
                    toned("dim", `   ${sayCommand(context, item) ?? ""}`.trimEnd()),
                  ],
                ),
              ...(attention.length > 10
                ? [toned("dim", `${attention.length - 10} more: ${context.say("doctor", shellQuote(slug))}`)]
                : []),
            ],
    };
  },
});

const drawn: readonly BoardColumn[] = ["Planned", "Doing", "For review", "In review", "Approved", "Done"];

const countIn = (cards: readonly Card[], column: BoardColumn): number =>
  cards.filter(({ lane }) => lanes[lane].column === column).length;

const noteOn = (card: Card, waiting: string | undefined, now: number): string => {
  if (card.holder !== null) {
    const left = card.expiresAt === null ? 0 : Date.parse(card.expiresAt) - now;
    return `${card.holder}, ${left > 0 ? `${roughly(left)} left` : "lease over"}`;
  }
  if (card.lane === "planned" && waiting !== undefined)
    return waiting === "ready" ? "ready" : `waits for ${waiting}`;
  return card.reviewCycle > 0 ? `cycle ${card.reviewCycle}` : "";
};

/** Columns side by side where they fit, else one below the other. */
const drawColumns = (
  view: Board,
  cards: readonly Card[],
  { width }: Surface,
  note: (card: Card) => string,
): readonly Line[] => {
  const available = width ?? 120;
  const perColumn = Math.floor((available + 2) / drawn.length) - 2;
  const title: Line = [
    toned("strong", view.slug),
    "  ",
    view.title,
    view.importing ? "   IMPORT NOT FINISHED" : "",
  ];
  const entries = drawn.map((column) => ({
    heading: `${column.toUpperCase()} ${countIn(cards, column)}`,
    lines: cards
      .filter(({ lane }) => lanes[lane].column === column)
      .flatMap((card) => linesOf(card, note(card))),
  }));
  if (perColumn < 12)
    return [
      title,
      ...entries.flatMap(({ heading, lines }) => [
        toned("strong", heading),
        ...lines.map((line): Line => [`  ${line}`]),
      ]),
    ];
  // Empty columns take only the room of their heading; the others share the rest.
  const spare = entries.reduce(
    (sum, { heading, lines }) =>
      sum + (lines.length === 0 ? Math.max(0, perColumn - displayWidth(heading)) : 0),
    0,
  );
  const filled = Math.max(1, entries.filter(({ lines }) => lines.length > 0).length);
  const widths = entries.map(({ heading, lines }) =>
    lines.length === 0
      ? Math.min(perColumn, displayWidth(heading))
      : Math.min(
          40,
          Math.max(displayWidth(heading), ...lines.map(displayWidth)),
          perColumn + Math.floor(spare / filled),
        ),
  );
  const height = Math.max(0, ...entries.map(({ lines }) => lines.length));
  const row = (texts: readonly string[]): string =>
    texts
      .map((text, index) => padTo(text, widths[index] as number))
      .join("  ")
      .trimEnd();
  return [
    title,
    toned("strong", row(entries.map(({ heading }) => heading))),
    ...Array.from(
      { length: height },
      (_, index): Span => row(entries.map(({ lines }) => lines[index] ?? "")),
    ),
  ];
};

const glyphs: Readonly<Partial<Record<Card["lane"], string>>> = {
  planned: "o",
  claimed: "*",
  in_progress: "*",
  for_review: "?",
  in_review: "?",
  approved: "+",
  done: "+",
};

const linesOf = (card: Card, note: string): readonly string[] => [
  `${glyphs[card.lane] ?? "-"} ${card.workPackageId}${card.forceCount > 0 ? ` (forced ${card.forceCount})` : ""}`,
  `  ${printable(card.title)}`,
  ...(note === "" ? [] : [`  ${printable(note)}`]),
];
