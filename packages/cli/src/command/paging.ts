/** Long lists in pages: `--limit` and `--cursor`, and a line that says how much is not shown. */

import { type Line, toned } from "../output/lines.ts";
import { usage } from "../output/problem.ts";

export const listFlags = {
  limit: { kind: "integer", default: 50, description: "how many at most; 0 for all", placeholder: "n" },
  cursor: {
    kind: "text",
    description: "go on behind this: nextCursor of the page before",
    placeholder: "cursor",
  },
} as const;

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextCursor: string | null;
  /** What to tell a person about the rest; empty when everything is shown. */
  readonly hidden: readonly Line[];
}

export const page = <Item>(
  all: readonly Item[],
  { limit, cursor }: { readonly limit: number; readonly cursor: string | undefined },
): Page<Item> => {
  const from = cursor === undefined ? 0 : Number(/^\d{1,15}$/.exec(cursor)?.[0] ?? Number.NaN);
  if (Number.isNaN(from)) throw usage(`--cursor: ${JSON.stringify(cursor)} is not a cursor of this list`);
  const end = limit === 0 ? all.length : Math.min(all.length, from + limit);
  const more = Math.max(0, all.length - end);
  return {
    items: all.slice(from, end),
    nextCursor: more > 0 ? String(end) : null,
    hidden: more > 0 ? [toned("dim", `${more} more: --cursor ${end}, or --limit 0 for all`)] : [],
  };
};
