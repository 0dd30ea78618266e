/** The server with the real client: what a store will meet. */
import {
  type AllStreamSubscription,
  END,
  EventStoreDBClient,
  jsonEvent,
  type ResolvedEvent,
  START,
  streamNameFilter,
} from "@eventstore/db-client";
import { afterEach, describe, expect, test } from "vitest";
import { startWireServer, type WireServerOptions } from "./index.ts";

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** Placeholder credentials keep the client on the path that has deadlines. */
const credentials = { username: "nobody", password: "nothing" };
const opened = async (options: WireServerOptions = {}) => {
  const server = await startWireServer(options);
  const client = EventStoreDBClient.connectionString(server.url);
  stops.push(async () => {
    await client.dispose();
    await server.stop();
  });
  const append = (stream: string, ...numbers: readonly number[]) =>
    client.appendToStream(
      stream,
      numbers.map((n) => jsonEvent({ type: "T", data: { n } })),
      { credentials },
    );
  return { server, client, append };
};
const numberIn = ({ event }: ResolvedEvent): unknown =>
  (event?.data as { readonly n?: number } | undefined)?.n;

/** What a subscription said, in words, until so much was said. */
const heard = (subscription: AllStreamSubscription, until: number): Promise<readonly unknown[]> =>
  new Promise((resolve, reject) => {
    const words: unknown[] = [];
    const say = (word: unknown): void => {
      words.push(word);
      if (words.length === until) resolve(words);
    };
    subscription.on("data", (resolved) => say(numberIn(resolved)));
    subscription.on("confirmation", () => say("confirmed"));
    subscription.on("caughtUp", () => say("caught up"));
    subscription.on("error", reject);
  });

describe("a subscription to the whole log", () => {
  test("tells what was there, that it caught up, and then each event as it comes", async () => {
    const { client, append } = await opened();
    await append("mission-1", 0, 1);
    const subscription = client.subscribeToAll({ fromPosition: START });
    const words = heard(subscription, 6);
    subscription.once("caughtUp", () => void append("mission-2", 2, 3));
    expect(await words).toEqual(["confirmed", 0, 1, "caught up", 2, 3]);
    await subscription.unsubscribe();
  });

  test("marks how far it looked where its filter lets little through", async () => {
    const { client, append, server } = await opened();
    const numbers = Array.from({ length: 100 }, (_, n) => n);
    await append("other-1", ...numbers);
    const checkpoints: bigint[] = [];
    const subscription = client.subscribeToAll({
      fromPosition: START,
      filter: streamNameFilter({
        prefixes: ["mission-"],
        maxSearchWindow: 10,
        checkpointInterval: 2,
        checkpointReached: (_subscription, position) => {
          checkpoints.push(position.commit);
        },
      }),
    });
    const words = heard(subscription, 3);
    subscription.once("caughtUp", () => void append("mission-1", 7));
    expect(await words).toEqual(["confirmed", "caught up", 7]);
    const considered = server.events("other-1").map(({ position }) => position);
    expect(checkpoints).toEqual([19, 39, 59, 79, 99].map((n) => considered[n]));
    await subscription.unsubscribe();
  });

  test("ends with an error when the server is killed, and goes on from its position when it is back", async () => {
    const { client, append, server } = await opened();
    await append("mission-1", 0);
    const first = client.subscribeToAll({ fromPosition: START });
    const caughtUp = new Promise((resolve) => first.once("caughtUp", resolve));
    let last: ResolvedEvent | undefined;
    first.on("data", (resolved) => {
      last = resolved;
    });
    const failed = new Promise<Error>((resolve) => first.once("error", resolve));
    await caughtUp;
    await server.kill();
    expect(await failed).toBeInstanceOf(Error);
    await server.start();
    await append("mission-1", 1);
    const position = last?.event?.position;
    if (position === undefined) throw new Error("no position was told");
    const second = client.subscribeToAll({ fromPosition: position });
    expect(await heard(second, 3)).toEqual(["confirmed", 1, "caught up"]);
    await second.unsubscribe();
  });
});

describe("a server", () => {
  test("keeps its port and its log through a kill", async () => {
    const { append, client, server } = await opened();
    const { port } = server;
    await append("mission-1", 0);
    await server.kill();
    await expect(append("mission-1", 1)).rejects.toThrow();
    await server.start();
    await append("mission-1", 1);
    const numbers: unknown[] = [];
    for await (const resolved of client.readStream("mission-1")) numbers.push(numberIn(resolved));
    expect(numbers).toEqual([0, 1]);
    expect(server.port).toBe(port);
  });

  test("gives a link's target in its place, and the link beside it", async () => {
    const { client, append } = await opened();
    await append("mission-1", 0, 1);
    await client.appendToStream(
      "links",
      [{ ...jsonEvent({ type: "$>", data: {} }), ...linkTo("1@mission-1") }],
      {
        credentials,
      },
    );
    const found: unknown[] = [];
    for await (const { event, link } of client.readStream("links", { resolveLinkTos: true })) {
      found.push([event?.streamId, event?.revision, link?.streamId, link?.revision]);
    }
    expect(found).toEqual([["mission-1", 1n, "links", 0n]]);
  });

  test("serves what was put in another's place behind everybody's back", async () => {
    const { client, append, server } = await opened();
    await append("mission-1", 0, 1);
    server.tamper("mission-1", 1n, { data: Buffer.from('{"n":9}') });
    const numbers: unknown[] = [];
    for await (const resolved of client.readStream("mission-1")) numbers.push(numberIn(resolved));
    expect(numbers).toEqual([0, 9]);
  });

  test("counts calls by name, the refused ones too", async () => {
    const { client, append, server } = await opened();
    await append("mission-1", 0);
    await expect(
      client.appendToStream("", jsonEvent({ type: "T", data: {} }), { credentials }),
    ).rejects.toThrow();
    for await (const _ of client.readAll({ fromPosition: END, direction: "backwards", maxCount: 1 }));
    expect([...server.calls()]).toEqual([
      ["Streams/Append", 2],
      ["Streams/Read", 1],
    ]);
  });
});

/** The client has no word for a link's content, which is text. */
const linkTo = (
  target: string,
): { readonly contentType: "application/octet-stream"; readonly data: Uint8Array } => ({
  contentType: "application/octet-stream",
  data: Buffer.from(target),
});
