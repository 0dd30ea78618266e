/** A view that differs, as data and in a line. */
import { formatPath, type Json } from "@mission-ledger/core";
import { slugOfStream } from "@mission-ledger/core/mission";
import type { StrayView, ViewDifference } from "@mission-ledger/rebuild";
import { counted } from "../output/counted.ts";
import { viewOf } from "./ground.ts";

/** What stands in the envelope. */
export interface ShownDifference {
  /** Keys joined by dots. */
  readonly path: string;
  readonly kind: ViewDifference["kind"];
  readonly live: Json;
  readonly rebuilt: Json;
  /** The last event that the view had taken in. */
  readonly revision: number;
  /** The event that made the true value; `null` where no event ever touched it. */
  readonly madeBy: ViewDifference["madeBy"];
  /** Further places of the same view that differ. */
  readonly more: number;
}

export const shownDifference = ({
  path,
  kind,
  live,
  rebuilt,
  revision,
  madeBy,
  more,
}: ViewDifference): ShownDifference => ({
  path: formatPath(path),
  kind,
  live,
  rebuilt,
  revision,
  madeBy,
  more,
});

/** The same with its mission and view: a record of `--jsonl`, an entry of `details.views`. */
export const namedDifference = (
  difference: ViewDifference,
): { readonly mission: string; readonly view: string } & ShownDifference => ({
  mission: slugOfStream(difference.stream),
  view: viewOf(difference.view.name),
  ...shownDifference(difference),
});

/** `p: board at cards.WP01.lane: "done", but "planned" by WorkPackageMoved at revision 7`. */
export const differenceText = (mission: string, view: string, difference: ShownDifference): string => {
  const { path, kind, live, rebuilt, madeBy, more } = difference;
  if (kind === "damaged")
    return `${mission}: ${view} is damaged where it is stored, so nobody starts from it`;
  if (kind === "unknown_events")
    return `${mission}: ${view} says that it did not know ${counted(Number(live), "event")}, and there are ${Number(rebuilt)}`;
  const there = kind === "missing" ? "missing" : shortJson(live);
  const truth = kind === "too_much" ? "nothing" : shortJson(rebuilt);
  const by =
    madeBy === null
      ? "from the beginning"
      : `by ${madeBy.type} at revision ${madeBy.revision} (${madeBy.id})`;
  return `${mission}: ${view} at ${path === "" ? "its root" : path}: ${there}, but ${truth} ${by}${more === 0 ? "" : `; and ${more} more`}`;
};

/** A view that stands at an event which its log does not hold: an entry of `details.strays`. */
export const namedStray = ({
  stream,
  view,
  revision,
}: StrayView): { readonly mission: string; readonly view: string; readonly revision: number } => ({
  mission: slugOfStream(stream),
  view: viewOf(view.name),
  revision,
});

export const strayText = (stray: StrayView): string => {
  const { mission, view, revision } = namedStray(stray);
  return `${mission}: ${view} stands at an event of revision ${revision} that the log does not hold`;
};

const longest = 60;

const shortJson = (value: Json): string => {
  const text = JSON.stringify(value);
  return text.length > longest ? `${text.slice(0, longest - 1)}…` : text;
};
