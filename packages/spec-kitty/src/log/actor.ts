/** Who wrote a row: a name, or a binding of role, profile, tool and model. */

import { isPyObject, type PyObject, type PyValue } from "../json/value.ts";
import { rowJson } from "../json/write.ts";

const bindingKeys: readonly string[] = ["role", "profile", "tool", "model"];

/** The one name that a snapshot shows for an actor; `undefined` for an object that is no binding. */
export const actorName = (actor: PyValue): string | undefined => {
  if (!isPyObject(actor)) return pythonText(actor);
  if (!isBinding(actor)) return undefined;
  return String(actor.get("tool") || actor.get("role") || "");
};

const isBinding = (actor: PyObject): boolean =>
  actor.size === bindingKeys.length &&
  bindingKeys.every((key) => {
    const value = actor.get(key);
    return value === null || typeof value === "string";
  });

/** Python's `str` of a value; lists and objects, which Spec Kitty never has here, as JSON. */
export const pythonText = (value: PyValue): string => {
  if (typeof value === "string") return value;
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  return rowJson(value);
};
