/** Whether what was kept beside a log belongs to that log. */
import type { EventStore } from "./event-store.ts";
import type { CancelSignal } from "./ports.ts";
import { holdsHead } from "./stray-heads.ts";
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
  const { stream, ...head } = last;
  return holdsHead(store, stream, head, signal);
};
