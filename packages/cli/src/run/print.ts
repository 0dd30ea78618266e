/** Prints how a command ended: results on stdout, everything else on stderr, or one JSON document on stdout. */

import type { Globals } from "../command/global-flags.ts";
import type { CommandResult, Row } from "../command/result.ts";
import { renderEnvelope } from "../output/envelope.ts";
import { type ExitCode, exitCodes } from "../output/exit-codes.ts";
import { type Line, renderLines, type Surface, toned } from "../output/lines.ts";
import { printableJson } from "../output/printable.ts";
import type { Problem } from "../output/problem.ts";
import type { Ending } from "./ending.ts";
import { type Io, type Output, OutputFailed, put, ReaderGone } from "./io.ts";

export interface Printing {
  readonly io: Io;
  readonly globals: Globals;
  /** Canonical name. */
  readonly command: string | null;
  /** How a failure while rows were printed is told. */
  readonly fail: (error: unknown) => Ending;
}

/** Answers the exit code; it differs from the ending's when rows failed half way, or nothing could be printed. */
export const printEnding = async (ending: Ending, printing: Printing): Promise<ExitCode> => {
  try {
    return await printAll(ending, printing);
  } catch (error) {
    // Nobody reads any more: the command is done all the same.
    if (error instanceof ReaderGone) return ending.exit;
    const said = error instanceof Error ? error.message : String(error);
    await put(
      printing.io.stderr,
      renderLines(
        [`OUTPUT_FAILED: the result could not be printed: ${said}`, ...whatWasWritten(ending.data)],
        { color: false },
      ),
    ).catch(() => {});
    return ending.exit === exitCodes.done ? exitCodes.unexpected : ending.exit;
  }
};

/** The printing failed, the write did not: whoever reads this must not take it for undone. */
const whatWasWritten = (data: unknown): readonly Line[] => {
  const { commandId, eventIds } = (data ?? {}) as { commandId?: unknown; eventIds?: unknown };
  return typeof commandId === "string" && Array.isArray(eventIds) && eventIds.length > 0
    ? [`  it was written; the receipt again: the same command with --request-id ${commandId}`]
    : [];
};

const printAll = async (ending: Ending, printing: Printing): Promise<ExitCode> => {
  const { globals } = printing;
  if (globals.jsonl) return printRecords(ending, printing);
  if (globals.json) return printDocument(ending, printing);
  return printForPeople(ending, printing);
};

const printDocument = async (ending: Ending, { io, command, fail }: Printing): Promise<ExitCode> => {
  let { exit, data, warnings, error, result } = ending;
  const { sync } = ending;
  try {
    data = await collect(result, data);
    exit = result?.exitAfterRows?.() ?? exit;
    if (exit === exitCodes.interrupted && error === null) error = interrupted;
  } catch (thrown) {
    ({ exit, data, warnings, error } = fail(thrown));
  }
  await put(
    io.stdout,
    renderEnvelope({
      command,
      ok: error === null,
      data,
      warnings,
      error,
      ...(sync === undefined ? {} : { sync }),
    }),
  );
  return exit;
};

/** `ok` and the exit code never disagree; what was seen until then is in `data` all the same. */
const interrupted: Problem = {
  code: "INTERRUPTED",
  message: "interrupted; what was seen until then is in data",
  hint: null,
  retryable: true,
  outcome: null,
  details: {},
};

/** Rows and bytes as part of the one document. */
const collect = async (result: CommandResult | undefined, data: unknown): Promise<unknown> => {
  if (result?.rows !== undefined) {
    const events: unknown[] = [];
    for await (const { record } of result.rows) events.push(record);
    return { events, position: result.position?.() ?? null };
  }
  if (result?.bytes !== undefined) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of result.bytes) chunks.push(chunk);
    const whole = Buffer.concat(chunks);
    const text = whole.toString("utf8");
    const isText = Buffer.from(text, "utf8").equals(whole);
    return {
      ...(data as object),
      bytes: whole.length,
      encoding: isText ? "utf8" : "base64",
      text: isText ? text : whole.toString("base64"),
    };
  }
  return data;
};

const printRecords = async (ending: Ending, { io, fail }: Printing): Promise<ExitCode> => {
  const line = (record: unknown): Promise<void> => put(io.stdout, `${printableJson(record)}\n`);
  let { exit, error, result } = ending;
  if (error === null && result !== undefined)
    try {
      for await (const { record } of rowsOf(result)) await line(record);
      await line({ type: "end", position: result.position?.() ?? null });
      return result.exitAfterRows?.() ?? exit;
    } catch (thrown) {
      if (thrown instanceof OutputFailed) throw thrown;
      ({ exit, error } = fail(thrown));
    }
  // What was found is told before what it means.
  else if (result !== undefined) for (const { record } of result.jsonl?.() ?? []) await line(record);
  if (error !== null) await line({ type: "error", error });
  else await line({ type: "end", position: null });
  return exit;
};

const rowsOf = (result: CommandResult): AsyncIterable<Row> | Iterable<Row> =>
  result.rows ?? result.jsonl?.() ?? [];

const printForPeople = async (ending: Ending, { io, globals, fail }: Printing): Promise<ExitCode> => {
  const surface = surfaceOf(io.stdout, io, globals);
  let { exit, error } = ending;
  const { warnings, result } = ending;
  if (result !== undefined)
    try {
      if (result.bytes !== undefined) for await (const chunk of result.bytes) await put(io.stdout, chunk);
      else if (result.rows !== undefined) {
        for await (const { lines } of result.rows) await put(io.stdout, renderLines(lines, surface));
        exit = result.exitAfterRows?.() ?? exit;
      } else await put(io.stdout, renderLines(linesOf(result, surface), surface));
    } catch (thrown) {
      if (thrown instanceof OutputFailed) throw thrown;
      ({ exit, error } = fail(thrown));
    }
  const notes: Line[] = warnings.map(warningLine);
  if (error !== null && error.code !== "EMPTY") notes.push(...problemLines(error));
  await put(io.stderr, renderLines(notes, surfaceOf(io.stderr, io, globals)));
  return exit;
};

const warningLine = (warning: string): Line => [toned("warn", "warning: "), warning];

/** What is told on stderr when the result was printed already. Nobody reading it is no failure. */
export const printWarnings = async (
  warnings: readonly string[],
  { io, globals }: Pick<Printing, "globals" | "io">,
): Promise<void> => {
  const surface = surfaceOf(io.stderr, io, globals);
  await put(io.stderr, renderLines(warnings.map(warningLine), surface)).catch(() => {});
};

const linesOf = ({ human }: CommandResult, surface: Surface): readonly Line[] =>
  typeof human === "function" ? human(surface) : human;

/** `CODE: message`, then what to do, indented. */
const problemLines = ({ code, message, hint, outcome, details }: Problem): readonly Line[] => [
  [toned("bad", code), `: ${message}`],
  ...(hint === null ? [] : hint.split("\n").map((line): Line => `  ${line}`)),
  ...(outcome === "unknown" && typeof details.commandId === "string"
    ? [`  command id: ${details.commandId}`]
    : []),
];

export const surfaceOf = (output: Output, { env }: Io, { color, plain }: Globals): Surface => ({
  color: color && output.isTTY === true && (env.NO_COLOR ?? "") === "" && env.TERM !== "dumb",
  width: output.isTTY === true ? output.columns || 80 : undefined,
  plain,
});
