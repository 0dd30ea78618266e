/**
 * Events on state that others hold too: what they change is copied once, everything else is shared with the state before.
 * Written out for the two levels that grow with the plan; a general copy-on-write library asks every package each time.
 */
import type { Draft } from "immer";
import type { Evolution } from "../kernel/decider.ts";
import type { MissionEvent } from "./events.ts";
import { takeIn } from "./recipe.ts";
import type { Mission, OpenMission, WorkPackage } from "./state.ts";

type Packages = Record<string, WorkPackage>;

/** Takes events into a state that stays as it was. What it answers is frozen, since it is shared with what comes after it. */
export const missionEvolution = (state: Mission): Evolution<Mission, MissionEvent> => {
  let current = state;
  /** Packages copied since `state`; `undefined` while nothing was. */
  let copied: Set<string> | undefined;

  /** A copy of the mission that only this evolution holds, until {@link end} gives it away. */
  const open = (mission: OpenMission): OpenMission => {
    if (copied !== undefined) return mission;
    copied = new Set();
    return { ...mission, workPackages: copyOfAll(mission.workPackages) };
  };
  const take = (event: MissionEvent): void => {
    if (
      event.type === "NoteAdded" ||
      event.type === "ReviewPromptIssued" ||
      event.type === "SourceChunkRecorded" ||
      event.type === "StreamReconciled" ||
      event.type === "MissionSettingsReverted"
    )
      return;
    if (event.type === "MissionCreated" || event.type === "ImportBegun") {
      current = takeIn(current as Draft<Mission>, event) ?? current;
      // A mission that has only begun is held by nobody else.
      copied = new Set();
      return;
    }
    if (current._tag === "Absent") return;
    const mission = open(current);
    current = mission;
    if ("workPackageId" in event) own(mission.workPackages as Packages, event);
    takeIn(mission as Draft<Mission>, event);
  };
  const own = (
    packages: Packages,
    { type, workPackageId }: Extract<MissionEvent, { readonly workPackageId: string }>,
  ): void => {
    const present = packages[workPackageId];
    if (copied?.has(workPackageId)) return;
    copied?.add(workPackageId);
    if (type !== "WorkPackageAdded" && present !== undefined) packages[workPackageId] = copyOf(present);
  };
  const end = (): Mission => {
    if (copied === undefined || current._tag === "Absent") return current;
    for (const id of copied) freeze(current.workPackages[id]);
    Object.freeze(current.workPackages);
    copied = undefined;
    return Object.freeze(current);
  };
  return { take, end };
};

/** Packages from which on copying them one by one is faster than a spread. */
const many = 512;

/** The packages in their order. They are shared from now on, so those that came from a bulk fold are frozen now. */
const copyOfAll = (packages: OpenMission["workPackages"]): Packages => {
  if (!Object.isFrozen(packages)) for (const id of Object.keys(packages)) freeze(packages[id]);
  const ids = Object.keys(packages);
  if (ids.length < many) return { ...packages };
  // An object without a prototype begins as a hash table; one that has to become one on the way takes three times as long.
  const copy: Packages = Object.setPrototypeOf(Object.create(null), Object.prototype);
  for (const id of ids) copy[id] = packages[id] as WorkPackage;
  return copy;
};

/** Plain JSON, all of it copied: recipes may change any part. */
const copyOf = <A>(value: A): A => {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(copyOf) as A;
  const copy = { ...value };
  for (const key in copy) {
    const member = copy[key];
    if (typeof member === "object" && member !== null) copy[key] = copyOf(member);
  }
  return copy;
};

const freeze = (value: unknown): void => {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const member of Object.values(value)) freeze(member);
};
