/** Writes JSON the way Python's `json.dumps` does with sorted keys: the three forms that Spec Kitty uses. */
import { compareCodePoints, isPyArray, isPyObject, type PyValue } from "./value.ts";

interface Form {
  readonly ascii: boolean;
  readonly comma: string;
  readonly colon: string;
  /** Spaces per level; `null` puts everything on one line. */
  readonly indent: number | null;
}

/** One row of a log: one line, `", "` and `": "`, non-ASCII escaped. */
export const rowJson = (value: PyValue): string =>
  write(value, { ascii: true, comma: ", ", colon: ": ", indent: null }, 0);

/** `status.json`: two spaces a level, non-ASCII kept. */
export const indentedJson = (value: PyValue): string =>
  write(value, { ascii: false, comma: ",", colon: ": ", indent: 2 }, 0);

/** No spaces, non-ASCII kept: what state digests are taken of. */
export const compactJson = (value: PyValue): string =>
  write(value, { ascii: false, comma: ",", colon: ":", indent: null }, 0);

const write = (value: PyValue, form: Form, depth: number): string => {
  if (value === null) return "null";
  if (isPyArray(value))
    return wrap(
      "[",
      "]",
      value.map((item) => write(item, form, depth + 1)),
      form,
      depth,
    );
  if (isPyObject(value)) {
    const members = [...value].sort(([a], [b]) => compareCodePoints(a, b));
    return wrap(
      "{",
      "}",
      members.map(([key, member]) => stringText(key, form) + form.colon + write(member, form, depth + 1)),
      form,
      depth,
    );
  }
  switch (typeof value) {
    case "string":
      return stringText(value, form);
    case "boolean":
      return value ? "true" : "false";
    case "bigint":
      return value.toString();
    case "number":
      return floatText(value);
  }
};

const wrap = (
  open: string,
  close: string,
  parts: readonly string[],
  { comma, indent }: Form,
  depth: number,
): string => {
  if (parts.length === 0) return open + close;
  if (indent === null) return open + parts.join(comma) + close;
  const inner = `\n${" ".repeat(indent * (depth + 1))}`;
  return `${open}${inner}${parts.join(comma + inner)}\n${" ".repeat(indent * depth)}${close}`;
};

const stringText = (text: string, { ascii }: Form): string => {
  const quoted = JSON.stringify(text);
  return ascii
    ? quoted.replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
    : quoted;
};

/** Python's `repr` of a float: the shortest digits that give it back, always with a point or an exponent. */
export const floatText = (value: number): string => {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "Infinity" : "-Infinity";
  if (value === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
  const [mantissa = "", power = "0"] = Math.abs(value).toExponential().split("e");
  const sign = value < 0 ? "-" : "";
  const digits = mantissa.replace(".", "");
  const exponent = Number(power);
  if (exponent >= 16 || exponent < -4) {
    const size = String(Math.abs(exponent)).padStart(2, "0");
    return `${sign}${digits[0]}${digits.length > 1 ? `.${digits.slice(1)}` : ""}e${exponent < 0 ? "-" : "+"}${size}`;
  }
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  return `${sign}${whole}.${digits.slice(exponent + 1) || "0"}`;
};
