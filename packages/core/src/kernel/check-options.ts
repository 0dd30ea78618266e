/** What a caller without types may hand over: an id that is no text would be stored, and read back as something else. */
import type { CommandOptions } from "./command-handler.ts";

const ids = ["commandId", "correlationId", "causationId"] as const;

/** Throws `TypeError` for an id that is no text or blank, and for an expected revision that no stream can have. */
export const checkOptions = (options: CommandOptions): void => {
  for (const name of ids) {
    const id: unknown = options[name];
    if (id !== undefined && (typeof id !== "string" || id.trim() === ""))
      throw new TypeError(`${name} is ${typeof id === "string" ? "blank" : "no text"}`);
  }
  const { expectedRevision: expected } = options;
  if (expected !== undefined && expected !== "no_stream" && !Number.isSafeInteger(expected))
    throw new TypeError('expectedRevision is neither a whole number nor "no_stream"');
};
