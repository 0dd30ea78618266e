/** `lanes.json`: which work packages share a branch and a worktree. */
import { isPyArray, isPyObject, stringAt } from "../json/value.ts";
import { readObject } from "./meta.ts";

export interface ExecutionLanes {
  /** Lane of each work package. */
  readonly laneOf: ReadonlyMap<string, string>;
  /** Why the file, or a part of it, could not be used. */
  readonly problems: readonly string[];
}

export const noExecutionLanes: ExecutionLanes = { laneOf: new Map(), problems: [] };

/** Never throws. A work package that several lanes name stays in the first. */
export const readExecutionLanes = (bytes: Uint8Array): ExecutionLanes => {
  const object = readObject(bytes);
  if (typeof object === "string") return { laneOf: new Map(), problems: [object] };
  const lanes = object.get("lanes");
  if (!isPyArray(lanes)) return { laneOf: new Map(), problems: ["has no list of lanes"] };
  const laneOf = new Map<string, string>();
  const problems: string[] = [];
  for (const [index, lane] of lanes.entries()) {
    const laneId = isPyObject(lane) ? stringAt(lane, "lane_id") : undefined;
    const members = isPyObject(lane) ? lane.get("wp_ids") : undefined;
    if (laneId === undefined || !isPyArray(members)) {
      problems.push(`lane ${index + 1} lacks lane_id or wp_ids`);
      continue;
    }
    for (const member of members)
      if (typeof member === "string" && !laneOf.has(member)) laneOf.set(member, laneId);
  }
  return { laneOf, problems };
};
