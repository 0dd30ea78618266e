/** What happened: the timeline of the past, and the same as it goes on. */
import {
  type CancelSignal,
  type EventBatch,
  isAfter,
  LedgerError,
  type Moment,
  type RecordedEvent,
} from "@mission-ledger/core";
import {
  type Ledger,
  missionCategory,
  slugOfStream,
  type TimelineEntry,
  timelineEntry,
} from "@mission-ledger/core/mission";
import { logWarnings } from "../command/log-warnings.ts";
import { atFlag } from "../command/moment.ts";
import { checkPosition, endOfLog, pastOfList } from "../command/past.ts";
import { openMission, openWorkPackage } from "../command/refs.ts";
import type { Row } from "../command/result.ts";
import { type CommandContext, type CommandSpec, command } from "../command/spec.ts";
import { exitCodes } from "../output/exit-codes.ts";
import { columns, type Line, toned } from "../output/lines.ts";
import { usage } from "../output/problem.ts";

const aboutArgument = {
  about: {
    kind: "text",
    description: "a mission, or one work package of it as passkeys/WP01; otherwise everything",
  },
} as const;

interface About {
  readonly slug: string | undefined;
  readonly workPackageId: string | undefined;
}

const parseAbout = (text: string | undefined): About => {
  const [slug, workPackageId] = text === undefined ? [] : text.split(/\/(.*)/s);
  return { slug, workPackageId };
};

/** Events of the mission, or of all of them, from `from` on; those that are only raw imported text are left out. */
async function* entriesFrom(
  ledger: Ledger,
  { slug, workPackageId }: About,
  after: string | undefined,
  incomplete: Set<string>,
  signal: CancelSignal | undefined,
  at?: Moment,
): AsyncGenerator<Shown> {
  const next = new Map<string, number>();
  const comesAfter = at === undefined ? (): boolean => false : isAfter(at);
  // The first event that comes after a moment ends it for its mission, whatever later ones are labelled with.
  const ended = new Set<string>();
  const options = {
    category: missionCategory,
    ...(after === undefined ? {} : { after }),
    ...(signal === undefined ? {} : { signal }),
  };
  const batches: AsyncIterable<EventBatch> =
    slug === undefined
      ? ledger.store.readAll(options)
      : ledger.mission(slug).history(signal === undefined ? {} : { signal });
  for await (const batch of batches)
    for (const event of batch) {
      // Where a list begins in the middle, what its first revision ought to be is not known.
      if (event.revision !== (next.get(event.stream) ?? (after === undefined ? 0 : event.revision)))
        incomplete.add(slugOfStream(event.stream));
      next.set(event.stream, event.revision + 1);
      if (ended.has(event.stream) || comesAfter(event)) {
        ended.add(event.stream);
        continue;
      }
      if (slug !== undefined && after !== undefined && event.position <= after) continue;
      const shown = show(event);
      if (shown !== undefined && (workPackageId === undefined || shown.workPackageId === workPackageId))
        yield shown;
    }
}

/** Throws `NOT_FOUND` for names that nothing has; adds the mission to `incomplete` where its log cannot tell. */
const checkAbout = async (
  ledger: Ledger,
  { slug, workPackageId }: About,
  incomplete: Set<string>,
  signal: CancelSignal | undefined,
): Promise<void> => {
  if (slug === undefined) return;
  try {
    const mission = await openMission(ledger, slug, signal);
    if (workPackageId !== undefined) openWorkPackage(mission, workPackageId);
  } catch (error) {
    if (!LedgerError.is(error) || error.code !== "LOG_CORRUPT") throw error;
    incomplete.add(slug);
  }
};

/** What is wrong with the logs that were read from, also where nothing of theirs was to be shown. */
const aboutLogs = async (
  context: CommandContext,
  ledger: Ledger,
  { slug }: About,
  incomplete: ReadonlySet<string>,
): Promise<readonly string[]> =>
  logWarnings(context, slug === undefined ? await ledger.missions() : [slug], incomplete);

interface Shown extends TimelineEntry {
  readonly mission: string;
}

const show = (event: RecordedEvent): Shown | undefined =>
  event.type === "SourceChunkRecorded"
    ? undefined
    : { mission: slugOfStream(event.stream), ...timelineEntry(event) };

const rowOf = (entry: Shown): Row => ({
  record: { ...entry, type: "event", event: entry.type },
  lines: [lineOf(entry)],
});

const lineOf = ({ at, mission, workPackageId, actor, text, revision }: Shown): Line => [
  toned("dim", `${at.slice(0, 19).replace("T", " ")}  `),
  toned("strong", workPackageId === null ? mission : `${mission}/${workPackageId}`),
  `  ${text}`,
  toned("dim", `   ${actor}  rev ${revision}`),
];

const cellsOf = ({ at, mission, workPackageId, actor, text, revision }: Shown): readonly string[] => [
  at,
  workPackageId === null ? mission : `${mission}/${workPackageId}`,
  text,
  actor,
  String(revision),
];

