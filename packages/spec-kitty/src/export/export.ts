/** A mission as a Spec Kitty status log: the imported log byte for byte, and behind it a row for each later move. */
import type { EventBatch, RecordedEvent } from "@mission-ledger/core";
import { type MissionEvent, missionCodec } from "@mission-ledger/core/mission";
import { joinBytes, utf8Bytes } from "../bytes.ts";
import { type Chunk, joinChunks } from "../import/chunks.ts";
import { derivedMissionId, logFileName } from "../import/plan.ts";
import { rowClock } from "./row-clock.ts";
import { type Review, type RowMission, reviewOf, rowOf } from "./rows.ts";

/**
 * The bytes of `status.events.jsonl`. The same history gives the same bytes. A mission that was never imported comes out
 * whole. If the imported log lacks its last newline, one is added before rows of our own, and only then.
 *
 * Spec Kitty's reader and reducer accept the rows and come to the ledger's lanes; its `validate` may still name moves
 * that only our lane table has. Not guaranteed where an imported `at` is no time and sorts behind all times: our rows
 * then sort before it.
 */
export const exportStatusLog = async (history: AsyncIterable<EventBatch>): Promise<Uint8Array> => {
  const log = exporter();
  for await (const batch of history) {
    for (const recorded of batch) {
      const decoded = missionCodec.decode(recorded);
      if (decoded._tag === "Known") log.take(recorded, decoded.event);
    }
  }
  return log.bytes();
};

interface Exporter {
  take(recorded: RecordedEvent, event: MissionEvent): void;
  bytes(): Uint8Array;
}

const exporter = (): Exporter => {
  const chunks: Chunk[] = [];
  const rows: string[] = [];
  const clock = rowClock();
  const reviews = new Map<string, Review>();
  let mission: RowMission = { slug: "", missionId: undefined };
  // A verdict and the move it leads to are written by one command.
  let given:
    | {
        readonly commandId: string;
        readonly workPackageId: string;
        readonly review: Review;
        readonly notes: string | undefined;
      }
    | undefined;

  const takeHistory = (event: MissionEvent): boolean => {
    switch (event.type) {
      case "MissionCreated":
        mission = { slug: event.slug, missionId: event.missionId };
        return true;
      case "ImportBegun":
        mission = {
          slug: event.slug,
          missionId: event.missionId === derivedMissionId(event.slug) ? undefined : event.missionId,
        };
        return true;
      case "SourceChunkRecorded":
        if (event.file === logFileName) chunks.push({ encoding: event.encoding, text: event.text });
        return true;
      case "HistoricTransitionRecorded":
        clock.saw(event.at);
        if (event.verdict === null) reviews.delete(event.workPackageId);
        else if (event.verdict !== undefined) reviews.set(event.workPackageId, event.verdict);
        return true;
      case "HistoricAnnotationRecorded":
        clock.saw(event.at);
        return true;
      default:
        return false;
    }
  };

  return {
    take: (recorded, event) => {
      if (takeHistory(event)) return;
      if (event.type === "ReviewSubmitted") {
        const { workPackageId, notes } = event;
        given = {
          commandId: recorded.commandId,
          workPackageId,
          review: reviewOf(mission.slug, event),
          notes,
        };
        reviews.set(workPackageId, given.review);
        return;
      }
      if (!("workPackageId" in event)) return;
      // A verdict that was taken back is evidence of nothing.
      if (event.type === "WorkPackageReverted" && event.verdict !== undefined) {
        const { workPackageId, verdict } = event;
        if (verdict === null) reviews.delete(workPackageId);
        else reviews.set(workPackageId, reviewOf(mission.slug, { workPackageId, ...verdict }));
        return;
      }
      const own =
        given?.commandId === recorded.commandId && given.workPackageId === event.workPackageId
          ? given
          : undefined;
      const row = rowOf(recorded, event, {
        mission,
        nextAt: () => clock.next(recorded.recordedAt),
        review: own?.review,
        lastReview: reviews.get(event.workPackageId),
        notes: own?.notes,
      });
      if (row !== undefined) rows.push(row);
    },
    bytes: () => {
      const imported = joinChunks(chunks);
      if (rows.length === 0) return imported;
      const last = imported.at(-1);
      const gap = last === undefined || last === 0x0a || last === 0x0d ? "" : "\n";
      return joinBytes([imported, utf8Bytes(gap + rows.join(""))]);
    },
  };
};
