/** What a check has to say, a line each: the word first, and all words of one width. */
import { type Line, toned } from "./lines.ts";

export const checked = (holds: boolean, text: string): Line => [
  holds ? toned("good", "ok    ") : toned("bad", "fail  "),
  text,
];

/** For what blocks nothing and should be known. */
export const note = (text: string): Line => [toned("warn", "note  "), text];
