/** The `retrospective` of a snapshot, worked out from `event_name` rows alone. */
import { compareCodePoints, isPyObject, type PyObject, type PyValue } from "../json/value.ts";
import { pythonText } from "./actor.ts";
import { isRetrospectiveName, type Row } from "./rows.ts";

export interface Retrospective {
  readonly status: "pending" | "completed" | "skipped" | "failed";
  /** Of the newest request, as that has it. */
  readonly mode: PyValue;
  readonly recordPath: string | null;
  readonly proposals: {
    readonly total: number;
    readonly applied: number;
    readonly rejected: number;
    readonly pending: number;
  };
}

const endings: ReadonlyMap<PyValue | undefined, Retrospective["status"]> = new Map<
  PyValue | undefined,
  Retrospective["status"]
>([
  ["retrospective.completed", "completed"],
  ["retrospective.skipped", "skipped"],
  ["retrospective.failed", "failed"],
]);

export const reduceRetrospective = (rows: readonly Row[]): Retrospective | undefined => {
  const events = rows
    .flatMap((row) => (row.kind === "retrospective" && isRetrospectiveName(row.object) ? [row.object] : []))
    .sort(
      (a, b) =>
        compareCodePoints(textAt(a, "at"), textAt(b, "at")) ||
        compareCodePoints(textAt(a, "event_id"), textAt(b, "event_id")),
    );
  if (events.length === 0) return undefined;
  const named = (name: string): readonly PyObject[] =>
    events.filter((event) => event.get("event_name") === `retrospective.${name}`);
  const ending = events.filter((event) => endings.has(event.get("event_name"))).at(-1);
  const total = named("proposal.generated").length;
  const applied = named("proposal.applied").length;
  const rejected = named("proposal.rejected").length;
  const recordPath = payloadAt(ending, "record_path");
  return {
    status: endings.get(ending?.get("event_name")) ?? "pending",
    mode: payloadAt(named("requested").at(-1), "mode"),
    recordPath: recordPath === null ? null : pythonText(recordPath),
    proposals: { total, applied, rejected, pending: Math.max(0, total - applied - rejected) },
  };
};

const textAt = (event: PyObject, key: string): string => {
  const value = event.get(key);
  return value === undefined ? "" : pythonText(value);
};

const payloadAt = (event: PyObject | undefined, key: string): PyValue => {
  const payload = event?.get("payload");
  return isPyObject(payload) ? (payload.get(key) ?? null) : null;
};
