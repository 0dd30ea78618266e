/** Synthetic rows in Spec Kitty's form, for missions that never were. */
import type { PyObject, PyValue } from "../json/value.ts";
import { rowJson } from "../json/write.ts";

type Plain = null | boolean | string | number | readonly Plain[] | { readonly [key: string]: Plain };
export type Members = Readonly<Record<string, Plain>>;

/** An id in ULID form; its order is that of the numbers. */
export const idOf = (number: number): string => `01J${String(number).padStart(23, "0")}`;

export const timeOf = (second: number): string =>
  `2026-03-01T10:${String(Math.floor(second / 60)).padStart(2, "0")}:${String(second % 60).padStart(2, "0")}.000001+00:00`;

/** A transition of the long-lived shape; `changes` replace members, and `undefined` ones are left out. */
export const transitionRow = (
  number: number,
  wpId: string,
  from: string,
  to: string,
  changes: Readonly<Record<string, Plain | undefined>> = {},
): string =>
  rowText({
    actor: "otter",
    at: timeOf(number),
    event_id: idOf(number),
    evidence: null,
    execution_mode: "worktree",
    force: false,
    from_lane: from,
    mission_id: "01J0000000000000000MISS1ON",
    mission_slug: "build-a-raft",
    policy_metadata: null,
    reason: null,
    review_ref: null,
    to_lane: to,
    wp_id: wpId,
    ...changes,
  });

export const annotationRow = (
  number: number,
  wpId: string,
  delta: Members,
  changes: Readonly<Record<string, Plain | undefined>> = {},
): string =>
  rowText({
    actor: "otter",
    at: timeOf(number),
    delta,
    event_id: idOf(number),
    kind: "annotation",
    wp_id: wpId,
    ...changes,
  });

export const rowText = (members: Readonly<Record<string, Plain | undefined>>): string =>
  rowJson(pyOf(members) as PyObject);

export const logOf = (...rows: readonly string[]): string => rows.map((row) => `${row}\n`).join("");

const pyOf = (value: Plain | Readonly<Record<string, Plain | undefined>>): PyValue => {
  if (typeof value === "number") return BigInt(value);
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map((item) => pyOf(item as Plain));
  return new Map(
    Object.entries(value).flatMap(([key, member]) =>
      member === undefined ? [] : [[key, pyOf(member as Plain)] as const],
    ),
  );
};
