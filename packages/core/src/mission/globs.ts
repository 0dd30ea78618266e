/**
 * Globs of owned files against paths as git prints them: relative, `/` between segments, no `.` or `..`.
 *
 * - `*` stands for any characters within a segment, `?` for one; neither crosses a `/`.
 * - `**` as a whole segment stands for any number of segments: `**` + `/a` also matches `a`, and `a/**` everything below `a`
 *   but not `a` itself. Elsewhere two asterisks are as good as one.
 * - A `/` at the end means everything below: `docs/` is `docs/**`.
 * - `\` takes the next character as it is. Everything else stands for itself: brackets and braces too, upper and lower case
 *   apart, and accents as they are composed.
 *
 * Source: gitignore(5) for `**` and the end slash.
 */
import { limits } from "./input.ts";

type Token =
  | { readonly _tag: "Character"; readonly character: string }
  /** `?` */
  | { readonly _tag: "Any" }
  /** `*` */
  | { readonly _tag: "Run" }
  /** `**` and the slash behind it: nothing, or segments up to a slash. */
  | { readonly _tag: "Folders" }
  /** `**` at the end: one character or more, slashes among them. */
  | { readonly _tag: "Rest" };

/**
 * Whether a path is among those that a glob stands for. Takes steps in proportion to the two lengths multiplied, whatever
 * the glob. Throws `RangeError` for a glob longer than a plan may hold; a glob that ends in a single `\` matches nothing.
 */
export const matchesGlob = (glob: string, path: string): boolean => globMatcher(glob)(path);

/** The same for many paths. */
export const globMatcher = (glob: string): ((path: string) => boolean) => {
  if (glob.length > limits.glob) throw new RangeError(`a glob has at most ${limits.glob} characters`);
  const tokens = tokensOf(glob);
  if (tokens === undefined) return () => false;
  // Most paths of a large change are told apart by how they begin and end.
  const beginning = literalsOf(tokens).join("");
  const ending = literalsOf(tokens.toReversed()).toReversed().join("");
  return (path) => path.startsWith(beginning) && path.endsWith(ending) && matches(tokens, path);
};

/** The characters before the first token that stands for others. */
const literalsOf = (tokens: readonly Token[]): readonly string[] => {
  const end = tokens.findIndex(({ _tag }) => _tag !== "Character");
  return (end < 0 ? tokens : tokens.slice(0, end)).map((token) =>
    token._tag === "Character" ? token.character : "",
  );
};

/** Why no path that git has can match a glob, whatever it is; `undefined` if some can. */
export const globProblem = (glob: string): string | undefined => {
  if (glob === "") return "is empty";
  if (glob.length > limits.glob) return `has more than ${limits.glob} characters`;
  if (glob.includes("\0")) return "holds a NUL";
  if (glob.startsWith("/")) return "begins with a slash; paths begin at the top of the repository";
  if (tokensOf(glob) === undefined) return "ends in a single backslash";
  const segments = glob.split("/");
  if (segments.some((segment) => segment === "." || segment === "..")) return "has a segment . or ..";
  if (segments.slice(0, -1).includes("")) return "has an empty segment";
  return undefined;
};

const tokensOf = (glob: string): readonly Token[] | undefined => {
  const characters = [...(glob.endsWith("/") ? `${glob}**` : glob)];
  const tokens: Token[] = [];
  let isSegmentStart = true;
  for (let index = 0; index < characters.length; index += 1) {
    const character = characters[index] as string;
    const begins = isSegmentStart;
    isSegmentStart = character === "/";
    if (character === "\\") {
      index += 1;
      const next = characters[index];
      if (next === undefined) return undefined;
      tokens.push({ _tag: "Character", character: next });
      isSegmentStart = next === "/";
    } else if (begins && character === "*" && characters[index + 1] === "*" && isEnd(characters[index + 2])) {
      tokens.push({ _tag: characters[index + 2] === "/" ? "Folders" : "Rest" });
      index += 2;
      isSegmentStart = true;
    } else if (character === "*") tokens.push({ _tag: "Run" });
    else if (character === "?") tokens.push({ _tag: "Any" });
    else tokens.push({ _tag: "Character", character });
  }
  return tokens;
};

const isEnd = (character: string | undefined): boolean => character === undefined || character === "/";

/** Walks the path once with all places in the glob where it may stand; `within` are those inside the segments of a `**`. */
const matches = (tokens: readonly Token[], path: string): boolean => {
  const end = tokens.length;
  let [places, within] = [new Uint8Array(end + 1), new Uint8Array(end)];
  let [next, nextWithin] = [new Uint8Array(end + 1), new Uint8Array(end)];
  places[0] = 1;
  for (const character of path) {
    const isSlash = character === "/";
    next.fill(0);
    nextWithin.fill(0);
    let stands = false;
    for (let at = 0; at < end; at += 1) {
      const isHere = places[at] === 1;
      if (!isHere && within[at] === 0) continue;
      stands = true;
      const token = tokens[at] as Token;
      switch (token._tag) {
        case "Character":
          if (token.character === character) next[at + 1] = 1;
          break;
        case "Any":
          if (!isSlash) next[at + 1] = 1;
          break;
        case "Run":
          places[at + 1] = 1;
          if (!isSlash) next[at] = 1;
          break;
        case "Folders":
          if (isHere) places[at + 1] = 1;
          nextWithin[at] = 1;
          if (isSlash) next[at + 1] = 1;
          break;
        case "Rest":
          next[at] = 1;
          next[at + 1] = 1;
          break;
      }
    }
    if (!stands) return false;
    [places, next] = [next, places];
    [within, nextWithin] = [nextWithin, within];
  }
  // A run and folders may also stand for nothing.
  for (let at = 0; at < end; at += 1)
    if (places[at] === 1 && (tokens[at]?._tag === "Run" || tokens[at]?._tag === "Folders"))
      places[at + 1] = 1;
  return places[end] === 1;
};
