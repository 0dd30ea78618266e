/** A status log as rows: every byte accounted for, every row of a known kind or with the reason why it is not. */
import { readableText, utf8Bytes, utf8Text } from "../bytes.ts";
import { parsePythonJson } from "../json/parse.ts";
import { isPyObject, type PyObject } from "../json/value.ts";
import { type Annotation, decodeAnnotation } from "./annotation.ts";
import { decodeTransition, type Transition } from "./transition.ts";

interface AnyRow {
  /** Counted from 1. */
  readonly line: number;
  /** The row's bytes in the log, line end included, are those from `start` up to `end`. */
  readonly start: number;
  readonly end: number;
  /** The row as text without its line end; U+FFFD stands for what is not UTF-8. */
  readonly text: string;
}

/** What the row holds beyond its kind, and what of it could not be used. */
interface ObjectRow extends AnyRow {
  readonly object: PyObject;
}

/** One sentence each about an optional part that was left out because it was not as it should be. */
interface Decoded {
  readonly problems: readonly string[];
}

export type TransitionRow = ObjectRow &
  Decoded & { readonly kind: "transition"; readonly transition: Transition };
export type AnnotationRow = ObjectRow &
  Decoded & { readonly kind: "annotation"; readonly annotation: Annotation };

export type Row =
  | TransitionRow
  | AnnotationRow
  | (ObjectRow & { readonly kind: "retrospective" })
  | (ObjectRow & { readonly kind: "lifecycle" })
  /** Has a `kind` that nobody knows. */
  | (ObjectRow & { readonly kind: "unknown" })
  | (AnyRow & { readonly kind: "blank" })
  | (AnyRow & { readonly kind: "malformed"; readonly problem: string });

export type RowKind = Row["kind"];

export interface StatusLog {
  /** In file order. Their bytes, one after the other, are the log. */
  readonly rows: readonly Row[];
  readonly byteOrderMark: boolean;
  /** False for an empty log. */
  readonly endsWithNewline: boolean;
}

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/** Never throws. Text is read as its UTF-8 bytes. Lines end with LF, CR LF or CR, as Python reads them. */
export const parseStatusLog = (log: Uint8Array | string): StatusLog => {
  const bytes = typeof log === "string" ? utf8Bytes(log) : log;
  const rows: Row[] = [];
  const byteOrderMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  for (let start = 0; start < bytes.length; ) {
    let stop = start;
    while (stop < bytes.length && bytes[stop] !== lineFeed && bytes[stop] !== carriageReturn) stop += 1;
    let end = Math.min(stop + 1, bytes.length);
    if (bytes[stop] === carriageReturn && bytes[end] === lineFeed) end += 1;
    const textStart = start === 0 && byteOrderMark ? 3 : start;
    rows.push(readRow({ line: rows.length + 1, start, end }, bytes.subarray(textStart, stop)));
    start = end;
  }
  const last = bytes.at(-1);
  return { rows, byteOrderMark, endsWithNewline: last === lineFeed || last === carriageReturn };
};

const readRow = (place: Omit<AnyRow, "text">, bytes: Uint8Array): Row => {
  const text = utf8Text(bytes);
  if (text === undefined)
    return { ...place, text: readableText(bytes), kind: "malformed", problem: "is not UTF-8" };
  const row: AnyRow = { ...place, text };
  if (text.trim() === "") return { ...row, kind: "blank" };
  const parsed = parsePythonJson(text.trim());
  if (parsed._tag === "Problem")
    return { ...row, kind: "malformed", problem: `is not JSON: ${parsed.problem}` };
  if (!isPyObject(parsed.value)) return { ...row, kind: "malformed", problem: "is not an object" };
  return classify({ ...row, object: parsed.value });
};

const retrospectiveTypes: ReadonlySet<unknown> = new Set([
  "RetrospectiveCaptured",
  "RetrospectiveCaptureFailed",
  "RetrospectiveSkipped",
]);

/** Tells the kinds apart in the order in which Spec Kitty's reader does. */
const classify = (row: ObjectRow): Row => {
  const { object } = row;
  const kind = object.get("kind") ?? null;
  if (kind === "annotation") {
    const decoded = decodeAnnotation(object);
    return typeof decoded === "string"
      ? { ...row, kind: "malformed", problem: decoded }
      : { ...row, kind: "annotation", ...decoded };
  }
  if (kind !== null) return { ...row, kind: "unknown" };
  if (isRetrospectiveName(object) || retrospectiveTypes.has(object.get("type")))
    return { ...row, kind: "retrospective" };
  if (object.has("event_type")) return { ...row, kind: "lifecycle" };
  const decoded = decodeTransition(object);
  return typeof decoded === "string"
    ? { ...row, kind: "malformed", problem: decoded }
    : { ...row, kind: "transition", ...decoded };
};

/** Whether the row is one of those that a snapshot's `retrospective` is worked out from. */
export const isRetrospectiveName = (object: PyObject): boolean => {
  const name = object.get("event_name");
  return typeof name === "string" && name.startsWith("retrospective.");
};
