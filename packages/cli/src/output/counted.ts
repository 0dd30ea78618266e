/** A number with its noun: `1 mission`, `3 missions`. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;
