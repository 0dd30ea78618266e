/** A ledger of files onto a server, as its store would have written it, but hundreds of events in one call. */
import { nameBasedUuid } from "@mission-ledger/core";
import { openGateway, parseAddress } from "@mission-ledger/store-eventstoredb";
import { openFileStore } from "@mission-ledger/store-file";
import { streamNames } from "../../packages/store-eventstoredb/dist/layout/names.js";
import { gatewayEvents } from "../../packages/store-eventstoredb/dist/layout/stored-event.js";

/** Events that are sorted by stream before they are sent: streams still take turns in the server's log. */
const windowEvents = 4_096;
const mostInOneCall = 256;

/** Fills an empty ledger. Answers with how many events there were. */
export const fillServer = async ({ directory, url, say }) => {
  const { ledger = "" } = parseAddress(url);
  const names = streamNames(ledger);
  const gateway = await openGateway({ url, deadlineMs: 60_000 });
  const store = await openFileStore({ directory });
  const ends = new Map();
  const append = async (stream, events) => {
    for (let at = 0; at < events.length; at += mostInOneCall) {
      const sent = events.slice(at, at + mostInOneCall);
      const expected = ends.get(stream) ?? "no_stream";
      const answer = await gateway.append({ stream, expected, events: sent });
      if (answer._tag !== "Acknowledged") throw new Error(`${stream} is not as it was left`);
      ends.set(stream, answer.revision);
    }
  };
  let events = 0;
  let pending = new Map();
  let waiting = 0;
  const flush = async () => {
    for (const [stream, list] of pending) await append(names.onServer(stream), commitEvents(list));
    pending = new Map();
    waiting = 0;
  };
  try {
    const streams = await store.streams("mission");
    await append(names.catalogue, streams.map(entryOf));
    for await (const batch of store.readAll({ category: "mission" })) {
      for (const event of batch) {
        const { stream } = event;
        // A command's events go together, so a window may end only before another command.
        if (waiting >= windowEvents && pending.get(stream)?.at(-1)?.commandId !== event.commandId)
          await flush();
        const list = pending.get(stream);
        if (list === undefined) pending.set(stream, [event]);
        else list.push(event);
        waiting += 1;
        events += 1;
        if (events % 100_000 === 0) say(`${events} events are on the server`);
      }
    }
    await flush();
    return { events, missions: streams.length };
  } finally {
    await store.close();
    await gateway.close();
  }
};

/** As `packages/store-eventstoredb/src/catalogue/catalogue.ts` makes them. */
const entryOf = (stream) => ({
  id: nameBasedUuid("3f0a4a52-6a0e-4a60-9c0f-5b3c8f6f1d27", stream),
  type: "StreamListed",
  data: { stream },
  metadata: { ledger: 1 },
});

const commitEvents = (events) => {
  const sent = [];
  for (let from = 0; from < events.length; ) {
    let to = from + 1;
    while (to < events.length && events[to].commandId === events[from].commandId) to += 1;
    const commit = { commandDigest: "0".repeat(64), events: events.slice(from, to) };
    sent.push(...gatewayEvents(commit, crypto.randomUUID()));
    from = to;
  }
  return sent;
};
