/** Streams/Delete and Streams/Tombstone: a conflict is a status with trailers here, not an answer. */
import type { ServerUnaryCall, sendUnaryData } from "@grpc/grpc-js";
import type { WriteOutcome } from "../log/writer.ts";
import { asStatus, deleteConflict, noExpectation, streamDeleted, stumbled } from "../wire/refusals.ts";
import { streamsMessages } from "../wire/stubs.ts";
import { expectedIn, expectedNumber } from "./expected.ts";
import type { Service } from "./service.ts";

type DeleteReq = streamsMessages.DeleteReq;
type DeleteResp = streamsMessages.DeleteResp;
type TombstoneReq = streamsMessages.TombstoneReq;
type TombstoneResp = streamsMessages.TombstoneResp;

/** Answers with the position of the record that deletes. */
const remove = async (
  service: Service,
  call: ServerUnaryCall<DeleteReq | TombstoneReq, unknown>,
  isTombstone: boolean,
): Promise<number> => {
  const options = call.request.getOptions();
  if (options === undefined) throw stumbled();
  const stream = Buffer.from(options.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString("utf8");
  if (stream === "") throw stumbled();
  const expected = expectedIn(options, options.hasRevision() ? options.getRevision() : undefined);
  if (expected === undefined) throw noExpectation(isTombstone ? "TombstoneReq" : "DeleteReq");
  const name = isTombstone ? "Streams/Tombstone" : "Streams/Delete";
  await service.gate.enter(service.arrived(name, undefined, call, stream));
  const outcome: WriteOutcome = await service.commitDelete({ stream, expected, isTombstone });
  switch (outcome._tag) {
    case "Written":
    case "Repeated":
      return outcome.position ?? 0;
    case "WrongExpectedVersion":
      throw deleteConflict(stream, expectedNumber(expected), outcome.current);
    case "StreamDeleted":
      throw streamDeleted(stream);
  }
};

export const handleDelete =
  (service: Service) =>
  (call: ServerUnaryCall<DeleteReq, DeleteResp>, answer: sendUnaryData<DeleteResp>): void => {
    remove(service, call, false).then(
      (position) => {
        const place = new streamsMessages.DeleteResp.Position();
        place.setCommitPosition(String(position));
        place.setPreparePosition(String(position));
        const response = new streamsMessages.DeleteResp();
        response.setPosition(place);
        answer(null, response);
      },
      (error: unknown) => answer(asStatus(error)),
    );
  };

export const handleTombstone =
  (service: Service) =>
  (call: ServerUnaryCall<TombstoneReq, TombstoneResp>, answer: sendUnaryData<TombstoneResp>): void => {
    remove(service, call, true).then(
      (position) => {
        const place = new streamsMessages.TombstoneResp.Position();
        place.setCommitPosition(String(position));
        place.setPreparePosition(String(position));
        const response = new streamsMessages.TombstoneResp();
        response.setPosition(place);
        answer(null, response);
      },
      (error: unknown) => answer(asStatus(error)),
    );
  };
