/** Commands about the past: where a moment lies, what is said about it, and which moments there are not. */
import {
  type CancelSignal,
  type FoundMoment,
  isStoreFault,
  type LedgerError,
  type Moment,
  timestamp,
} from "@mission-ledger/core";
import { type Ledger, missionCategory } from "@mission-ledger/core/mission";
import { counted } from "../output/counted.ts";
import { type Line, toned } from "../output/lines.ts";
import { CliError, usage } from "../output/problem.ts";
import type { AskedMoment } from "./moment.ts";
import { selectMissions } from "./refs.ts";
import type { CommandContext } from "./spec.ts";

const dayMs = 24 * 3_600_000;

/** The moment meant. Throws `USAGE` for one that has not come yet, or that is no place in the log. */
const momentOf = async (
  context: Pick<CommandContext, "clock">,
  ledger: Ledger,
  { asked, is }: AskedMoment,
  {
    argument = "--at",
    signal,
  }: { readonly argument?: string; readonly signal?: CancelSignal | undefined } = {},
): Promise<Moment> => {
  const now = context.clock.now();
  const future = (): CliError =>
    usage(`${argument}: ${asked} lies in the future`, `For how things stand now, leave ${argument} out.`);
  if ("day" in is) {
    if (Date.parse(is.day) > now) throw future();
    return { date: timestamp(Math.min(now, Date.parse(is.day) + dayMs - 1)) };
  }
  if ("agoMs" in is) {
    // Before the year 0 there is no date that could be written.
    if (is.agoMs > now) throw usage(`${argument}: ${asked} is longer ago than there are dates`);
    return { date: timestamp(now - is.agoMs) };
  }
  if ("date" in is) {
    if (Date.parse(is.date) > now) throw future();
    return is;
  }
  if ("position" in is) await checkPosition(ledger, argument, is.position, signal);
  return is;
};

/**
 * Throws `USAGE` for what sorts behind the last event, and for what another kind of store wrote: nothing, or everything, would
 * be shown, and nobody would be told why.
 */
export const checkPosition = async (
  ledger: Ledger,
  flag: string,
  position: string,
  signal?: CancelSignal,
): Promise<void> => {
  const options = { category: missionCategory, after: position, ...(signal === undefined ? {} : { signal }) };
  let isBehind = false;
  try {
    for await (const [next] of ledger.store.readAll(options)) {
      if (next === undefined) continue;
      if (next.position > position) return;
      // A store that cannot read the position goes on from the start of the log.
      isBehind = true;
      break;
    }
  } catch (error) {
    // Or says that it never gave it.
    if (!isStoreFault(error) || error.code !== "LOG_REPLACED") throw error;
    isBehind = true;
  }
  const end = (await endOfLog(ledger, signal)) ?? "0";
  if (isBehind || position > end)
    throw usage(`${flag}: ${JSON.stringify(position)} is not a position in this log`, `It ends at ${end}.`);
};

/** Position of the last event there is, or one behind it where that is cheaper to find. */
export const endOfLog = async (ledger: Ledger, signal?: CancelSignal): Promise<string | undefined> => {
  if (ledger.store.end !== undefined) return ledger.store.end();
  let last: string | undefined;
  for await (const batch of ledger.store.readAll({
    category: missionCategory,
    ...(signal === undefined ? {} : { signal }),
  }))
    last = batch.at(-1)?.position ?? last;
  return last;
};

/** A mission at a moment of its past: what reads it takes, and what is said about it. */
export interface Past {
  readonly at: FoundMoment;
  /** What `--json` prints under `at`. */
  readonly data: Readonly<Record<string, unknown>>;
  readonly line: Line;
  readonly warnings: readonly string[];
  /** Milliseconds: when leases are judged. */
  readonly now: number;
}

