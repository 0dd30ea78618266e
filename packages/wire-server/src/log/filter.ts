/** Which records a filtered read of the whole log lets through; each stream and each type is judged once. */
import type { WireLog } from "./log.ts";

export interface FilterRequest {
  readonly by: "stream" | "type";
  /** Either a regular expression or prefixes. */
  readonly regex?: string;
  readonly prefixes: readonly string[];
}

export type RecordFilter = (record: number) => boolean;

/** Throws a `SyntaxError` for a regular expression that is none. */
export const recordFilter = (log: WireLog, { by, regex, prefixes }: FilterRequest): RecordFilter => {
  const pattern = regex === undefined ? undefined : new RegExp(regex);
  const fits = (name: string): boolean =>
    pattern?.test(name) ?? prefixes.some((prefix) => name.startsWith(prefix));
  const judged: boolean[] = [];
  const numberOf = by === "stream" ? log.streamOf : log.typeOf;
  const nameOf =
    by === "stream" ? (number: number) => log.streamAt(number).name : (number: number) => log.typeAt(number);
  return (record) => {
    const number = numberOf(record);
    const known = judged[number];
    if (known !== undefined) return known;
    const fitting = fits(nameOf(number));
    judged[number] = fitting;
    return fitting;
  };
};
