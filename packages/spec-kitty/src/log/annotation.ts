/** An annotation: a row that changes what is known about a work package, and never its lane. */
import { isPyArray, isPyObject, type PyObject, type PyValue, stringAt } from "../json/value.ts";
import { actorName, pythonText } from "./actor.ts";
import { isSpecKittyLane } from "./lanes.ts";

export interface Annotation {
  readonly eventId: string;
  readonly wpId: string;
  readonly at: string;
  readonly actor: string;
  /** As the row has it. */
  readonly delta: PyObject;
  /** What the fold uses of it. */
  readonly change: RuntimeChange;
}

export interface RuntimeChange {
  readonly releasesClaim: boolean;
  /** Slots that are replaced, blank texts left out. */
  readonly replaced: PyObject;
  readonly subtasks: PyObject | undefined;
  readonly note: PyValue | undefined;
  readonly trackerRefs: readonly PyValue[] | undefined;
  readonly trackerRefsReplaced: readonly PyValue[] | undefined;
  /** `null` clears the slot. */
  readonly review: PyObject | null | undefined;
}

const replacedTexts: readonly string[] = [
  "shell_pid_created_at",
  "agent",
  "assignee",
  "role",
  "agent_profile",
  "agent_profile_version",
  "model",
  "provider",
];
const knownKeys: ReadonlySet<string> = new Set([
  ...replacedTexts,
  "shell_pid",
  "subtasks",
  "note",
  "tracker_refs",
  "tracker_refs_replace",
  "review",
  "release_runtime_claim",
]);
const reviewKeys: readonly string[] = ["at", "actor", "wp_id", "reason"];
const ulidPattern = /^[0-9A-HJKMNP-TV-Z]{26}$/;

/** Keys of a delta that Spec Kitty's reader drops without a word. */
export const unknownDeltaKeys = (delta: PyObject): readonly string[] =>
  [...delta.keys()].filter((key) => !knownKeys.has(key));

/** The annotation, or a sentence that says why the row is none. Parts of the delta that are not sound are left out and named. */
export const decodeAnnotation = (
  row: PyObject,
): { readonly annotation: Annotation; readonly problems: readonly string[] } | string => {
  const missing = ["event_id", "wp_id", "at", "actor", "delta"].filter((key) => !row.has(key));
  if (missing.length > 0) return `lacks ${missing.join(", ")}`;
  const eventId = stringAt(row, "event_id");
  if (eventId === undefined || !ulidPattern.test(eventId)) return "has an event_id that is no ULID";
  const delta = row.get("delta");
  if (!isPyObject(delta)) return "has a delta that is no object";
  const actor = actorName(row.get("actor") as PyValue);
  const { change, problems } = decodeDelta(delta);
  const annotation: Annotation = {
    eventId,
    wpId: pythonText(row.get("wp_id") as PyValue),
    at: pythonText(row.get("at") as PyValue),
    actor: actor ?? "",
    delta,
    change,
  };
  return {
    annotation,
    problems:
      actor === undefined
        ? ["its actor is an object other than role, profile, tool, model", ...problems]
        : problems,
  };
};

const decodeDelta = (
  delta: PyObject,
): { readonly change: RuntimeChange; readonly problems: readonly string[] } => {
  const problems: string[] = [];
  const sound = <Part extends PyValue>(
    key: string,
    isSound: (value: PyValue) => value is Part,
  ): Part | undefined => {
    const value = delta.get(key) ?? null;
    if (value === null) return undefined;
    if (isSound(value)) return value;
    problems.push(`its delta has an unsound ${key}`);
    return undefined;
  };
  const replaced = new Map<string, PyValue>();
  for (const key of replacedTexts) {
    const value = delta.get(key) ?? null;
    if (value !== null && value !== "") replaced.set(key, value);
  }
  const pid = sound("shell_pid", isWhole);
  if (pid !== undefined)
    replaced.set("shell_pid", typeof pid === "bigint" ? pid : BigInt(String(pid).trim()));
  const review = sound("review", isReview);
  const change: RuntimeChange = {
    releasesClaim: delta.get("release_runtime_claim") === true,
    replaced,
    subtasks: sound("subtasks", isSubtasks),
    note: delta.get("note") ?? undefined,
    trackerRefs: sound("tracker_refs", isPyArray),
    trackerRefsReplaced: sound("tracker_refs_replace", isPyArray),
    review: review === undefined ? undefined : overrideOf(review),
  };
  return { change, problems };
};

const isWhole = (value: PyValue): value is bigint | string =>
  typeof value === "bigint" || (typeof value === "string" && /^\s*-?[0-9]{1,18}\s*$/.test(value));

const isSubtasks = (value: PyValue): value is PyObject =>
  isPyObject(value) && [...value.values()].every((lane) => typeof lane === "string" && isSpecKittyLane(lane));

const isReview = (value: PyValue): value is PyObject =>
  isPyObject(value) && reviewKeys.every((key) => value.has(key));

/** Four empty texts clear an override; anything else is one, whole or not. */
const overrideOf = (review: PyObject): PyObject | null => {
  const texts = reviewKeys.map((key) => [key, pythonText(review.get(key) as PyValue)] as const);
  return texts.every(([, text]) => text === "") ? null : new Map(texts);
};
