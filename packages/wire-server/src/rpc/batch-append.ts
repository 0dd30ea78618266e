/** Streams/BatchAppend: many writes over one call, each in chunks, each answered under its own correlation id. */
import type { ServerDuplexStream } from "@grpc/grpc-js";
import emptyMessages from "google-protobuf/google/protobuf/empty_pb.js";
import type { Expected } from "../log/commit-check.ts";
import { asBatchStatus, asStatus, noExpectation, Refusal, stumbled, timedOut } from "../wire/refusals.ts";
import { shared, type status, streamsMessages } from "../wire/stubs.ts";
import { expectedIn } from "./expected.ts";
import { type ProposedEvents, proposedEvents } from "./proposed.ts";
import type { Service } from "./service.ts";
import { answerTo } from "./write-answer.ts";

type BatchAppendReq = streamsMessages.BatchAppendReq;
type Options = streamsMessages.BatchAppendReq.Options;
type BatchAppendResp = streamsMessages.BatchAppendResp;
type BatchCall = ServerDuplexStream<BatchAppendReq, BatchAppendResp>;

/** A write whose last chunk has not come yet. */
interface Pending {
  readonly options: Options | undefined;
  readonly proposed: ProposedEvents;
  /** What is wrong with it, told once the last chunk is here. */
  refused: unknown;
}

const success = (revision: number, position: number | undefined): BatchAppendResp => {
  const answer = new streamsMessages.BatchAppendResp.Success();
  if (revision < 0) answer.setNoStream(new emptyMessages.Empty());
  else answer.setCurrentRevision(String(revision));
  if (position === undefined) answer.setNoPosition(new emptyMessages.Empty());
  else {
    const place = new shared.AllStreamPosition();
    place.setCommitPosition(String(position));
    place.setPreparePosition(String(position));
    answer.setPosition(place);
  }
  const response = new streamsMessages.BatchAppendResp();
  response.setSuccess(answer);
  return response;
};

const failed = (error: status.Status): BatchAppendResp => {
  const response = new streamsMessages.BatchAppendResp();
  response.setError(error);
  return response;
};

const conflict = (current: number, expected: Expected): BatchAppendResp => {
  const details = new shared.WrongExpectedVersion();
  if (current < 0) details.setCurrentNoStream(new emptyMessages.Empty());
  else details.setCurrentStreamRevision(String(current));
  if (expected === "any") details.setExpectedAny(new emptyMessages.Empty());
  else if (expected === "stream_exists") details.setExpectedStreamExists(new emptyMessages.Empty());
  else if (expected < 0) details.setExpectedNoStream(new emptyMessages.Empty());
  else details.setExpectedStreamPosition(String(expected));
  return failed(asBatchStatus({ code: 6, type: "WrongExpectedVersion", details: details.serializeBinary() }));
};

/** What is left of the time the caller gives, never more than the server's own limit. */
const timeLeft = (options: Options, limitMs: number, now: number): number => {
  const deadline = options.getDeadline();
  return deadline === undefined ? limitMs : Math.min(limitMs, deadline.toDate().getTime() - now);
};

const nameIn = (options: Options | undefined): Uint8Array =>
  options?.getStreamIdentifier()?.getStreamName_asU8() ?? new Uint8Array();

export const handleBatchAppend =
  (service: Service) =>
  (call: BatchCall): void => {
    const pending = new Map<string, Pending>();
    const timers = new Set<NodeJS.Timeout>();
    let isOpen = true;
    const close = (): void => {
      isOpen = false;
      for (const timer of timers) clearTimeout(timer);
    };

    const send = (
      response: BatchAppendResp,
      correlation: ReturnType<BatchAppendReq["getCorrelationId"]>,
      name: Uint8Array,
    ): void => {
      if (!isOpen || call.writableEnded) return;
      response.setCorrelationId(correlation);
      const identifier = new shared.StreamIdentifier();
      identifier.setStreamName(name);
      response.setStreamIdentifier(identifier);
      call.write(response);
    };

    const run = async ({ options, proposed, refused }: Pending) => {
      if (refused !== undefined) throw refused;
      if (options === undefined) throw stumbled();
      const stream = Buffer.from(nameIn(options)).toString("utf8");
      const expected = expectedIn(
        options,
        options.hasStreamPosition() ? options.getStreamPosition() : undefined,
      );
      if (expected === undefined) throw noExpectation("AppendReq");
      if (stream === "") throw stumbled();
      const timeoutMs = timeLeft(options, service.commitTimeoutMs, service.now());
      if (timeoutMs <= 0) throw timedOut();
      const here = service.arrived("Streams/BatchAppend", "batchAppend", call, stream);
      await service.gate.enter(here);
      const { outcome, copies = 1 } = await service.gate.append(
        here,
        { stream, expected, events: proposed.events },
        (request, options) => service.commit(request, { timeoutMs, ...options }),
      );
      return { response: answerTo({ success, conflict }, { stream, expected }, outcome), copies };
    };

    const finish = async (request: BatchAppendReq, write: Pending): Promise<void> => {
      const correlation = request.getCorrelationId();
      const name = nameIn(write.options);
      try {
        const { response, copies } = await run(write);
        send(response, correlation, name);
        for (let copy = 1; copy < copies; copy++) {
          const unknown = new shared.UUID();
          unknown.setString(crypto.randomUUID());
          send(response.cloneMessage() as BatchAppendResp, copy === 1 ? correlation : unknown, name);
        }
      } catch (error) {
        const { batch } = error instanceof Refusal ? error : stumbled();
        if (batch === undefined) {
          close();
          call.emit("error", asStatus(error));
          return;
        }
        send(failed(asBatchStatus(batch)), correlation, name);
        if (batch.type !== "BadRequest") return;
        // A refused request is answered once more when its time is up: what kills a client that forgot it by then.
        const timer = setTimeout(() => {
          timers.delete(timer);
          const { batch: late } = timedOut();
          if (late !== undefined) send(failed(asBatchStatus(late)), correlation, name);
        }, service.commitTimeoutMs);
        timers.add(timer);
      }
    };

    call.on("data", (request: BatchAppendReq) => {
      const id = request.getCorrelationId();
      const key = Buffer.from(id?.serializeBinary() ?? []).toString("latin1");
      const write = pending.get(key) ?? {
        options: request.getOptions(),
        proposed: proposedEvents(),
        refused: undefined,
      };
      pending.set(key, write);
      try {
        for (const message of request.getProposedMessagesList()) write.proposed.add(message);
      } catch (error) {
        write.refused ??= error;
      }
      if (!request.getIsFinal()) return;
      pending.delete(key);
      void finish(request, write);
    });
    call.on("end", () => {
      close();
      call.end();
    });
    call.on("cancelled", close);
    call.on("error", close);
  };
