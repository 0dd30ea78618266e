/** A scan as `read` gives it: what the port means by one, and no faster. */
import { emptyHead } from "./event.ts";
import type { EventStore, Scanned, ScanOptions, ScanSink } from "./event-store.ts";
import { headAfter } from "./fold.ts";
import { onlyWanted } from "./wanted.ts";

/** Reads a stream and hands over nothing but what is wanted. */
export const scanByReading = async (
  store: Pick<EventStore, "read">,
  stream: string,
  { wanted, ...options }: ScanOptions,
  { take, pass }: ScanSink,
): Promise<Scanned> => {
  let head = options.after ?? emptyHead;
  let events = 0;
  let gaps = 0;
  for await (const batch of store.read(stream, options))
    for (const { position: _, ...event } of batch) {
      if (event.previous !== head.digest || event.revision !== head.revision + 1) gaps += 1;
      head = headAfter(event);
      events += 1;
      const { mark: __, ...envelope } = event;
      const fields = wanted.get(event.type);
      if (fields === undefined) pass(event.type, event.version);
      else {
        // Private to the receiver, whoever holds what was read.
        const { data, ...rest } = onlyWanted(envelope, fields);
        take({ ...rest, data: { ...data } });
      }
    }
  return { head, events, gaps };
};
