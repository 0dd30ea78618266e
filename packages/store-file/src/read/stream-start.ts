/** Where in a log a reading of one stream begins: behind a mark that can be believed, else at the start. */
import { StoreFault, type StreamHead } from "@mission-ledger/core";
import type { FilePort } from "../files/file-port.ts";
import type { StreamPaths } from "../layout.ts";
import { type FoldState, startOfLog } from "../log/fold.ts";
import { parseMark, recordAt } from "../log/mark.ts";

export interface StreamStart {
  readonly offset: number;
  readonly state: FoldState;
  /** Whether the log is known to hold the event to begin after; else the reading has to meet it. */
  readonly anchored: boolean;
}

export const startOf = (
  files: FilePort,
  fd: number,
  ino: number,
  { stream, encoded }: StreamPaths,
  after: StreamHead,
): StreamStart => {
  const start = { offset: 0, state: startOfLog, anchored: after.revision < 0 };
  const place = after.mark === undefined || after.revision < 0 ? undefined : parseMark(after.mark);
  if (place === undefined || place.ino !== ino) return start;
  const record = recordAt(files, fd, place, after, stream, encoded);
  if (record === undefined) return start;
  const { revision, digest } = after;
  return {
    offset: place.offset + place.length,
    state: { head: { revision, digest }, origin: record.origin },
    anchored: true,
  };
};

export const notInLog = (stream: string, { revision }: StreamHead): StoreFault =>
  new StoreFault("LOG_REPLACED", `${stream} does not hold the event remembered at revision ${revision}`, {
    outcome: "not_written",
    retryable: true,
    hint: "What was remembered belongs to another log; read the stream from its start.",
    details: { stream, revision },
  });
