/** From what was typed (or handed over by a host) to what a command may rely on. Every problem is a `USAGE` that names the field. */
import { type Evidence, isLane, type Lane, type Subtask, shownLanes } from "@mission-ledger/core/mission";
import { type CliError, usage } from "../output/problem.ts";
import { nearest } from "../output/suggest.ts";
import { parseDuration } from "./duration.ts";
import type { CommandInput, FieldSpec, Kind } from "./fields.ts";
import { parseMoment } from "./moment.ts";
import type { CommandSpec } from "./spec.ts";

/** Values by field name: texts from a command line, or values of the field's own type from a program. */
export type RawInput = Readonly<Record<string, unknown>>;

export const parseInput = (spec: Pick<CommandSpec, "arguments" | "flags">, raw: RawInput): CommandInput => {
  const fields = [...spec.arguments, ...spec.flags];
  for (const name of Object.keys(raw)) {
    if (raw[name] === undefined || fields.some((field) => field.name === name)) continue;
    const near = nearest(
      name,
      fields.map((field) => field.name),
    );
    throw usage(`unknown input ${name}`, near === undefined ? undefined : `Did you mean ${near}?`);
  }
  const input: Record<string, unknown> = Object.create(null);
  for (const field of spec.arguments) input[field.name] = parseField(field, raw[field.name], field.name);
  for (const field of spec.flags)
    input[field.name] = parseField(field, raw[field.name], flagName(field.name));
  return input;
};

/** `notesFile` as it is typed: `--notes-file`. */
export const flagName = (name: string): string =>
  `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

const parseField = (field: FieldSpec, value: unknown, shown: string): unknown => {
  const given = value ?? field.default;
  if (field.repeatable === true) {
    const values = given === undefined ? [] : Array.isArray(given) ? given : [given];
    if (field.required === true && values.length === 0) throw missing(field, shown);
    return values.map((one) => parseValue(field, one, shown));
  }
  if (given === undefined) {
    if (field.kind === "boolean") return false;
    if (field.required === true) throw missing(field, shown);
    return undefined;
  }
  if (Array.isArray(given)) throw usage(`${shown} can be given once`);
  return parseValue(field, given, shown);
};

const missing = (field: FieldSpec, shown: string): CliError =>
  usage(`${shown} is missing: ${field.description}`);

const parseValue = (field: FieldSpec, value: unknown, shown: string): unknown => {
  const parsed = parsers[field.kind](value);
  if (parsed === undefined)
    throw usage(`${shown}: ${quoted(value)} is not ${expected[field.kind]}`, hintFor(field, value));
  if (field.choices !== undefined && !field.choices.includes(parsed as string))
    throw usage(
      `${shown}: ${quoted(value)} is not one of ${field.choices.join(", ")}`,
      near(value, field.choices),
    );
  return parsed;
};

const quoted = (value: unknown): string => {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
};

const expected: Readonly<Record<Kind, string>> = {
  text: "a text that is not blank",
  ref: "a reference such as passkeys/WP01",
  path: "a path",
  word: "a word without a zero byte",
  integer: "a whole number",
  boolean: "true or false",
  duration: "a length of time such as 90s, 15m or 4h",
  lane: `a lane (${shownLanes.join(", ")})`,
  evidence: "evidence such as commit=9c1f2ab",
  subtask: 'a subtask such as "T1 Write the form"',
  revision: "a revision (a whole number, or no_stream)",
  moment: 'a moment: a revision (6), a position, a date (2026-11-20, 2026-11-20T14:00Z) or "2h ago"',
};

const hintFor = (field: FieldSpec, value: unknown): string | undefined =>
  field.kind === "lane" ? near(value, shownLanes) : undefined;

const near = (value: unknown, candidates: readonly string[]): string | undefined => {
  const found = typeof value === "string" ? nearest(value, candidates) : undefined;
  return found === undefined ? undefined : `Did you mean ${found}?`;
};

const textual = (value: unknown): string | undefined =>
  typeof value === "string" && value.trim() !== "" && !value.includes("\0") && isWellFormed(value)
    ? value
    : undefined;

/** No file and no log can carry half a character. */
const isWellFormed = (text: string): boolean =>
  (text as unknown as { isWellFormed(): boolean }).isWellFormed();

const integer = (value: unknown): number | undefined => {
  const number = typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isSafeInteger(number) && number >= 0 ? number : undefined;
};

const evidenceKinds: readonly string[] = ["commit", "file", "test", "url", "note"];

const parsers: Readonly<Record<Kind, (value: unknown) => unknown>> = {
  text: textual,
  ref: textual,
  path: textual,
  word: (value) =>
    typeof value === "string" && !value.includes("\0") && isWellFormed(value) ? value : undefined,
  integer,
  boolean: (value) =>
    typeof value === "boolean" ? value : value === "true" ? true : value === "false" ? false : undefined,
  duration: (value) => (typeof value === "string" ? parseDuration(value) : integer(value)),
  lane: (value): Lane | undefined => {
    const name = typeof value === "string" ? value.replaceAll("-", "_") : "";
    return isLane(name) && name !== "genesis" ? name : undefined;
  },
  evidence: (value): Evidence | undefined => {
    const [kind, ref] =
      typeof value === "string" ? splitOnce(value, "=") : [memberOf(value, "kind"), memberOf(value, "ref")];
    if (
      typeof kind !== "string" ||
      typeof ref !== "string" ||
      !evidenceKinds.includes(kind) ||
      ref.trim() === "" ||
      !isWellFormed(ref)
    )
      return undefined;
    return { kind: kind as Evidence["kind"], ref };
  },
  subtask: (value): Subtask | undefined => {
    const [id, title] =
      typeof value === "string"
        ? splitOnce(value.trim(), " ")
        : [memberOf(value, "id"), memberOf(value, "title")];
    if (typeof id !== "string" || id === "" || textual(title) === undefined) return undefined;
    return { id: id.replace(/:$/, ""), title: (title as string).trim() };
  },
  revision: (value) => (value === "no_stream" ? value : integer(value)),
  moment: parseMoment,
};

const splitOnce = (text: string, separator: string): readonly (string | undefined)[] => {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
};

const memberOf = (value: unknown, key: string): unknown =>
  typeof value === "object" && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;
