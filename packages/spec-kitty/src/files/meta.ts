/** `meta.json`: what a mission is called and who it is. */
import { utf8Text } from "../bytes.ts";
import { parsePythonJson } from "../json/parse.ts";
import { isPyObject, type PyObject, type PyValue, stringAt } from "../json/value.ts";

export interface Meta {
  readonly missionId: string | undefined;
  readonly title: string | undefined;
  /** Decimal digits; empty when the mission has no number yet. */
  readonly missionNumber: string;
  readonly missionType: string;
  /** Why the file could not be read, if it could not. */
  readonly problem: string | undefined;
}

export const emptyMeta: Meta = {
  missionId: undefined,
  title: undefined,
  missionNumber: "",
  missionType: "",
  problem: undefined,
};

/** Never throws; a file that cannot be read says so and says nothing else. */
export const readMeta = (bytes: Uint8Array): Meta => {
  const object = readObject(bytes);
  if (typeof object === "string") return { ...emptyMeta, problem: object };
  return {
    missionId: nonBlank(stringAt(object, "mission_id")),
    title: nonBlank(stringAt(object, "friendly_name")) ?? nonBlank(stringAt(object, "title")),
    missionNumber: numberText(object.get("mission_number")),
    missionType: stringAt(object, "mission_type")?.trim() ?? "",
    problem: undefined,
  };
};

/** The JSON object that a file holds, or a sentence that says why it holds none. */
export const readObject = (bytes: Uint8Array): PyObject | string => {
  const text = utf8Text(bytes);
  if (text === undefined) return "is not UTF-8";
  const parsed = parsePythonJson(text.replace(/^\ufeff/, ""));
  if (parsed._tag === "Problem") return `is not JSON: ${parsed.problem}`;
  return isPyObject(parsed.value) ? parsed.value : "is not an object";
};

const nonBlank = (text: string | undefined): string | undefined =>
  text === undefined || text.trim() === "" ? undefined : text.trim();

/** Old files say `"002"` where new ones say 2. */
const numberText = (value: PyValue | undefined): string => {
  if (typeof value === "bigint") return value.toString();
  const digits = typeof value === "string" ? /^\s*0*([0-9]+)\s*$/.exec(value)?.[1] : undefined;
  return digits ?? "";
};
