/** What brings back by a command of its own what an undo would have, where something stands in the way that is never undone. */
import type { DoneCommand, MissionSettings } from "./commands.ts";
import { findExit, type Guard, type Lane } from "./lanes.ts";
import { findWorkPackage, type OpenMission, type WorkPackage } from "./state.ts";

export type UndoInstead =
  | { readonly _tag: "Move" | "Force"; readonly to: Lane }
  | {
      readonly _tag: "Revise";
      readonly title: string | null;
      /** Ids of packages that it waited for, and of those that it did not. */
      readonly after: readonly string[];
      readonly notAfter: readonly string[];
    }
  | { readonly _tag: "MarkSubtask"; readonly subtaskId: string; readonly done: boolean }
  | ({ readonly _tag: "Set" } & Pick<MissionSettings, "dependencyMetAt" | "title"> & {
        readonly targetBranch: string | null;
      })
  /** It stands as it did before. */
  | { readonly _tag: "Nothing" };

/** The first of the commands that lead back to what was there before, for whoever undoes; `null` where none does. */
export const insteadOfUndo = (
  { before, settings, workPackageId }: DoneCommand,
  mission: OpenMission,
  actor: string,
): UndoInstead | null => {
  if (settings !== null) {
    const { title, dependencyMetAt, targetBranch = null } = settings.before;
    const isSame =
      mission.title === title &&
      mission.dependencyMetAt === dependencyMetAt &&
      (mission.targetBranch ?? null) === targetBranch;
    return isSame ? { _tag: "Nothing" } : { _tag: "Set", title, dependencyMetAt, targetBranch };
  }
  const now = workPackageId === null ? undefined : findWorkPackage(mission, workPackageId);
  if (now === undefined || before === null) return null;
  if (now.lane !== before.lane)
    return before.lane === "genesis"
      ? null
      : { _tag: mayMove(now, before.lane, actor) ? "Move" : "Force", to: before.lane };
  const revised = revisedBack(now, before);
  if (revised !== undefined) return revised;
  const mark = before.subtasks.find(({ id, done }) =>
    now.subtasks.some((subtask) => subtask.id === id && subtask.done !== done),
  );
  return mark === undefined
    ? { _tag: "Nothing" }
    : { _tag: "MarkSubtask", subtaskId: mark.id, done: mark.done };
};

/** By a plain move with a reason, which asks for nothing else. */
const mayMove = (now: WorkPackage, to: Lane, actor: string): boolean => {
  const exit = findExit(now.lane, to);
  const isHolder = now.claim?.holder === actor;
  const holds = (guard: Guard): boolean => {
    if (guard === "reason") return true;
    if (guard === "holder") return isHolder;
    if (guard === "holder_if_held") return now.claim === null || isHolder;
    return guard === "came_from" && now.blockedFrom === to;
  };
  return exit?.via.includes("move") === true && exit.guards.every(holds);
};

const revisedBack = (now: WorkPackage, before: WorkPackage): UndoInstead | undefined => {
  const after = before.dependsOn.filter((id) => !now.dependsOn.includes(id));
  const notAfter = now.dependsOn.filter((id) => !before.dependsOn.includes(id));
  const title = now.title === before.title ? null : before.title;
  return title === null && after.length + notAfter.length === 0
    ? undefined
    : { _tag: "Revise", title, after, notAfter };
};
