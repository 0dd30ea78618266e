/** The whole log of a ledger, in the order in which the server took it. */
import {
  type CancelSignal,
  type EventBatch,
  type ReadAllOptions,
  type RecordedEvent,
  StoreFault,
} from "@mission-ledger/core";
import type { Catalogue } from "../catalogue/catalogue.ts";
import { notWhole } from "../faults.ts";
import { type Gateway, GatewayFailure, type LogPosition, type StoredEvent } from "../gateway-port.ts";
import { isInCategory, type StreamNames } from "../layout/names.ts";
import { isBehind, notAPosition, positionOf } from "../layout/position.ts";
import { isAsSealed, ledgerEvent } from "../layout/stored-event.ts";
import type { Patience } from "../patience.ts";
import { fewest, pageSizeOf } from "./page-size.ts";

export interface LogSetup {
  readonly gateway: Gateway;
  readonly names: StreamNames;
  readonly catalogue: Catalogue;
  readonly patience: Patience;
  readonly pageSize: number;
  readonly ensureOpen: () => void;
}

/** Events up to the end of the log at the time of the call. A ledger that nothing was written to costs no reading of others' events. */
export async function* readLog(
  setup: LogSetup,
  { after, category, signal }: ReadAllOptions,
): AsyncGenerator<EventBatch> {
  const { gateway, names, catalogue, patience, pageSize, ensureOpen } = setup;
  const resumed = after === undefined ? undefined : positionOf(after);
  signal?.throwIfAborted();
  ensureOpen();
  const size = pageSizeOf(pageSize);
  const page = (from: LogPosition, most: number) =>
    patience.patiently(
      () =>
        size.ask(most, (count) =>
          gateway.readAll({
            from,
            direction: "forwards",
            maxCount: count,
            ...(signal === undefined ? {} : { signal }),
          }),
        ),
      signal === undefined ? {} : { signal },
    );
  const begin = resumed ?? (await catalogue.begin());
  if (begin === undefined) return;
  const end = await endOfLog(setup, after, signal);
  if (end === undefined) return;
  /** Reads begin with the event that is named, so each page begins with the last one of the page before. */
  let passed = resumed;
  let tries = 0;
  for (let from: LogPosition = begin; passed === undefined || isBehind(end, passed); ) {
    const events = await page(from, Math.max(fewest, pageSize)).catch((error: unknown) => {
      throw passed === resumed && isNoSuchPlace(error) && after !== undefined ? notAPosition(after) : error;
    });
    signal?.throwIfAborted();
    ensureOpen();
    const fresh = events.filter(
      ({ position }) =>
        position !== undefined &&
        (passed === undefined || isBehind(position, passed)) &&
        !isBehind(position, end),
    );
    const batch = eventsOfLedger(fresh, names, category);
    if (batch.length > 0) yield batch;
    signal?.throwIfAborted();
    ensureOpen();
    const last = events.at(-1)?.position;
    if (last !== undefined && (passed === undefined || isBehind(last, passed))) {
      from = last;
      passed = last;
      tries = 0;
    } else {
      // A page that was cut off is no end of the log: that is known.
      if (tries >= mostBehind) throw endsEarly();
      tries += 1;
      await patience.backOff(tries, signal);
    }
  }
}

/** Tries after which a leader that was just elected is not behind any more: they take about a second. */
const mostBehind = 6;

/**
 * Where the log ends. Throws `LOG_REPLACED` if that is before a position that was once given: whatever is written next would be
 * taken for old.
 */
export const endOfLog = async (
  { gateway, patience }: LogSetup,
  after: string | undefined,
  signal?: CancelSignal,
): Promise<LogPosition | undefined> => {
  for (let tries = 0; ; tries += 1) {
    const given = signal === undefined ? {} : { signal };
    const [newest] = await patience.patiently(
      () => gateway.readAll({ from: "end", direction: "backwards", maxCount: 1, ...given }),
      given,
    );
    const end = newest?.position;
    if (after === undefined || (end !== undefined && !isBehind(positionOf(after), end))) return end;
    if (tries >= mostBehind) throw notAPosition(after);
    await patience.backOff(tries, signal);
    signal?.throwIfAborted();
  }
};

const endsEarly = (): StoreFault =>
  new StoreFault("STORE_UNAVAILABLE", "the server ends its log before the end that it named", {
    outcome: "not_written",
    retryable: true,
    hint: "Try again; if it happens again, look with `mled doctor` at how the server is.",
  });

/** A server says no more of a position at which no record begins. */
const isNoSuchPlace = (error: unknown): boolean =>
  error instanceof GatewayFailure && (error.kind === "unknown" || error.kind === "refused");

/**
 * What of the server's events is the ledger's. Events of others in streams with names like ours are passed over. Throws
 * `LOG_CORRUPT` for one that is ours and was changed.
 */
export const eventsOfLedger = (
  events: readonly StoredEvent[],
  names: StreamNames,
  category: string | undefined,
): readonly RecordedEvent[] =>
  events.flatMap((stored) => {
    const stream = stored.stream.startsWith("$") ? undefined : names.inLedger(stored.stream);
    if (stream === undefined || (category !== undefined && !isInCategory(stream, category))) return [];
    const event = ledgerEvent(stored, stream);
    if (event === undefined) return [];
    const { recorded } = event;
    if (!isAsSealed(recorded))
      throw notWhole(stream, recorded.revision, "the event there is not what was sealed");
    return [recorded];
  });
