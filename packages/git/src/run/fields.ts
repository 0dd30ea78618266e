/** Reads what git writes with `-z`: fields that end with NUL, whatever else is in them. */
import { unreadable } from "./faults.ts";

export interface Fields {
  readonly isAtEnd: () => boolean;
  /** The next field as bytes. Throws `GIT_OUTPUT_UNREADABLE` where there is none. */
  readonly next: () => Buffer;
  /** The next field as text. */
  readonly text: () => string;
  /** The next field, not taken. */
  readonly peek: () => string;
}

/** Output that does not end with NUL was cut, and is refused as a whole. */
export const fieldsOf = (output: Buffer, command: string): Fields => {
  if (output.length > 0 && output.at(-1) !== 0) throw unreadable(command, "it does not end with NUL");
  let at = 0;
  const upTo = (): number => {
    const end = output.indexOf(0, at);
    if (end < 0) throw unreadable(command, "it ended early");
    return end;
  };
  const next = (): Buffer => {
    const end = upTo();
    const field = output.subarray(at, end);
    at = end + 1;
    return field;
  };
  return {
    isAtEnd: () => at >= output.length,
    next,
    text: () => next().toString("utf8"),
    peek: () => output.toString("utf8", at, upTo()),
  };
};
