/** What to type where something is not undone: what comes first, or the command that leads back all the same. */
import type { UndoInstead } from "@mission-ledger/core/mission";
import type { Names } from "../command/names.ts";
import { shellQuote } from "../output/shell-quote.ts";

/**
 * What stands in the way is undone first, by whoever did it; where it never is, a command of its own leads back. A claim is taken
 * anew. For the rest the words of the refusal are the step.
 */
export const undoHint = (
  { inTheWay, obstacle, instead, next }: Readonly<Record<string, unknown>>,
  about: string | undefined,
  names: Names,
): string | undefined => {
  if (about === undefined) return undefined;
  if (instead !== undefined) {
    const command = commandInstead(instead as UndoInstead, about, names);
    return command === undefined ? undefined : `${String(next).replace(/\.$/, "")}: ${command}`;
  }
  const revision = (inTheWay as { readonly revision?: unknown } | null | undefined)?.revision;
  if (typeof revision === "number")
    return `undo that first: ${names.say("undo", `${about} ${revision} --reason "…"`)}`;
  return obstacle === "claim" ? `claim it: ${names.say("wp.claim", about)}` : undefined;
};

const commandInstead = (instead: UndoInstead, about: string, { say }: Names): string | undefined => {
  switch (instead._tag) {
    case "Move":
      return say("wp.move", `${about} ${instead.to} --reason "…"`);
    case "Force":
      return say("wp.force", `${about} ${instead.to} --reason "…"`);
    case "MarkSubtask":
      return say("wp.subtask", `${about} ${shellQuote(instead.subtaskId)}${instead.done ? "" : " --undo"}`);
    case "Revise":
      return say(
        "wp.revise",
        [
          about,
          ...(instead.title === null ? [] : [`--title ${shellQuote(instead.title)}`]),
          ...instead.after.map((id) => `--after ${shellQuote(id)}`),
          ...instead.notAfter.map((id) => `--not-after ${shellQuote(id)}`),
        ].join(" "),
      );
    case "Set":
      return say(
        "mission.set",
        [
          about,
          `--title ${shellQuote(instead.title)}`,
          `--dependency-met-at ${instead.dependencyMetAt}`,
          instead.targetBranch === null ? "--clear-target" : `--target ${shellQuote(instead.targetBranch)}`,
        ].join(" "),
      );
    case "Nothing":
      return undefined;
  }
};
