/** What `--json` promises whatever happens: one document, alone on standard output, that says the same as the exit code. */
import { expect } from "vitest";
import { type Envelope, envelopeSchema } from "../output/envelope.ts";
import { exitCodes } from "../output/exit-codes.ts";
import type { Ran } from "./session.ts";

/** Answers the document. `name` is the command's, as the registry has it. */
export const expectSoundDocument = ({ code, out, err }: Ran, name: string): Envelope => {
  const document = JSON.parse(out) as Envelope;
  expect(out.indexOf("\n"), "one line").toBe(out.length - 1);
  expect(Object.keys(document).filter((key) => key !== "sync")).toEqual([
    "schema",
    "command",
    "ok",
    "data",
    "warnings",
    "error",
  ]);
  expect(document).toMatchObject({ schema: envelopeSchema, command: name });
  expect(document.ok).toBe(document.error === null);
  expect(document.ok, out).toBe(code === exitCodes.done);
  expect(Object.values(exitCodes)).toContain(code);
  expect(err).toBe("");
  expect(out).not.toMatch(/\\n\s+at [^"]*:\d+:\d+/);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: none of them may be there
  expect(out.slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202e]/);
  return document;
};
