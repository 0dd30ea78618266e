/** The log, then live: a subscription that begins again from its last position whenever the connection ends, however it ends. */
import { type CancelSignal, type EventBatch, limitOf, type ReadAllOptions } from "@mission-ledger/core";
import { faultOf, isPassing } from "../faults.ts";
import { isBehind, positionOf } from "../layout/position.ts";
import { endOfLog, eventsOfLedger, type LogSetup } from "./read-log.ts";

export interface SubscribeSetup extends LogSetup {
  readonly closing: CancelSignal;
}

/** Each event at least once, in log order; ends when the loop is left, the signal aborts or the store closes. */
export async function* subscribeToLog(
  setup: SubscribeSetup,
  { after, category, signal }: ReadAllOptions,
): AsyncGenerator<EventBatch> {
  const { gateway, names, patience, ensureOpen, closing } = setup;
  ensureOpen();
  const prefix = names.prefix(category);
  /** Just before the ledger's first event. Where there is none yet, the end of the log: what is older on the server is others'. */
  let reached = after === undefined ? undefined : positionOf(after);
  let isPlaced = false;
  const over = anyOf(closing, signal);
  // Nothing is waited for beyond its end; and it holds nothing of what came before, however long it lasts.
  const limit = limitOf({ signal: over.signal });
  try {
    if (over.signal.aborted) return;
    if (prefix === undefined) return await over.ended;
    for (let tries = 0; ; tries += 1) {
      try {
        if (!isPlaced) {
          const end = await limit.within(endOfLog(setup, after, over.signal));
          // Asked for second: a ledger that is begun in between begins behind what was the end.
          reached ??= (await limit.within(setup.catalogue.begin())) ?? end;
          isPlaced = true;
        }
        const news = gateway.subscribe({
          after: reached ?? "start",
          ...(prefix === "" ? {} : { prefixes: [prefix] }),
          signal: over.signal,
        });
        for await (const one of limit.each(news)) {
          tries = 0;
          switch (one._tag) {
            case "CaughtUp":
              break;
            case "Checkpoint":
              if (reached === undefined || isBehind(one.position, reached)) reached = one.position;
              break;
            case "Event": {
              const { position } = one.event;
              if (position === undefined || (reached !== undefined && !isBehind(position, reached))) break;
              const batch = eventsOfLedger([one.event], names, category);
              if (batch.length > 0) yield batch;
              reached = position;
            }
          }
        }
      } catch (error) {
        if (over.signal.aborted) return;
        if (!isPassing(error)) throw faultOf(error, "not_written");
      }
      if (over.signal.aborted) return;
      await patience.backOff(tries, signal);
    }
  } finally {
    limit.end();
    over.release();
  }
}

interface Over {
  readonly signal: CancelSignal;
  readonly ended: Promise<void>;
  release(): void;
}

/** Aborted when one of them is. */
const anyOf = (...signals: readonly (CancelSignal | undefined)[]): Over => {
  const given = signals.filter((signal) => signal !== undefined);
  const listeners = new Set<() => void>();
  let end = (): void => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const isAborted = (): boolean => given.some(({ aborted }) => aborted);
  const abort = (): void => {
    end();
    for (const listener of [...listeners]) listener();
  };
  for (const signal of given) signal.addEventListener("abort", abort);
  if (isAborted()) end();
  return {
    ended,
    signal: {
      get aborted() {
        return isAborted();
      },
      throwIfAborted: () => {
        for (const signal of given) signal.throwIfAborted();
      },
      addEventListener: (_type, listener) => {
        listeners.add(listener);
      },
      removeEventListener: (_type, listener) => {
        listeners.delete(listener);
      },
    },
    release: () => {
      for (const signal of given) signal.removeEventListener("abort", abort);
    },
  };
};
