/** A line as a shell splits it, as far as pages of ours need: words, and texts in quotes. */
export const parseArgs = (line: string): readonly string[] =>
  [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, word]) => double ?? single ?? word ?? "",
  );
