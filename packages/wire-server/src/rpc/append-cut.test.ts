/** A request whose end never came is no request: half a write must not stand in the log. */
import http2 from "node:http2";
import { expect, test } from "vitest";
import { idOf } from "../testing/raw-calls.ts";
import { served, stored } from "../testing/servers.ts";
import { shared, streamsMessages } from "../wire/stubs.ts";

/** A gRPC message as it stands on the wire. */
const framed = (message: { serializeBinary(): Uint8Array }): Buffer => {
  const body = Buffer.from(message.serializeBinary());
  const head = Buffer.alloc(5);
  head.writeUInt32BE(body.length, 1);
  return Buffer.concat([head, body]);
};

const optionsFor = (stream: string): streamsMessages.AppendReq => {
  const identifier = new shared.StreamIdentifier();
  identifier.setStreamName(Buffer.from(stream));
  const options = new streamsMessages.AppendReq.Options();
  options.setStreamIdentifier(identifier);
  options.setNoStream(new shared.Empty());
  const request = new streamsMessages.AppendReq();
  request.setOptions(options);
  return request;
};

const proposed = (word: string): streamsMessages.AppendReq => {
  const id = new shared.UUID();
  id.setString(idOf(word));
  const message = new streamsMessages.AppendReq.ProposedMessage();
  message.setId(id);
  message.getMetadataMap().set("type", word).set("content-type", "application/json");
  message.setData(Buffer.from("{}"));
  const request = new streamsMessages.AppendReq();
  request.setProposedMessage(message);
  return request;
};

test.each([
  ["whose connection breaks", (session: http2.ClientHttp2Session) => session.destroy()],
  [
    "that is reset",
    (_: http2.ClientHttp2Session, request: http2.ClientHttp2Stream) =>
      request.close(http2.constants.NGHTTP2_CANCEL),
  ],
])("an append %s after its first event is not stored", async (_, breakOff) => {
  const { server, raw } = await served();
  for (let round = 0; round < 20; round += 1) {
    const session = http2.connect(`http://127.0.0.1:${server.port}`);
    session.on("error", () => {});
    const request = session.request({
      ":method": "POST",
      ":path": "/event_store.client.streams.Streams/Append",
      "content-type": "application/grpc",
      te: "trailers",
    });
    request.on("error", () => {});
    const half = Buffer.concat([framed(optionsFor("half")), framed(proposed("first"))]);
    await new Promise((resolve) => request.write(half, resolve));
    // Answered on the same connection, so the server has what was sent before.
    await new Promise((resolve) => session.ping((_, __, payload) => resolve(payload)));
    breakOff(session, request);
    expect((await raw.append(`other-${round}`, -1, ["x"])).status).toBe("ok");
    session.destroy();
  }
  expect((await raw.append("last", -1, ["x"])).status).toBe("ok");
  expect(stored(server, "half")).toEqual([]);
});