/** Throws what {@link momentOf} throws, `USAGE` beyond the end of the mission, `NOT_FOUND` before its beginning. */
export const pastOf = async (
  context: Pick<CommandContext, "clock">,
  ledger: Ledger,
  slug: string,
  asked: AskedMoment,
  {
    argument = "--at",
    signal,
  }: { readonly argument?: string; readonly signal?: CancelSignal | undefined } = {},
): Promise<Past> => {
  const moment = await momentOf(context, ledger, asked, { argument, signal });
  const handle = ledger.mission(slug);
  const at = await handle.findMoment(moment, signal);
  if (at.revision < 0) throw await notThen(ledger, slug, asked, at, signal);
  const { is } = asked;
  if ("revision" in is && is.revision > at.revision)
    throw usage(`${argument}: ${slug} ends at revision ${at.revision}`);
  return {
    at,
    data: { asked: asked.asked, ...at },
    line: toned("dim", `as it was after revision ${at.revision}, recorded ${momentText(at.recordedAt)}`),
    warnings: skewWarnings(slug, at),
    now: Date.parse(at.judgedAt as string),
  };
};

/** The mission as it stands now, in the same words. */
export const presentOf = async (
  context: Pick<CommandContext, "clock">,
  ledger: Ledger,
  slug: string,
  signal?: CancelSignal,
): Promise<Past> => {
  const { revision } = await ledger.store.head(ledger.mission(slug).stream);
  const at = await ledger.mission(slug).findMoment(revision, signal);
  return { at, data: { asked: null, ...at }, line: [], warnings: [], now: context.clock.now() };
};

/** "2026-03-01 10:00:00 UTC" */
export const momentText = (recordedAt: string | null): string =>
  recordedAt === null ? "never" : `${recordedAt.slice(0, 19).replace("T", " ")} UTC`;

export const skewWarnings = (slug: string, { outOfOrder, revision }: FoundMoment): readonly string[] =>
  outOfOrder === 0
    ? []
    : [
        `${slug}: ${counted(outOfOrder, "event")} after revision ${revision}, recorded with an earlier time, not shown: a clock was ahead, or went back; ask for a revision to see more`,
      ];

const notThen = async (
  ledger: Ledger,
  slug: string,
  { asked }: AskedMoment,
  at: FoundMoment,
  signal?: CancelSignal,
): Promise<LedgerError> => {
  if (at.isEnd)
    return new CliError("NOT_FOUND", `there is no mission ${slug}`, { details: { mission: slug } });
  const first = await ledger.mission(slug).findMoment(0, signal);
  return new CliError("NOT_FOUND", `there was no mission ${slug} at ${asked}`, {
    hint: `It began with revision 0, recorded ${momentText(first.recordedAt)}, position ${first.position}.`,
    details: { mission: slug, at: asked },
  });
};

/** A list over missions at a moment: what reads it takes, and what is said about it. */
export interface PastList {
  readonly moment: Moment;
  readonly data: { readonly at: Readonly<Record<string, unknown>> };
  readonly lines: readonly Line[];
  /** About a mission that was named; about others, {@link skewWarnings} of each. */
  readonly warnings: readonly string[];
}

/** Throws what {@link pastOf} throws for a mission that is named, and `USAGE` for a revision where none is. */
export const pastOfList = async (
  context: Pick<CommandContext, "clock" | "ledger">,
  { mission, at: asked }: { readonly mission: string | undefined; readonly at: AskedMoment | undefined },
  signal?: CancelSignal,
): Promise<PastList | undefined> => {
  if (asked === undefined) return undefined;
  const ledger = await context.ledger();
  if (mission !== undefined) {
    await selectMissions(ledger, mission);
    const { at, data, line, warnings } = await pastOf(context, ledger, mission, asked, { signal });
    return { moment: at.revision, data: { at: data }, lines: [line], warnings };
  }
  if ("revision" in asked.is)
    throw usage("--at: a revision belongs to one mission", "Name the mission, or give a position or a date.");
  const moment = await momentOf(context, ledger, asked, { signal });
  const said = typeof moment === "object" && "date" in moment ? momentText(moment.date) : asked.asked;
  return {
    moment,
    data: { at: { asked: asked.asked, ...(moment as object) } },
    lines: [toned("dim", `as it was at ${said}`)],
    warnings: [],
  };
};
