/** The one writer of a log: appends, soft deletes and tombstones, each whole or not at all. */
import { randomBytes } from "node:crypto";
import { type CommitDecision, checkCommit, type Expected } from "./commit-check.ts";
import type { NewRecord, WireLog } from "./log.ts";
import { openRecentIds, type RecentIds } from "./recent-ids.ts";
import { lastRevision, metastreamOf } from "./visibility.ts";

export interface AppendRequest {
  readonly stream: string;
  readonly expected: Expected;
  readonly events: readonly NewRecord[];
}

export interface DeleteRequest {
  readonly stream: string;
  readonly expected: Expected;
  readonly isTombstone: boolean;
}

export type WriteOutcome =
  | {
      readonly _tag: "Written" | "Repeated";
      /** Of the last event sent, -1 after an empty write to a stream that never was. */
      readonly revision: number;
      /** Absent where what was stored can no longer be read. */
      readonly position?: number;
      /** How far readers must see before it may be acknowledged. */
      readonly until: number;
    }
  | Extract<CommitDecision, { readonly _tag: "WrongExpectedVersion" | "StreamDeleted" }>;

export interface LogWriter {
  append(request: AppendRequest): WriteOutcome;
  delete(request: DeleteRequest): WriteOutcome;
  /** What a restart, or another leader, does not remember. */
  forget(): void;
}

const everything = Number.POSITIVE_INFINITY;
const none = new Uint8Array();

/** A version 4 UUID. */
const freshId = (): Uint8Array => {
  const id = randomBytes(16);
  id[6] = ((id[6] as number) & 0x0f) | 0x40;
  id[8] = ((id[8] as number) & 0x3f) | 0x80;
  return id;
};

const metadataRecord = (text: string): NewRecord => ({
  id: freshId(),
  type: "$metadata",
  isJson: true,
  data: Buffer.from(text, "utf8"),
  metadata: none,
});

/** The metadata of a stream with another `$tb`, everything else kept. */
const withTruncateBefore = (log: WireLog, name: string, revision: number): NewRecord => {
  const metastream = log.stream(metastreamOf(name));
  const last = metastream?.records[lastRevision(metastream, everything)];
  const stored: unknown = last === undefined ? {} : JSON.parse(Buffer.from(log.data(last)).toString("utf8"));
  return metadataRecord(JSON.stringify({ ...(stored as object), $tb: revision }));
};

export const openWriter = (log: WireLog): LogWriter => {
  let recent: RecentIds = openRecentIds();
  return {
    append: ({ stream, expected, events }) => {
      const decision = checkCommit(log, recent, { stream, expected, ids: events.map(({ id }) => id) });
      switch (decision._tag) {
        case "WrongExpectedVersion":
        case "StreamDeleted":
          return decision;
        case "Repeated": {
          const { last, record, position } = decision;
          return {
            _tag: "Repeated",
            revision: last,
            ...(position === undefined ? {} : { position }),
            until: record + 1,
          };
        }
        case "Write": {
          const { current } = decision;
          if (events.length === 0) {
            return { _tag: "Written", revision: current, position: log.writeNothing(), until: log.count() };
          }
          if (decision.isSoftDeleted) {
            log.write(metastreamOf(stream), withTruncateBefore(log, stream, current + 1));
          }
          let record = -1;
          for (const [index, event] of events.entries()) {
            record = log.write(stream, event);
            recent.put(event.id, { stream, revision: current + 1 + index });
          }
          log.advance();
          return {
            _tag: "Written",
            revision: current + events.length,
            position: log.position(record),
            until: record + 1,
          };
        }
      }
    },
    delete: ({ stream, expected, isTombstone }) => {
      const id = freshId();
      const decision = checkCommit(log, recent, { stream, expected, ids: [id] });
      switch (decision._tag) {
        case "WrongExpectedVersion":
        case "StreamDeleted":
          return decision;
        case "Repeated":
          throw new TypeError("a fresh id was stored before");
        case "Write": {
          const { current } = decision;
          if (!isTombstone && current < 0) return { _tag: "WrongExpectedVersion", current };
          const record = isTombstone
            ? log.write(stream, {
                id,
                type: "$streamDeleted",
                isJson: false,
                data: none,
                metadata: none,
                isTombstone,
              })
            : log.write(metastreamOf(stream), metadataRecord(`{"$tb":9223372036854775807}`));
          log.advance();
          return { _tag: "Written", revision: current, position: log.position(record), until: record + 1 };
        }
      }
    },
    forget: () => {
      recent = openRecentIds();
    },
  };
};
