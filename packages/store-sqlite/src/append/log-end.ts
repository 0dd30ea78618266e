/** Where the log and its streams end, remembered for as long as nobody else has committed. */
import type { StreamHead } from "@mission-ledger/core";
import type { Connection } from "../connection/connection.ts";
import type { SqlRow } from "../driver/driver.ts";
import { readHead } from "../read/stream-head.ts";

export interface LogEnd {
  /** To be called in each transaction first: forgets everything if another connection has committed since, and says so. */
  refresh(): boolean;
  lastPosition(): number;
  headOf(stream: string): StreamHead;
  /** What this transaction has written. */
  note(stream: string, head: StreamHead, lastPosition: number): void;
  forget(): void;
}

/** Streams whose ends are remembered at most. */
const mostStreams = 4_096;

export const logEnd = (connection: Connection): LogEnd => {
  const heads = new Map<string, StreamHead>();
  let last: number | undefined;
  let seen: unknown;
  const forget = (): void => {
    heads.clear();
    last = undefined;
  };
  return {
    refresh: () => {
      // Another value each time that somebody else has committed. Source: sqlite.org/pragma.html#pragma_data_version.
      const [version] = connection.rows("PRAGMA data_version").get() as SqlRow;
      const isOther = version !== seen;
      if (isOther) forget();
      seen = version;
      return isOther;
    },
    lastPosition: () => {
      last ??= Number((connection.rows("SELECT max(position) FROM events").get() as SqlRow)[0] ?? 0);
      return last;
    },
    headOf: (stream) => {
      const known = heads.get(stream);
      if (known !== undefined) return known;
      const head = readHead(connection, stream);
      remember(heads, stream, head);
      return head;
    },
    note: (stream, head, lastPosition) => {
      remember(heads, stream, head);
      last = lastPosition;
    },
    forget,
  };
};

const remember = (heads: Map<string, StreamHead>, stream: string, head: StreamHead): void => {
  if (heads.size >= mostStreams) heads.clear();
  heads.set(stream, head);
};
