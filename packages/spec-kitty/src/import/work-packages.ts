/** The work packages of an imported mission, from their files, the log's lifecycle rows and the log itself. */
import { isDangerousKey } from "@mission-ledger/core";
import { keyPattern, limits, type PlannedWorkPackage } from "@mission-ledger/core/mission";
import type { ExecutionLanes } from "../files/execution-lanes.ts";
import type { WorkPackageFile } from "../files/work-package-file.ts";
import { type Finding, type FindingKind, quoted } from "../findings/kinds.ts";
import { compareCodePoints, isPyArray, isPyObject, stringAt } from "../json/value.ts";
import type { Row } from "../log/rows.ts";
import { clip, jsonBytes } from "../text.ts";

export interface PlannedWorkPackages {
  /** Sorted by id. */
  readonly workPackages: readonly PlannedWorkPackage[];
  readonly findings: readonly Finding[];
}

/** Whether a ledger can hold a work package of this id. */
export const isUsableId = (id: string): boolean => keyPattern.test(id) && !isDangerousKey(id);

/** What one source says of a work package. */
interface Sketch {
  readonly title: string | undefined;
  readonly dependsOn: readonly string[];
  readonly owns: readonly string[];
  readonly subtasks: readonly string[];
}

const blank: Sketch = { title: undefined, dependsOn: [], owns: [], subtasks: [] };

/** Files come before lifecycle rows, and those before a bare id. Dependencies are kept on known packages only, and never in a circle. */
export const planWorkPackages = (
  rows: readonly Row[],
  reduced: Iterable<string>,
  files: readonly WorkPackageFile[],
  { laneOf }: ExecutionLanes,
): PlannedWorkPackages => {
  const found: Finding[] = [];
  const sketches = new Map<string, Sketch>();
  for (const id of reduced) sketches.set(id, blank);
  for (const [id, sketch] of lifecycleSketches(rows)) sketches.set(id, sketch);
  for (const file of files) sketches.set(file.wpId, file);

  const ids = [...sketches.keys()].sort(compareCodePoints);
  for (const id of ids)
    if (!isUsableId(id))
      found.push(about(id, "unusable_work_package_id", `${quoted(id)} cannot be an id in a ledger`));
  const known = ids.filter(isUsableId);
  const dependencies = new Map<string, readonly string[]>();
  const workPackages = known.map((id): PlannedWorkPackage => {
    const { title, dependsOn, owns, subtasks } = sketches.get(id) as Sketch;
    const trim = (
      what: string,
      items: readonly string[],
      isFit: (item: string) => boolean,
    ): readonly string[] => {
      const kept = keepWithin([...new Set(items)].filter(isFit));
      const left = new Set(items).size - kept.length;
      if (left > 0) found.push(about(id, "plan_trimmed", `${left} of the ${what} were left out`));
      return kept;
    };
    for (const unknown of new Set(dependsOn.filter((other) => !known.includes(other))))
      found.push(
        about(id, "unknown_dependency", `${id} depends on ${quoted(unknown)}, which is not in the mission`),
      );
    const kept = trim(
      "dependencies",
      dependsOn.filter((other) => known.includes(other)),
      () => true,
    );
    const acyclic = kept.filter((other) => !leadsBack(other, id, dependencies));
    for (const other of kept)
      if (!acyclic.includes(other))
        found.push(about(id, "dependency_cycle", `${id} would wait for itself by way of ${other}`));
    dependencies.set(id, acyclic);
    const lane = laneOf.get(id);
    const usableLane = lane !== undefined && isUsableId(lane) ? lane : null;
    if (lane !== undefined && usableLane === null)
      found.push(about(id, "plan_trimmed", `its execution lane ${quoted(lane)} was left out`));
    return {
      workPackageId: id,
      title: clip(title ?? id, limits.title),
      dependsOn: acyclic,
      owns: trim(
        "owned files",
        owns,
        (glob) => glob.length <= limits.glob && clip(glob, limits.glob) === glob,
      ),
      subtasks: trim("subtasks", subtasks, isUsableId).map((subtask) => ({ id: subtask, title: subtask })),
      executionLane: usableLane,
    };
  });
  return { workPackages, findings: found };
};

const about = (wpId: string, kind: FindingKind, message: string): Finding => ({
  kind,
  line: null,
  eventId: null,
  wpId: clip(wpId, 80),
  message,
});

/** Bytes of one list of a plan, so that a whole plan fits into one command. */
const maxListBytes = 12 * 1024;

const keepWithin = (items: readonly string[]): readonly string[] => {
  const kept: string[] = [];
  let bytes = 0;
  for (const item of items) {
    bytes += jsonBytes(item) + 3;
    if (bytes > maxListBytes || kept.length === limits.items) break;
    kept.push(item);
  }
  return kept;
};

const lifecycleSketches = (rows: readonly Row[]): ReadonlyMap<string, Sketch> => {
  const sketches = new Map<string, Sketch>();
  for (const row of rows) {
    if (row.kind !== "lifecycle" || row.object.get("event_type") !== "WPCreated") continue;
    const payload = row.object.get("payload");
    const id = isPyObject(payload) ? stringAt(payload, "wp_id") : undefined;
    if (!isPyObject(payload) || id === undefined) continue;
    const title = stringAt(payload, "wp_title")?.trim();
    const dependsOn = payload.get("depends_on");
    sketches.set(id, {
      ...blank,
      title: title === "" ? undefined : title,
      dependsOn: isPyArray(dependsOn) ? dependsOn.filter((other) => typeof other === "string") : [],
    });
  }
  return sketches;
};

/** Whether `from` already waits for `target`, directly or not; or is it. */
const leadsBack = (
  from: string,
  target: string,
  dependencies: ReadonlyMap<string, readonly string[]>,
): boolean => {
  const seen = new Set<string>();
  const open = [from];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (id === target) return true;
    if (seen.has(id)) continue;
    seen.add(id);
    open.push(...(dependencies.get(id) ?? []));
  }
  return false;
};
