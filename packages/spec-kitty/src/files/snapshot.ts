/** `status.json` as Spec Kitty would write it, byte for byte. */

import type { PyObject, PyValue } from "../json/value.ts";
import { indentedJson } from "../json/write.ts";
import type { Reduction } from "../log/reduce.ts";
import type { Retrospective } from "../log/retrospective.ts";
import type { ReducedWorkPackage } from "../log/work-package.ts";
import type { Meta } from "./meta.ts";

/** The text of `status.json` for a reduced log and what `meta.json` says of the mission. */
export const snapshotText = (
  reduction: Reduction,
  { missionNumber, missionType }: Pick<Meta, "missionNumber" | "missionType">,
): string => {
  const members = new Map<string, PyValue>([
    ["mission_slug", reduction.missionSlug],
    [
      "mission_number",
      missionNumber || (/^([0-9]+)-/.exec(reduction.missionSlug)?.[1]?.replace(/^0+(?=[0-9])/, "") ?? ""),
    ],
    ["mission_type", missionType],
    ["materialized_at", reduction.materializedAt],
    ["event_count", BigInt(reduction.eventCount)],
    ["last_event_id", reduction.lastEventId],
    ["work_packages", new Map([...reduction.workPackages].map(([id, state]) => [id, stateObject(state)]))],
    ["summary", new Map([...reduction.summary].map(([lane, count]) => [lane, BigInt(count)]))],
  ]);
  if (reduction.retrospective !== undefined)
    members.set("retrospective", retrospectiveObject(reduction.retrospective));
  return `${indentedJson(members)}\n`;
};

/** One work package as it stands in `status.json`. */
export const stateObject = (state: ReducedWorkPackage): PyObject =>
  new Map<string, PyValue>([
    ...state.slots,
    ["lane", state.lane],
    ["actor", state.actor],
    ["last_transition_at", state.lastTransitionAt],
    ["last_event_id", state.lastEventId],
    ["force_count", BigInt(state.forceCount)],
    ...(state.reviewResult === undefined ? [] : ([["review_result", state.reviewResult]] as const)),
  ]);

const retrospectiveObject = ({ status, mode, recordPath, proposals }: Retrospective): PyObject =>
  new Map<string, PyValue>([
    ["status", status],
    ["mode", mode],
    ["record_path", recordPath],
    ["proposals_total", BigInt(proposals.total)],
    ["proposals_applied", BigInt(proposals.applied)],
    ["proposals_rejected", BigInt(proposals.rejected)],
    ["proposals_pending", BigInt(proposals.pending)],
  ]);
