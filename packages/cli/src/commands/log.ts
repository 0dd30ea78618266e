/** What happened: the timeline of the past, and the same as it goes on. */
import type { CancelSignal, EventBatch, EventEnvelope, RecordedEvent } from "@mission-ledger/core";
import {
  type Ledger,
  missionCategory,
  slugOfStream,
  type TimelineEntry,
  timelineEntry,
} from "@mission-ledger/core/mission";
import { openMission } from "../command/refs.ts";
import type { Row } from "../command/result.ts";
import { type CommandSpec, command } from "../command/spec.ts";
import { type Line, toned } from "../output/lines.ts";
import { CliError, usage } from "../output/problem.ts";

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
  signal: CancelSignal | undefined,
): AsyncGenerator<Shown> {
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
      if (slug !== undefined && after !== undefined && event.position <= after) continue;
      const shown = show(event);
      if (shown !== undefined && (workPackageId === undefined || shown.workPackageId === workPackageId))
        yield shown;
    }
}

interface Shown extends TimelineEntry {
  readonly mission: string;
}

const show = (event: RecordedEvent): Shown | undefined =>
  event.type === "SourceChunkRecorded"
    ? undefined
    : { mission: slugOfStream(event.stream), ...timelineEntry(event) };

export const rowOf = (entry: Shown): Row => ({
  record: { ...entry, type: "event", event: entry.type },
  lines: [lineOf(entry)],
});

const lineOf = ({ at, mission, workPackageId, actor, text, revision }: Shown): Line => [
  toned("dim", `${at.slice(0, 19).replace("T", " ")}  `),
  toned("strong", workPackageId === null ? mission : `${mission}/${workPackageId}`),
  `  ${text}`,
  toned("dim", `   ${actor}  rev ${revision}`),
];

export const log: CommandSpec = command({
  name: "log",
  summary: "Show what happened, oldest first",
  arguments: aboutArgument,
  flags: {
    newest: { kind: "boolean", description: "the newest ones instead of the oldest" },
    limit: { kind: "integer", default: 50, description: "how many at most; 0 for all", placeholder: "n" },
    cursor: { kind: "text", description: "go on behind this position", placeholder: "position" },
  },
  jsonl: true,
  examples: ["log passkeys", "log passkeys/WP01 --newest --limit 5", "log --jsonl --limit 0"],
  common: true,
  run: async (context, input, signal) => {
    const ledger = await context.ledger();
    const about = parseAbout(input.about);
    if (about.slug !== undefined) await openMission(ledger, about.slug, signal);
    if (input.newest && input.cursor !== undefined) throw usage("--newest and --cursor do not go together");
    const limit = input.limit === 0 ? Number.POSITIVE_INFINITY : input.limit;
    const shown: Shown[] = [];
    let more = 0;
    for await (const entry of entriesFrom(ledger, about, input.cursor, signal)) {
      if (shown.length < limit) shown.push(entry);
      else if (input.newest) {
        shown.shift();
        shown.push(entry);
        more += 1;
      } else more += 1;
    }
    const nextCursor = more > 0 && !input.newest ? (shown.at(-1)?.position ?? null) : null;
    return {
      data: { events: shown, nextCursor },
      empty: shown.length === 0,
      position: () => shown.at(-1)?.position ?? null,
      human: [
        ...(input.newest && more > 0 ? [toned("dim", `${more} before these`)] : []),
        ...shown.map(lineOf),
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
    if (about.slug !== undefined) await openMission(ledger, about.slug, signal);
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
      if (signal?.aborted) throw new CliError("INTERRUPTED", "interrupted");
    };
    return { data: null, human: [], rows: rows(), position: () => position };
  },
});

const isAbout = ({ mission, workPackageId }: Shown, about: About): boolean =>
  (about.slug === undefined || about.slug === mission) &&
  (about.workPackageId === undefined || about.workPackageId === workPackageId);

/** Position of the last event there is, so that a watch begins with what comes next. */
const endOfLog = async (ledger: Ledger, signal: CancelSignal | undefined): Promise<string | undefined> => {
  let last: (EventEnvelope & { readonly position: string }) | undefined;
  for await (const batch of ledger.store.readAll({
    category: missionCategory,
    ...(signal === undefined ? {} : { signal }),
  }))
    last = batch.at(-1) ?? last;
  return last?.position;
};