export const log: CommandSpec = command({
  name: "log",
  summary: "Show what happened, oldest first",
  arguments: aboutArgument,
  flags: {
    newest: { kind: "boolean", description: "the newest ones instead of the oldest" },
    limit: { kind: "integer", default: 50, description: "how many at most; 0 for all", placeholder: "n" },
    cursor: { kind: "text", description: "go on behind this position", placeholder: "position" },
    ...atFlag,
  },
  jsonl: true,
  examples: ["log passkeys", "log passkeys/WP01 --newest --limit 5", "log --jsonl --limit 0"],
  common: true,
  run: async (context, input, signal) => {
    const ledger = await context.ledger();
    const about = parseAbout(input.about);
    const incomplete = new Set<string>();
    await checkAbout(ledger, about, incomplete, signal);
    if (input.newest && input.cursor !== undefined) throw usage("--newest and --cursor do not go together");
    if (input.cursor !== undefined) await checkPosition(ledger, "--cursor", input.cursor, signal);
    const past = await pastOfList(context, { mission: about.slug, at: input.at }, signal);
    const limit = input.limit === 0 ? Number.POSITIVE_INFINITY : input.limit;
    const shown: Shown[] = [];
    let more = 0;
    for await (const entry of entriesFrom(ledger, about, input.cursor, incomplete, signal, past?.moment)) {
      if (shown.length < limit) shown.push(entry);
      else if (input.newest) {
        shown.shift();
        shown.push(entry);
        more += 1;
      } else more += 1;
    }
    const nextCursor = more > 0 && !input.newest ? (shown.at(-1)?.position ?? null) : null;
    return {
      data: { events: shown, nextCursor, ...past?.data },
      warnings: [...(past?.warnings ?? []), ...(await aboutLogs(context, ledger, about, incomplete))],
      empty: shown.length === 0,
      position: () => shown.at(-1)?.position ?? null,
      human: (surface): readonly Line[] => [
        ...(input.newest && more > 0 ? [toned("dim", `${more} before these`)] : []),
        ...(surface.plain ? columns(shown.map(cellsOf), surface) : shown.map(lineOf)),
        ...(nextCursor === null
          ? []
          : [toned("dim", `${more} more: --cursor ${nextCursor}, or --limit 0 for all`)]),
      ],
      jsonl: () => shown.map(rowOf),
    };
  },
});

export const watch: CommandSpec = command({
  name: "watch",
  summary: "Show what happens, as it happens, until interrupted",
  arguments: aboutArgument,
  flags: {
    after: {
      kind: "text",
      description: "begin behind this position; otherwise with what comes next",
      placeholder: "position",
    },
    limit: { kind: "integer", default: 0, description: "stop after so many; 0 for never", placeholder: "n" },
    for: { kind: "duration", description: "stop after this long", placeholder: "30s" },
  },
  jsonl: true,
  examples: ["watch passkeys", "watch --jsonl --after 0 --limit 10"],
  run: async (context, input, signal) => {
    const ledger = await context.ledger();
    const about = parseAbout(input.about);
    const incomplete = new Set<string>();
    await checkAbout(ledger, about, incomplete, signal);
    if (input.after !== undefined) await checkPosition(ledger, "--after", input.after, signal);
    const after = input.after ?? (await endOfLog(ledger, signal));
    let position: string | null = after ?? null;
    const stop = new AbortController();
    const rows = async function* (): AsyncGenerator<Row> {
      const timer = input.for === undefined ? undefined : setTimeout(() => stop.abort(), input.for);
      const onAbort = (): void => stop.abort();
      signal?.addEventListener("abort", onAbort);
      if (signal?.aborted) stop.abort();
      try {
        let count = 0;
        for await (const batch of ledger.store.subscribe({
          category: missionCategory,
          signal: stop.signal,
          ...(after === undefined ? {} : { after }),
        }))
          for (const event of batch) {
            position = event.position;
            const entry = show(event);
            if (entry === undefined || !isAbout(entry, about)) continue;
            yield rowOf(entry);
            count += 1;
            if (input.limit > 0 && count >= input.limit) return;
          }
      } catch (error) {
        if (!stop.signal.aborted) throw error;
      } finally {
        clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
      }
    };
    return {
      data: null,
      human: [],
      warnings: await aboutLogs(context, ledger, about, incomplete),
      rows: rows(),
      position: () => position,
      // An interrupt is how a watch ends: what was seen is a result, and only the exit code tells.
      exitAfterRows: () => (signal?.aborted === true ? exitCodes.interrupted : exitCodes.done),
    };
  },
});

const isAbout = ({ mission, workPackageId }: Shown, about: About): boolean =>
  (about.slug === undefined || about.slug === mission) &&
  (about.workPackageId === undefined || about.workPackageId === workPackageId);
