/** What a server keeps of a stream that nothing can be read of. */
import type { RangeRead } from "../gateway-port.ts";

/** Where the server keeps what is said about a stream. Only ever read here. */
export const metadataStream = (serverStream: string): string => `$$${serverStream}`;

/** Whether the newest metadata, as it was read, cuts off a stream's beginning: so does a deletion that is not for good. */
export const hidesEvents = (metadata: RangeRead): boolean => {
  const data = metadata._tag === "Events" ? metadata.events[0]?.data : undefined;
  return typeof data === "object" && data !== null && "$tb" in data;
};
