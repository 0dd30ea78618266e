/** `--at`: from what a person types to a moment of the past. */
import { type Moment, timestamp } from "@mission-ledger/core";
import { parseDuration } from "./duration.ts";

/** A moment as it was typed: what stands on the command line needs a clock to become a date. */
export interface AskedMoment {
  readonly asked: string;
  readonly is:
    | Exclude<Moment, number>
    /** A whole day, UTC: how things stood when it ended. */
    | { readonly day: string }
    | { readonly agoMs: number };
}

export const atFlag = {
  at: {
    kind: "moment",
    description: "as it was then: a revision, a position, a date (UTC), or how long ago",
    placeholder: "moment",
  },
} as const;

const datePattern =
  /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(:\d{2}(?:\.\d{1,3})?)? ?(Z|UTC|[+-]\d{2}:\d{2})?)?$/;

/**
 * Up to 15 digits are a revision; 16 digits, with or without what a store puts behind them, begin a position, and two numbers
 * of 20 digits are one; four digits and a dash begin a date. `undefined` for anything else, and for days that no calendar has.
 */
export const parseMoment = (value: unknown): AskedMoment | undefined => {
  if (typeof value === "number")
    return Number.isSafeInteger(value) && value >= 0
      ? { asked: String(value), is: { revision: value } }
      : undefined;
  if (typeof value === "object" && value !== null)
    return momentOfData(value as Readonly<Record<string, unknown>>);
  if (typeof value !== "string") return undefined;
  const asked = value.trim();
  const is = (moment: AskedMoment["is"]): AskedMoment => ({ asked, is: moment });
  if (/^\d{1,15}$/.test(asked)) return is({ revision: Number(asked) });
  if (/^(?:\d{16}(?::|$)|\d{20}-\d{20}$)/.test(asked)) return is({ position: asked });
  if (/^position:./.test(asked)) return is({ position: asked.slice("position:".length) });
  const ago = /^(\w+) ago$/.exec(asked);
  if (ago !== null) {
    const agoMs = parseDuration(ago[1] as string);
    return agoMs === undefined ? undefined : is({ agoMs });
  }
  return dateOf(asked, is);
};

const dateOf = (text: string, is: (moment: AskedMoment["is"]) => AskedMoment): AskedMoment | undefined => {
  const match = datePattern.exec(text);
  if (match === null) return undefined;
  const [, day = "", minutes, seconds = ":00", zone = "Z"] = match;
  // The platform takes the 30th of February for the 2nd of March.
  if (Number.isNaN(Date.parse(day)) || timestamp(Date.parse(day)).slice(0, 10) !== day) return undefined;
  if (minutes === undefined) return is({ day });
  const time = Date.parse(`${day}T${minutes}${seconds}${zone === "UTC" ? "Z" : zone}`);
  return Number.isNaN(time) ? undefined : is({ date: timestamp(time) });
};

const momentOfData = ({
  revision,
  position,
  date,
}: Readonly<Record<string, unknown>>): AskedMoment | undefined => {
  if (revision !== undefined) return parseMoment(revision);
  if (typeof position === "string" && position !== "") return { asked: position, is: { position } };
  return typeof date === "string" ? parseMoment(date) : undefined;
};
