/** Makes sure of a head that somebody else wrote, perhaps without having flushed it, before an answer is built on it. */
import type { StreamHead } from "@mission-ledger/core";
import { faultOf } from "../faults.ts";
import { notInLog } from "../read/read-stream.ts";
import { digestAt } from "../read/stream-events.ts";
import type { AppendQueue } from "./append-queue.ts";
import type { StoreContext } from "./store-context.ts";

/** Has the write-ahead log flushed, then looks for the event over the second connection. Throws `LOG_REPLACED` if it is not there. */
export const confirmHead = async (
  { path, database, retry, failpoint, ensureOpen }: StoreContext,
  queue: AppendQueue,
  stream: string,
  head: StreamHead,
): Promise<void> => {
  try {
    await queue.settle();
    failpoint("confirm:read-back");
    const isThere = await retry.patiently(() => {
      ensureOpen();
      const reader = database.reader();
      if (reader === undefined) return false;
      return (
        digestAt(reader, stream, head.revision) === head.digest && database.placeOf(reader.files) !== "Moved"
      );
    });
    if (!isThere) {
      database.drop();
      throw notInLog(stream, head);
    }
  } catch (error) {
    throw faultOf(error, "read", { path, stream });
  }
};
