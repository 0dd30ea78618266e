/** Text from a log, from git or from an agent, made safe to look at: nothing in it can move a cursor, hide or reorder text. */

/**
 * What a terminal or a reader's eye could be fooled with: C0 and C1 controls, DEL, line and paragraph separators, bidi
 * controls, zero-width and invisible characters, tags, lone surrogates.
 *
 * Source: Unicode 16 general categories Cc and Cf, as far as they act on a terminal; UAX #9 for bidi controls.
 */
const unsafe: RegExp =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters this file is about
  // biome-ignore lint/suspicious/noMisleadingCharacterClass: each is meant alone
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb]|\u034f|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]|\udb40[\udc00-\udfff]/g;

/** Each unsafe character as a visible escape such as `\x1b` or `\u202e`. Line feeds and tabs too: a cell is one line. */
export const printable = (text: string): string => text.replace(unsafe, visible);

/** As {@link printable}, but keeps line feeds and tabs: for text that is meant to have lines. */
export const printableLines = (text: string): string =>
  text.replace(unsafe, (found) => (found === "\n" || found === "\t" ? found : visible(found)));

/** JSON whose strings carry the same characters as `\u` escapes, so that the text may be shown as it is. */
export const printableJson = (value: unknown): string => JSON.stringify(value).replace(unsafe, jsonEscape);

const visible = (found: string): string => {
  if (found === "\n") return "\\n";
  if (found === "\t") return "\\t";
  if (found === "\r") return "\\r";
  const code = found.codePointAt(0) as number;
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, "0")}`;
  return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, "0")}`;
};

const jsonEscape = (found: string): string => {
  let escaped = "";
  for (let index = 0; index < found.length; index += 1)
    escaped += `\\u${found.charCodeAt(index).toString(16).padStart(4, "0")}`;
  return escaped;
};
