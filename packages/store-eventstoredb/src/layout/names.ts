/**
 * What the ledger's streams are called on a server, and back. Both ways are exact: no two names of a ledger, and no two ledgers
 * of a server, ever share a stream.
 */

/** Bytes beyond these are written as `~` and two hexadecimal digits. */
const plain = /[A-Za-z0-9.-]/;
const escapeSign = "~";

/** Where the entries of a ledger's streams stand. It has no dash, so it is the stream of no category. */
const catalogueName = "mission_ledger_streams";

export interface StreamNames {
  /** What a stream of the ledger is called on the server. */
  onServer(stream: string): string;
  /** The ledger's name for a stream of the server; `undefined` for streams of others. */
  inLedger(serverStream: string): string | undefined;
  /** How the server's names of a category begin; `undefined` where no stream can be of it. Without a category: of the ledger. */
  prefix(category?: string): string | undefined;
  readonly catalogue: string;
}

/** @param namespace tells the ledgers of one server apart; empty for the one without */
export const streamNames = (namespace: string): StreamNames => {
  const before = namespace === "" ? "" : `${escaped(namespace, /[A-Za-z0-9.]/)}_`;
  return {
    onServer: (stream) => {
      const dash = stream.indexOf("-");
      const category = dash < 0 ? stream : stream.slice(0, dash);
      const rest = dash < 0 ? "" : stream.slice(dash);
      // An underscore before the first dash ends a namespace, and nothing else.
      return `${before}${escaped(category, plain)}${escaped(rest, /[A-Za-z0-9_.-]/)}`;
    },
    inLedger: (serverStream) => {
      if (!serverStream.startsWith(before)) return undefined;
      const name = serverStream.slice(before.length);
      const dash = name.indexOf("-");
      const category = dash < 0 ? name : name.slice(0, dash);
      if (category.includes("_") || category.startsWith("$")) return undefined;
      return unescaped(name);
    },
    prefix: (category) => {
      if (category === undefined) return before;
      return category.includes("-") ? undefined : `${before}${escaped(category, plain)}-`;
    },
    catalogue: `${before}${catalogueName}`,
  };
};

/** A category ends before the first dash: `mission-x` is the category of no stream. */
export const isInCategory = (stream: string, category: string): boolean =>
  !category.includes("-") && stream.startsWith(`${category}-`);

/** The server keeps types that begin with `$` for itself. */
export const typeOnServer = (type: string): string =>
  type.startsWith("$") || type.startsWith(escapeSign) ? `${escapeSign}${type}` : type;

export const typeInLedger = (serverType: string): string =>
  serverType.startsWith(escapeSign) ? serverType.slice(1) : serverType;

const escaped = (text: string, kept: RegExp): string => {
  let written = "";
  for (const character of text)
    if (character.length === 1 && kept.test(character)) written += character;
    // A lone surrogate has no bytes. It is never written, but must not be taken for what is.
    else if (/^[\uD800-\uDFFF]$/.test(character)) written += `${escapeSign}u${character.charCodeAt(0)}`;
    else
      for (const byte of new TextEncoder().encode(character))
        written += `${escapeSign}${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  return written;
};

/** `undefined` for what nothing is ever escaped to. */
const unescaped = (text: string): string | undefined => {
  if (!text.includes(escapeSign)) return text;
  const bytes: number[] = [];
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] !== escapeSign) {
      const code = text.charCodeAt(at);
      if (code > 0x7f) return undefined;
      bytes.push(code);
      continue;
    }
    const digits = text.slice(at + 1, at + 3);
    if (!/^[0-9A-F]{2}$/.test(digits)) return undefined;
    bytes.push(Number.parseInt(digits, 16));
    at += 2;
  }
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(new Uint8Array(bytes));
  } catch {
    return undefined;
  }
};
