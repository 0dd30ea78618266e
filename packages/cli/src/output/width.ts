/** How many terminal columns a text takes. Wide East Asian characters and emoji take two, combining marks none. */

const combining = /\p{Mark}/u;

/** Source: Unicode East Asian Width, classes W and F, as ranges coarse enough for alignment. */
const wide: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x1f300, 0x1f64f],
  [0x1f680, 0x1f6ff],
  [0x1f900, 0x1f9ff],
  [0x20000, 0x3fffd],
];

export const displayWidth = (text: string): number => {
  let width = 0;
  for (const character of text) width += widthOf(character);
  return width;
};

/** The text cut to `width` columns, with an ellipsis when something is missing. */
export const fit = (text: string, width: number): string => {
  if (displayWidth(text) <= width) return text;
  let kept = "";
  let used = 0;
  for (const character of text) {
    const next = widthOf(character);
    if (used + next > width - 1) break;
    kept += character;
    used += next;
  }
  return `${kept}…`;
};

/** The text followed by spaces up to `width` columns, or cut to it. */
export const padTo = (text: string, width: number): string => {
  const fitted = fit(text, width);
  return fitted + " ".repeat(Math.max(0, width - displayWidth(fitted)));
};

const widthOf = (character: string): number => {
  const code = character.codePointAt(0) as number;
  if (code < 0x300) return 1;
  if (combining.test(character)) return 0;
  return wide.some(([from, to]) => code >= from && code <= to) ? 2 : 1;
};
