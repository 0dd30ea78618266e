/** Whether what was kept beside a log belongs to that log. */
import type { EventStore } from "./event-store.ts";
import { isStoreFault } from "./faults.ts";
import type { CancelSignal } from "./ports.ts";
import type { Projected } from "./view-store.ts";

/** Whether the event that a kept view saw last stands in the log; a view that saw none yet belongs to any. */
export const isInLog = async (
  store: EventStore,
  { position, last }: Projected<unknown>,
  signal: CancelSignal | undefined,
): Promise<boolean> => {
  if (position === null) return true;
  // Stored by a version that did not say which event it saw last.
  if (last === undefined || last === null) return false;
  const { stream, ...after } = last;
  const options = { after, to: after.revision, ...(signal === undefined ? {} : { signal }) };
  try {
    for await (const _ of store.read(stream, options)) break;
    return true;
  } catch (error) {
    if (isStoreFault(error) && error.code === "LOG_REPLACED") return false;
    throw error;
  }
};
