/** All streams in log order, and the same as a live feed. */
import type {
  CancelSignal,
  EventBatch,
  ReadAllOptions,
  RecordedEvent,
  SubscriptionBell,
} from "@mission-ledger/core";
import type { StoreContext } from "../append/store-context.ts";
import { faultOf } from "../faults.ts";
import { isOfCategory } from "../names.ts";
import { isLogFile, listLogs } from "../order/highest-seq.ts";
import { LogCursor } from "./log-cursor.ts";
import { merge } from "./merge.ts";

type Context = Pick<StoreContext, "files" | "layout" | "order" | "ensureOpen">;

const batchEvents = 256;
/** Shared by all logs that are read side by side. */
const blockBudget = 8_388_608;
const largestBlock = 65_536;
const smallestBlock = 4_096;

const cursorsOf = (
  { files, layout }: Context,
  { after, category }: ReadAllOptions,
  known: ReadonlyMap<string, LogCursor> = new Map(),
): readonly LogCursor[] =>
  listLogs(files, layout)
    .filter(({ stream }) => category === undefined || isOfCategory(stream, category))
    // What is no file holds no events, and must not keep those of all other streams from being read.
    .filter(({ stream }) => isLogFile(files, layout.of(stream).log))
    .map(({ stream, encoded }) => known.get(encoded) ?? new LogCursor(files, layout.of(stream), after));

/** What stands in the logs up to `upTo`, beyond what the cursors have delivered. */
async function* deliver(
  { ensureOpen }: Context,
  cursors: readonly LogCursor[],
  upTo: number,
  signal: CancelSignal | undefined,
): AsyncGenerator<EventBatch> {
  const share = Math.floor(blockBudget / Math.max(1, cursors.length));
  const records = merge(cursors, upTo, Math.max(smallestBlock, Math.min(largestBlock, share)));
  for (let ended = false; !ended; ) {
    signal?.throwIfAborted();
    ensureOpen();
    const batch: RecordedEvent[] = [];
    try {
      while (batch.length < batchEvents) {
        const next = records.next();
        if (next.done === true) {
          ended = true;
          break;
        }
        const { events, mark } = next.value;
        events.forEach(
          (event, index) => void batch.push(index < events.length - 1 ? event : { ...event, mark }),
        );
      }
    } catch (error) {
      throw faultOf(error, "read", {});
    }
    if (batch.length > 0) yield batch;
  }
}

export async function* readAllStreams(context: Context, options: ReadAllOptions): AsyncGenerator<EventBatch> {
  context.ensureOpen();
  options.signal?.throwIfAborted();
  yield* deliver(context, ...look(context, options), options.signal);
}

/** The counter first, then the logs: so every record up to the counter is found. */
const look = (
  context: Context,
  options: ReadAllOptions,
  known?: ReadonlyMap<string, LogCursor>,
): [cursors: readonly LogCursor[], upTo: number] => {
  try {
    const upTo = context.order.current();
    return [cursorsOf(context, options, known), upTo];
  } catch (error) {
    throw faultOf(error, "read", {});
  }
};

export async function* subscribeToAll(
  context: Context,
  bell: Pick<SubscriptionBell, "wait" | "closed">,
  options: ReadAllOptions,
): AsyncGenerator<EventBatch> {
  context.ensureOpen();
  const { signal } = options;
  const known = new Map<string, LogCursor>();
  let delivered = -1;
  const over = (): boolean => bell.closed || signal?.aborted === true;
  while (!over()) {
    const highest = currentOf(context);
    if (highest !== delivered) {
      const [cursors, upTo] = look(context, options, known);
      for (const cursor of cursors) known.set(cursor.paths.encoded, cursor);
      try {
        for await (const batch of deliver(context, cursors, upTo, signal)) {
          yield batch;
          if (over()) return;
        }
      } catch (error) {
        if (over()) return;
        throw error;
      }
      delivered = upTo;
    }
    if (!over()) await bell.wait(signal);
  }
}

const currentOf = ({ order }: Context): number => {
  try {
    return order.current();
  } catch (error) {
    throw faultOf(error, "read", {});
  }
};
