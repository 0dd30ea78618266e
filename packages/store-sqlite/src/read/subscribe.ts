/** The log as a live feed. */
import type { EventBatch, ReadAllOptions, SubscriptionBell } from "@mission-ledger/core";
import { positionText } from "../schema/rows.ts";
import { type LogReading, lastPosition, readLog } from "./read-log.ts";

export async function* subscribeToLog(
  reading: LogReading,
  bell: Pick<SubscriptionBell, "wait" | "closed">,
  options: ReadAllOptions,
): AsyncGenerator<EventBatch> {
  reading.ensureOpen();
  const { signal } = options;
  const over = (): boolean => bell.closed || signal?.aborted === true;
  let after = options.after;
  let delivered = -1;
  while (!over()) {
    const end = await reading.look(lastPosition, 0);
    if (end !== delivered) {
      const log = readLog(reading, { ...options, ...(after === undefined ? {} : { after }) }, end);
      try {
        for (let step = await log.next(); step.done !== true; step = await log.next()) {
          yield step.value;
          if (over()) return;
        }
      } catch (error) {
        if (over()) return;
        throw error;
      }
      delivered = end;
      if (after === undefined || after < positionText(end)) after = positionText(end);
    }
    if (!over()) await bell.wait(signal);
  }
}
