/** What went wrong beside a success, as data: the same trouble is told once, with how often it was met. */
import { LedgerError } from "./faults.ts";

/** Never a failure: what it is told with stands all the same. */
export interface Diagnostic {
  /** A code of docs/errors.md. */
  readonly code: string;
  /** What was being done. */
  readonly phase: string;
  /** Of the first of its kind. */
  readonly message: string;
  /** What to do next, as a sentence for a person. */
  readonly hint?: string;
  /** Facts about the first of its kind. */
  readonly details: Readonly<Record<string, unknown>>;
  /** How often it was met. */
  readonly count: number;
}

export interface DiagnosticCollector {
  /** Another one of a kind that is known is counted, and dropped. */
  add(diagnostic: Omit<Diagnostic, "count">, count?: number): void;
  /** One of each kind, in the order in which they were met first. */
  readonly diagnostics: readonly Diagnostic[];
}

export const diagnosticCollector = (): DiagnosticCollector => {
  const kinds = new Map<string, Diagnostic>();
  return {
    add: (diagnostic, count = 1) => {
      const { code, phase, message, details } = diagnostic;
      const kind = JSON.stringify([code, phase, normalised(message, details)]);
      const first = kinds.get(kind);
      kinds.set(kind, { ...(first ?? diagnostic), count: (first?.count ?? 0) + count });
    },
    get diagnostics() {
      return [...kinds.values()];
    },
  };
};

/** What was thrown, as a diagnostic of the phase it was thrown in. Never throws itself. */
export const diagnosticOf = (phase: string, thrown: unknown): Omit<Diagnostic, "count"> => {
  if (!LedgerError.is(thrown)) {
    const said = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
    return { code: "INTERNAL", phase, message: said, details: {} };
  }
  const { code, message, hint, details } = thrown;
  return { code, phase, message, ...(hint === undefined ? {} : { hint }), details };
};

/** Times, ids, numbers (ports among them), and the names that the facts give: what differs where the trouble is the same. */
const normalised = (message: string, details: Readonly<Record<string, unknown>>): string => {
  const names = Object.entries(details).flatMap(([key, value]) =>
    typeof value === "string" && value !== "" ? [[key, value] as const] : [],
  );
  // The longest first: a stream's name holds its mission's.
  names.sort(([, one], [, other]) => other.length - one.length);
  let text = message;
  for (const [key, value] of names) text = text.replace(wordOf(value), `<${key}>`);
  return text
    .replace(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?/g, "<time>")
    .replace(/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/gi, "<id>")
    .replace(/\b(?=\d*[a-f])(?=[a-f]*\d)[0-9a-f]{12,}\b/gi, "<id>")
    .replace(/\d+(?:[.,:_]\d+)*/g, "<n>")
    .replace(/\s+/g, " ")
    .trim();
};

/** A short name is found where it stands alone, not inside of other words. */
const wordOf = (name: string): RegExp =>
  new RegExp(`(?<![\\w])${name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?![\\w])`, "g");
