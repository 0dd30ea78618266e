/** One try of a command's sample in its folder, or a copy of it, and whether what it said afterwards is true. */
import { cpSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect } from "vitest";
import { commands } from "../commands/index.ts";
import type { Envelope } from "../output/envelope.ts";
import { exitCodeOf, exitCodes } from "../output/exit-codes.ts";
import type { Io } from "../run/io.ts";
import { lineOf } from "./samples.ts";
import { type Ran, scratch, session } from "./session.ts";
import { expectSoundDocument } from "./sound-document.ts";

export interface TryOptions {
  readonly io?: Partial<Io>;
  /** Of its own, so that nothing of it is there in the next try. @defaultValue for a command that writes */
  readonly inCopy?: boolean;
  /** Before the command runs, with its folder. */
  readonly before?: (cwd: string) => void;
  /** As soon as it has ended. */
  readonly after?: () => void;
}

export interface Try extends Ran {
  readonly cwd: string;
}

/** Samples are made ready by `preparedFor` at this moment. */
const now = Date.parse("2026-03-01T11:00:00.000Z");

export const tryIn = async (
  folder: string,
  name: string,
  { io = {}, inCopy = writes(name), before = () => {}, after = () => {} }: TryOptions = {},
): Promise<Try> => {
  const cwd = inCopy ? scratch() : folder;
  if (inCopy) cpSync(folder, cwd, { recursive: true });
  const shell = session({ cwd, clock: { now: () => now }, ...io });
  const line = lineOf(name, cwd);
  before(cwd);
  try {
    return { ...(await shell.run(...line, "--json")), cwd };
  } finally {
    after();
  }
};

const writes = (name: string): boolean => commands.find((spec) => spec.name === name)?.writes === true;

/** Records in all logs below a folder, copies among them. */
export const recordsBelow = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".jsonl") && file.split(path.sep).includes("log"))
    .flatMap((file) => readFileSync(path.join(folder, file), "utf8").split("\n"))
    .filter((line) => line !== "")
    .sort();

/** They judge, and end with one number for all that they may find; git takes 1 for a conflict. */
const exitsOfTheirOwn: Readonly<Record<string, number>> = {
  "check-copies": exitCodes.data,
  doctor: exitCodes.data,
  "merge-driver": exitCodes.unexpected,
  rebuild: exitCodes.data,
  verify: exitCodes.data,
};

/** One document, an exit code that fits, nothing written where that is said, no receipt without its events. Answers the document. */
export const expectTruth = (ran: Try, name: string, before: readonly string[], context: string): Envelope => {
  const document = expectSoundDocument(ran, name);
  const records = recordsBelow(ran.cwd);
  if (document.error === null) {
    const { eventIds } = (document.data ?? {}) as { readonly eventIds?: readonly string[] };
    for (const id of eventIds ?? [])
      expect(
        records.some((record) => record.includes(id)),
        context,
      ).toBe(true);
    return document;
  }
  expect([exitCodeOf(document.error.code), exitsOfTheirOwn[name]], context).toContain(ran.code);
  expect(document.error.message, context).toMatch(/./);
  if (document.error.outcome === "not_written") expect(records, context).toEqual(before);
  return document;
};
