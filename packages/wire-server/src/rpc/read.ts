/** Streams/Read: a range that ends, or a subscription that does not. */
import { type Range, readAllRange, readStreamRange } from "../log/read.ts";
import { asStatus, readFailed, streamDeleted, stumbled } from "../wire/refusals.ts";
import { shared, streamsMessages } from "../wire/stubs.ts";
import { encoded } from "./encoded.ts";
import { type Outlet, openOutlet, type ReadCall, type ReadResp } from "./outlet.ts";
import { type ReadRequest, readRequestIn } from "./read-request.ts";
import type { Service } from "./service.ts";
import { subscribeToAll, subscribeToStream } from "./subscribe.ts";

const streamNotFound = (name: string): ReadResp => {
  const identifier = new shared.StreamIdentifier();
  identifier.setStreamName(Buffer.from(name, "utf8"));
  const missing = new streamsMessages.ReadResp.StreamNotFound();
  missing.setStreamIdentifier(identifier);
  const response = new streamsMessages.ReadResp();
  response.setStreamNotFound(missing);
  return response;
};

const sendRange = async (service: Service, request: ReadRequest, range: Range, outlet: Outlet) => {
  switch (range._tag) {
    case "Impossible":
      throw readFailed(request.stream === undefined ? "All" : "Stream");
    case "Tombstoned":
      throw streamDeleted(request.stream ?? "$all");
    case "Missing":
      await outlet.message(streamNotFound(request.stream ?? "$all"));
      return outlet.end();
    case "Records":
      for (const record of range.records) {
        const waiting = outlet.event(encoded(service, request, record));
        if (waiting !== undefined) await waiting;
        if (!outlet.isOpen()) return;
      }
      return outlet.end();
  }
};

const run = async (service: Service, call: ReadCall): Promise<void> => {
  const isSubscription = call.request.getOptions()?.hasSubscription() ?? false;
  const name = call.request.getOptions()?.getStream()?.getStreamIdentifier()?.getStreamName_asU8();
  const here = service.arrived(
    "Streams/Read",
    isSubscription ? "subscribe" : "read",
    call,
    name === undefined ? undefined : Buffer.from(name).toString("utf8"),
  );
  try {
    await service.gate.enter(here);
    const terms = await service.gate.read(here);
    const request = requested(service, call);
    const outlet = openOutlet(call, here, terms);
    try {
      const { count, from, isBackwards, stream } = request;
      if (count === undefined) {
        const subscribe = stream === undefined ? subscribeToAll : subscribeToStream;
        await subscribe(service, request, outlet, terms);
        return;
      }
      const end = Math.max(0, service.log.visible() - (terms.unseen ?? 0));
      const range =
        stream === undefined
          ? readAllRange(service.log, request.filter, { from, isBackwards, count, end })
          : readStreamRange(service.log, stream, { from, isBackwards, count, end });
      await sendRange(service, request, range, outlet);
    } catch (error) {
      outlet.fail(error);
    }
  } catch (error) {
    if (!here.signal.aborted) call.emit("error", asStatus(error));
  }
};

/** A request that cannot be understood is one the server stumbles over, such as a regular expression that is none. */
const requested = (service: Service, call: ReadCall): ReadRequest => {
  try {
    return readRequestIn(call.request, service.log);
  } catch (error) {
    throw error instanceof SyntaxError ? stumbled() : error;
  }
};

export const handleRead =
  (service: Service) =>
  (call: ReadCall): void => {
    void run(service, call);
  };
