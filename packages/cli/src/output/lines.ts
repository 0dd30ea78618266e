/** Human output as data: lines of spans. Every span passes `printable` here, so no command can forget it. */

import { printable } from "./printable.ts";
import { displayWidth, fit } from "./width.ts";

export type Tone = "strong" | "dim" | "good" | "bad" | "warn";
export interface Toned {
  readonly text: string;
  readonly tone: Tone;
}
export type Span = string | Toned;
/** One line, without its end. A plain string is a line of one span. */
export type Line = Span | readonly Span[];

/** What a terminal is like, or that there is none. */
export interface Surface {
  readonly color: boolean;
  /** Columns to stay within; `undefined` when the output is piped and nobody counts. */
  readonly width: number | undefined;
  /** Tab-separated, without decoration. */
  readonly plain: boolean;
}

const codes: Readonly<Record<Tone, readonly [number, number]>> = {
  strong: [1, 22],
  dim: [2, 22],
  good: [32, 39],
  bad: [31, 39],
  warn: [33, 39],
};

export const toned = (tone: Tone, text: string): Toned => ({ text, tone });

export const renderLines = (lines: readonly Line[], surface: Pick<Surface, "color">): string =>
  lines
    .map(
      (line) =>
        `${spansOf(line)
          .map((span) => renderSpan(span, surface))
          .join("")}\n`,
    )
    .join("");

const spansOf = (line: Line): readonly Span[] =>
  Array.isArray(line) ? (line as readonly Span[]) : [line as Span];

const renderSpan = (span: Span, { color }: Pick<Surface, "color">): string => {
  if (span === tab) return "\t";
  if (typeof span === "string") return printable(span);
  const text = printable(span.text);
  if (!color || text === "") return text;
  const [on, off] = codes[span.tone];
  return `\u001b[${on}m${text}\u001b[${off}m`;
};

export type Cell = Span;

/** The one control character we write ourselves besides colours. */
const tab: Toned = { text: "\t", tone: "strong" };

/** Rows as aligned columns, two spaces apart; the last column is cut to the surface's width. Plain: separated by tabs. */
export const columns = (rows: readonly (readonly Cell[])[], { width, plain }: Surface): readonly Line[] => {
  if (plain)
    return rows.map((row) =>
      row.flatMap((cell, index) => (index === 0 ? [textOf(cell)] : [tab, textOf(cell)])),
    );
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, index) => {
      widths[index] = Math.max(widths[index] ?? 0, displayWidth(printable(textOf(cell))));
    });
  return rows.map((row) => {
    let used = 0;
    return row.flatMap((cell, index): readonly Span[] => {
      const last = index === row.length - 1;
      const text = printable(textOf(cell));
      const shown = last && width !== undefined ? fit(text, Math.max(8, width - used)) : text;
      used += (widths[index] ?? 0) + 2;
      const span: Span = typeof cell === "string" ? shown : { ...cell, text: shown };
      return last ? [span] : [span, " ".repeat((widths[index] ?? 0) - displayWidth(text) + 2)];
    });
  });
};

const textOf = (cell: Cell): string => (typeof cell === "string" ? cell : cell.text);
