/** Streams/Append: one write as a stream of messages, one answer. A conflict is an ordinary answer. */
import type { ServerReadableStream, sendUnaryData } from "@grpc/grpc-js";
import { answerTooMuch } from "../faults-cut.ts";
import type { Expected } from "../log/commit-check.ts";
import type { NewRecord } from "../log/log.ts";
import { asStatus, noExpectation, stumbled } from "../wire/refusals.ts";
import { shared, streamsMessages } from "../wire/stubs.ts";
import { expectedIn } from "./expected.ts";
import { proposedEvents } from "./proposed.ts";
import type { Service } from "./service.ts";
import { answerTo } from "./write-answer.ts";

type AppendReq = streamsMessages.AppendReq;
type AppendResp = streamsMessages.AppendResp;

const success = (revision: number, position: number | undefined): AppendResp => {
  const answer = new streamsMessages.AppendResp.Success();
  if (revision < 0) answer.setNoStream(new shared.Empty());
  else answer.setCurrentRevision(String(revision));
  if (position === undefined) answer.setNoPosition(new shared.Empty());
  else {
    const place = new streamsMessages.AppendResp.Position();
    place.setCommitPosition(String(position));
    place.setPreparePosition(String(position));
    answer.setPosition(place);
  }
  const response = new streamsMessages.AppendResp();
  response.setSuccess(answer);
  return response;
};

const conflict = (current: number, expected: Expected): AppendResp => {
  const answer = new streamsMessages.AppendResp.WrongExpectedVersion();
  if (current < 0) answer.setCurrentNoStream(new shared.Empty());
  else answer.setCurrentRevision(String(current));
  if (expected === "any") answer.setExpectedAny(new shared.Empty());
  else if (expected === "stream_exists") answer.setExpectedStreamExists(new shared.Empty());
  else if (expected < 0) answer.setExpectedNoStream(new shared.Empty());
  else answer.setExpectedRevision(String(expected));
  const response = new streamsMessages.AppendResp();
  response.setWrongExpectedVersion(answer);
  return response;
};

interface Received {
  readonly options: streamsMessages.AppendReq.Options;
  readonly events: readonly NewRecord[];
}

/** The whole request, refused at the first message that is wrong. By events: an async iterator costs an abort for every call. */
const received = (call: ServerReadableStream<AppendReq, AppendResp>): Promise<Received> =>
  new Promise((resolve, reject) => {
    let options: streamsMessages.AppendReq.Options | undefined;
    const proposed = proposedEvents();
    const take = (message: AppendReq): void => {
      if (options === undefined) {
        options = message.getOptions();
        if (options === undefined) throw stumbled();
        return;
      }
      const event = message.getProposedMessage();
      if (event === undefined) throw stumbled();
      proposed.add(event);
    };
    call.on("data", (message: AppendReq) => {
      try {
        take(message);
      } catch (error) {
        reject(error);
      }
    });
    // A stream that breaks off ends as one that is complete does; that it broke off is said a little later.
    call.on("end", () =>
      setImmediate(() => {
        if (options === undefined || call.cancelled) reject(stumbled());
        else resolve({ options, events: proposed.events });
      }),
    );
    call.on("error", reject);
  });

export const handleAppend =
  (service: Service) =>
  (call: ServerReadableStream<AppendReq, AppendResp>, answer: sendUnaryData<AppendResp>): void => {
    const run = async (): Promise<AppendResp> => {
      const { options, events } = await received(call);
      const stream = Buffer.from(options.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString("utf8");
      const expected = expectedIn(options, options.hasRevision() ? options.getRevision() : undefined);
      if (expected === undefined) throw noExpectation("AppendReq");
      if (stream === "") throw stumbled();
      const here = service.arrived("Streams/Append", "append", call, stream);
      await service.gate.enter(here);
      const request = { stream, expected, events };
      const { outcome, copies = 1 } = await service.gate.append(here, request, service.commit);
      const response = answerTo({ success, conflict }, { stream, expected }, outcome);
      for (let copy = 1; copy < copies; copy++) await answerTooMuch(call, response);
      return response;
    };
    run().then(
      (response) => answer(null, response),
      (error: unknown) => answer(asStatus(error)),
    );
  };
