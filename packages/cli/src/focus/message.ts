/** The words of commits on a focused branch: the source's own, with a line where they say more than the commit holds. */
import type { RawCommit } from "@mission-ledger/git";

/** A trailer at the end: that this is a part, and of what. */
export const splitFrom = (message: Buffer, source: string): Buffer => {
  const text = message.toString("latin1").replace(/\n*$/, "");
  const last = text.slice(text.lastIndexOf("\n\n") + 2).split("\n");
  const hasTrailers = text.includes("\n\n") && last.every((line) => /^[A-Za-z0-9-]+: /.test(line));
  const gap = text === "" ? "" : hasTrailers ? "\n" : "\n\n";
  return Buffer.from(`${text}${gap}Part-of-commit: ${source}\n`, "latin1");
};

/** All sources in one, in their order. People who wrote an earlier one are named, each once. */
export const oneMessage = (
  { title, mission }: { readonly title: string; readonly mission: string },
  sources: readonly { readonly commit: string; readonly subject: string; readonly raw: RawCommit }[],
): Buffer => {
  const author = personOf(sources.at(-1)?.raw);
  const others = [...new Set(sources.map(({ raw }) => personOf(raw)))].filter((person) => person !== author);
  const lines = sources.map(({ commit, subject }) => `- ${commit.slice(0, 12)} ${subject}`);
  const trailers = [`Mission: ${mission}`, ...others.map((person) => `Co-authored-by: ${person}`)];
  return Buffer.from(`${title}\n\n${lines.join("\n")}\n\n${trailers.join("\n")}\n`);
};

/** `Name <address>`, without the time. */
const personOf = (raw: RawCommit | undefined): string =>
  raw === undefined ? "" : raw.author.toString("utf8").replace(/ -?\d+ [+-]\d+$/, "");
