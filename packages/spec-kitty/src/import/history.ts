/** A reduced log as events of a ledger. */
import { isDangerousKey, type Json, type JsonObject } from "@mission-ledger/core";
import type { ImportedEvent } from "@mission-ledger/core/mission";
import { isPyArray, isPyObject, type PyObject, type PyValue } from "../json/value.ts";
import { pythonText } from "../log/actor.ts";
import type { ReducedTransition } from "../log/reduce.ts";
import type { AnnotationRow } from "../log/rows.ts";
import { writesVerdict } from "../log/work-package.ts";
import { clip, jsonBytes } from "../text.ts";
import { maxDeltaBytes, maxDeltaDepth, maxLengths } from "./limits.ts";

/** Long texts are cut; the source keeps them whole. */
export const transitionEvent = ({ row: { transition } }: ReducedTransition): ImportedEvent => {
  const { wpId, from, to, at, actor, forced, eventId, reason } = transition;
  return {
    type: "HistoricTransitionRecorded",
    workPackageId: wpId,
    from,
    to,
    at: clip(at, maxLengths.at),
    by: nameOf(actor),
    forced,
    sourceEventId: clip(eventId, maxLengths.sourceEventId),
    ...(typeof reason === "string" && reason.trim() !== ""
      ? { reason: clip(reason, maxLengths.reason) }
      : {}),
    ...(writesVerdict(transition) ? { verdict: verdictOf(transition.reviewResult) } : {}),
  };
};

export const annotationEvent = ({ annotation }: AnnotationRow): ImportedEvent => ({
  type: "HistoricAnnotationRecorded",
  workPackageId: annotation.wpId,
  at: clip(annotation.at, maxLengths.at),
  by: nameOf(annotation.actor),
  sourceEventId: annotation.eventId,
  delta: trimDelta(annotation.delta),
});

const nameOf = (actor: string): string => (actor.trim() === "" ? "unknown" : clip(actor, maxLengths.by));

const verdictOf = (
  review: PyObject | undefined,
): { readonly verdict: string; readonly reviewer: string; readonly reference: string } | null => {
  if (review === undefined) return null;
  const textAt = (key: "verdict" | "reviewer" | "reference"): string =>
    clip(pythonText(review.get(key) ?? null), maxLengths[key]);
  return { verdict: textAt("verdict"), reviewer: textAt("reviewer"), reference: textAt("reference") };
};

/** As much of a delta as fits: subtasks first, then the rest in the row's order; long texts cut, prototype keys left out. */
const trimDelta = (delta: PyObject): JsonObject => {
  const keys = [...delta.keys()]
    .filter((key) => !isDangerousKey(key))
    .sort((a, b) => Number(b === "subtasks") - Number(a === "subtasks"));
  const kept: [string, Json][] = [];
  let bytes = 0;
  for (const key of keys) {
    const name = clip(key, maxLengths.deltaText);
    const value = plainJson(delta.get(key) as PyValue, maxDeltaDepth);
    const size = jsonBytes(name) + jsonBytes(JSON.stringify(value));
    if (bytes + size > maxDeltaBytes) continue;
    bytes += size;
    kept.push([name, value]);
  }
  return Object.fromEntries(kept);
};

/** The value as an event can hold it; what a number cannot carry exactly becomes text, what is nested too deep becomes null. */
const plainJson = (value: PyValue, levels: number): Json => {
  if (value === null || typeof value === "boolean") return value;
  if (typeof value === "string") return clip(value, maxLengths.deltaText);
  if (typeof value === "bigint")
    return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
  if (typeof value === "number")
    return Number.isFinite(value) && !(Number.isInteger(value) && !Number.isSafeInteger(value))
      ? value
      : pythonText(value);
  if (levels === 0) return null;
  if (isPyArray(value)) return value.map((item) => plainJson(item, levels - 1));
  if (!isPyObject(value)) return null;
  return Object.fromEntries(
    [...value]
      .filter(([key]) => !isDangerousKey(key))
      .map(([key, member]) => [clip(key, maxLengths.deltaText), plainJson(member, levels - 1)]),
  );
};
