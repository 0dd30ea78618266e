/** Lengths of time as people write them: `90s`, `15m`, `4h`, `2d`, or bare milliseconds in JSON. */

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds, or `undefined` when the text is no duration. */
export const parseDuration = (text: string): number | undefined => {
  const match = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text);
  if (match === null) return undefined;
  return Number(match[1]) * (units[match[2] as string] as number);
};

/** The shortest exact way to say it: `4h`, `90s`. */
export const formatDuration = (milliseconds: number): string => {
  for (const unit of ["d", "h", "m", "s"]) {
    const size = units[unit] as number;
    if (milliseconds >= size && milliseconds % size === 0) return `${milliseconds / size}${unit}`;
  }
  return `${milliseconds}ms`;
};

/** Roughly how long, for people: `3h`, `12m`, `40s`. */
export const roughly = (milliseconds: number): string => {
  for (const unit of ["d", "h", "m"]) {
    const size = units[unit] as number;
    if (milliseconds >= size) return `${Math.floor(milliseconds / size)}${unit}`;
  }
  return `${Math.max(0, Math.floor(milliseconds / 1_000))}s`;
};
