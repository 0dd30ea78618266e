/**
 * What the ledger's streams are called on a server, and back. Both ways are exact: no two names of a ledger, and no two ledgers
 * of a server, ever share a stream.
 */

/** What a name may not hold is written as this and two hexadecimal digits for each byte. */
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

/** Names that are remembered, so that a reading of many events of few streams does not translate each. */
const mostRemembered = 4_096;

/** @param namespace tells the ledgers of one server apart; empty for the one without */
export const streamNames = (namespace: string): StreamNames => {
  const before = namespace === "" ? "" : `${escaped(namespace, /[A-Za-z0-9_.]/)}_`;
  // An underscore before the first dash ends a namespace, so a category has none.
  const categoryOnServer = (category: string): string => escaped(category, /[A-Za-z0-9.]/);
  const onServer = (stream: string): string => {
    const dash = stream.indexOf("-");
    // Without a dash it would share its names with catalogues.
    if (dash < 0) return `${before}${escaped(stream, /[^\s\S]/)}`;
    return `${before}${categoryOnServer(stream.slice(0, dash))}${escaped(stream.slice(dash), /[A-Za-z0-9_.-]/)}`;
  };
  const translated = (serverStream: string): string | undefined => {
    if (!serverStream.startsWith(before)) return undefined;
    const stream = unescaped(serverStream.slice(before.length));
    // Whatever else can be read as a name is not how we write it.
    return stream !== undefined && onServer(stream) === serverStream ? stream : undefined;
  };
  const remembered = new Map<string, string | undefined>();
  return {
    onServer,
    inLedger: (serverStream) => {
      if (remembered.has(serverStream)) return remembered.get(serverStream);
      if (remembered.size >= mostRemembered) remembered.clear();
      const stream = translated(serverStream);
      remembered.set(serverStream, stream);
      return stream;
    },
    prefix: (category) => {
      if (category === undefined) return before;
      return category.includes("-") ? undefined : `${before}${categoryOnServer(category)}-`;
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
