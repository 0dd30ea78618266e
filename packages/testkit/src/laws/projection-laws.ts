/** What is true of every projection. */
import {
  type Codec,
  type DomainEvent,
  type EncodedEvent,
  type EventEnvelope,
  emptyHead,
  memoryViews,
  onlyWanted,
  openMemoryStore,
  type Projection,
  projectionFold,
  projector,
  type StreamHead,
  sealCommit,
} from "@mission-ledger/core";
import type fc from "fast-check";
import { agree, frozen, type Law, law, throughJson } from "./law.ts";

export interface ProjectionLawOptions<Event> {
  /** Streams of events as a decider would write them. */
  readonly events: fc.Arbitrary<readonly Event[]>;
  /** Name of the stream that the events are put in. @defaultValue `"sample-1"` */
  readonly stream?: string;
}

/** The laws of a projection, one test each: `for (const { name, check } of projectionLaws(…)) test(name, () => check())`. */
export const projectionLaws = <View, Event extends DomainEvent>(
  projection: Projection<View, Event>,
  codec: Codec<Event>,
  { events, stream = "sample-1" }: ProjectionLawOptions<Event>,
): readonly Law[] => {
  const spec = projectionFold(projection, codec);
  const take = (view: View, envelopes: readonly EventEnvelope[]): View => {
    let next = view;
    for (const envelope of envelopes) next = spec.stepInPlace(next, envelope) ?? next;
    return next;
  };
  const whole = (envelopes: readonly EventEnvelope[]): View =>
    take(throughJson(projection.initial), throughJson(envelopes));
  const sealed = (sequence: readonly Event[]): readonly EventEnvelope[] =>
    sealOne(stream, sequence.map(codec.encode));

  return [
    law("a view does not depend on where it was put down and taken up again", events, (sequence) => {
      const envelopes = sealed(sequence);
      const expected = whole(envelopes);
      for (let cut = 0; cut <= envelopes.length; cut += 1) {
        const first = throughJson(
          take(throughJson(projection.initial), throughJson(envelopes.slice(0, cut))),
        );
        agree(take(first, throughJson(envelopes.slice(cut))), expected, `put down after ${cut} events`);
      }
      let view = throughJson(projection.initial);
      for (const envelope of envelopes) view = throughJson(take(view, [throughJson(envelope)]));
      agree(view, expected, "put down after every event");
    }),
    law("a view changes no event and not the projection's beginning", events, (sequence) => {
      const before = JSON.stringify(projection.initial);
      const envelopes = frozen(throughJson(sealed(sequence)));
      agree(take(throughJson(projection.initial), envelopes), whole(envelopes), "the view of frozen events");
      agree(JSON.parse(before), projection.initial, "the projection's beginning");
    }),
    law("a view needs nothing that it does not name", events, (sequence) => {
      const envelopes = sealed(sequence);
      const { wanted } = spec;
      const stripped = envelopes.flatMap((envelope) => {
        const fields = wanted?.get(envelope.type);
        if (fields === undefined) return wanted === undefined ? [envelope] : [];
        return [onlyWanted(envelope, fields)];
      });
      agree(whole(stripped), whole(envelopes), "the view of events that hold only what it needs");
    }),
    law("a view passes over events that nobody knows", events, (sequence) => {
      const known = sequence.map(codec.encode);
      const strange: EncodedEvent = { type: "SomethingOfTheFuture", version: 1, data: { strange: true } };
      const newer = known.map(({ type, version, data }) => ({ type, version: version + 1_000, data }));
      const mixed = known.flatMap((event, index) => [strange, event, newer[index] as EncodedEvent]);
      const isKnown = ({ version, type }: EventEnvelope): boolean => version < 1_000 && type !== strange.type;
      const envelopes = sealOne(stream, mixed);
      agree(whole(envelopes), whole(envelopes.filter(isKnown)), "the view of a log with strange events");
    }),
    law("a rebuilt view equals the live one", events, async (sequence) => {
      const store = openMemoryStore();
      const live = projector({ store, codec, projection, views: memoryViews() });
      let head: StreamHead = emptyHead;
      let caughtUp = await live.catchUp();
      for (const [index, event] of sequence.entries()) {
        const commit = sealCommit(head, contextOf(stream, index), [codec.encode(event)]);
        const answer = await store.append({
          commit,
          expected: head.revision < 0 ? "no_stream" : head.revision,
        });
        if (answer._tag === "Conflict") throw new Error("the events did not fit into a stream");
        head = answer.head;
        caughtUp = await live.catchUp();
      }
      const rebuilt = await projector({ store, codec, projection, views: memoryViews() }).rebuild();
      agree(caughtUp, rebuilt, "live and rebuilt");
      agree(await live.catchUp(), rebuilt, "caught up once more with nothing new");
      await store.close();
    }),
  ];
};

const contextOf = (stream: string, index: number) => ({
  stream,
  commandId: `command-${index}`,
  commandDigest: "0".repeat(64),
  recordedAt: new Date(Date.UTC(2026, 0, 1) + index * 60_000).toISOString(),
  actor: `agent-${index % 3}`,
});

/** Each event as a command of its own, a minute after the one before. */
const sealOne = (stream: string, events: readonly EncodedEvent[]): readonly EventEnvelope[] => {
  let head: StreamHead = emptyHead;
  return events.map((event, index) => {
    const [envelope] = sealCommit(head, contextOf(stream, index), [event]).events;
    head = envelope as EventEnvelope;
    return envelope as EventEnvelope;
  });
};
