/** Cases about what is stored: everything that was sealed comes back as it was, and nobody can reach into the log. */
import {
  checkLink,
  digestOfEvent,
  type EncodedEvent,
  emptyHead,
  isStoreFault,
  type Json,
  type JsonObject,
  type StreamHead,
} from "@mission-ledger/core";
import { expectedAfter } from "../writing.ts";
import { ConformanceFailure, claim, same } from "./failure.ts";
import type { CaseContext, StoreCase } from "./harness.ts";
import {
  appendedOr,
  appendNext,
  collect,
  commitOn,
  noted,
  notes,
  readStream,
  requestOn,
  sealedParts,
} from "./writer.ts";

const stream = "mission-m1";

const nested = (levels: number): Json =>
  levels === 0 ? "deep" : levels % 2 === 0 ? { in: nested(levels - 1) } : [nested(levels - 1)];

/** Appends the events, then compares every way of reading them with what was sealed. */
const keeps = async ({ store }: CaseContext, events: readonly EncodedEvent[]): Promise<void> => {
  const appended = await appendNext(store, stream, { events });
  const sealed = appended.commit.events;
  const read = await readStream(store, stream);
  same(sealedParts(read), sealed, "a read gives what was sealed");
  same(
    sealedParts((await store.readBack(appended)) as typeof read),
    sealed,
    "a readback gives what was sealed",
  );
  same(sealedParts(await collect(store.readAll())), sealed, "a read of the whole log gives what was sealed");
  same(
    await store.findCommand(stream, appended.commit.commandId),
    appended.commit,
    "findCommand gives what was sealed",
  );
  let head: StreamHead = emptyHead;
  for (const event of read) {
    claim(checkLink(head, event) === undefined, "the chain holds");
    head = event;
  }
};

const kept = (name: string, ...data: readonly JsonObject[]): StoreCase => ({
  name,
  run: (context) => keeps(context, data.map(noted)),
});

export const contentCases: readonly StoreCase[] = [
  kept(
    "empty objects, empty lists, empty strings and nulls are kept",
    {},
    { a: {}, b: [], c: "", d: null, e: [null, {}, [], ""] },
  ),
  kept("numbers are kept exactly", {
    numbers: [0, 1, -1, 0.1, 1e-7, 1.5e-300, 5e-324, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 1 / 3],
  }),
  kept(
    "unicode is kept code unit by code unit",
    { composed: "\u00e9", decomposed: "e\u0301", ligature: "\ufb01", angstrom: "\u212b", kelvin: "\u212a" },
    {
      astral: "\u{1f469}\u200d\u{1f680}",
      rightToLeft: "\u202eabc",
      separators: "\u2028\u2029",
      bom: "\ufeffx",
      last: "\uffff",
    },
    { "\u00e9": 1, "e\u0301": 2, "\u{1f680}": 3, "": 4 },
  ),
  kept("control characters, quotes and line ends are kept", {
    controls: Array.from({ length: 32 }, (_, code) => String.fromCharCode(code)).join(""),
    delete: "\u007f\u0080\u009f",
    quotes: "\"'\\`/\\u0000\\n",
    lines: "a\nb\r\nc\rd",
    record: '{"crc":"00000000"}\n #torn\n<<<<<<< ours',
  }),
  kept("thirty levels of nesting are kept", { in: nested(29) }),
  kept("long strings are kept", {
    ascii: "0123456789".repeat(2_000),
    wide: "\u00e9\u4e2d\u{1f680}".repeat(1_000),
  }),
  kept(
    "keys that programs trip over are kept",
    { toString: 1, valueOf: 2, hasOwnProperty: 3, length: 4, toJSON: 5 },
    {
      type: "x",
      id: "y",
      stream: "z",
      revision: 99,
      digest: "d",
      previous: "p",
      position: "q",
      data: {},
      _tag: "Conflict",
    },
    { 10: "ten", 9: "nine", "-1": "minus", "a.b": 1, "a b": 2, $where: 3, "'; drop table events; --": 4 },
  ),
  {
    name: "event types that nobody knows are kept",
    run: (context) =>
      keeps(context, [
        { type: "SomethingOfTheFuture", version: 7, data: { x: 1 } },
        { type: 'with space, "quotes" and \u00fcml\u00e4ut', version: 1, data: {} },
        { type: "constructor", version: 1, data: {} },
        { type: "$metadata", version: 999, data: {} },
      ]),
  },
  {
    name: "who, why and when are kept",
    run: async ({ store }) => {
      const base = commitOn(stream, emptyHead, { correlationId: "corr-\u00e9", causationId: "cause-1" });
      appendedOr(await store.append({ commit: base, expected: "no_stream" }));
      await appendNext(store, stream);
      const [first, second] = await readStream(store, stream);
      same(
        {
          actor: first?.actor,
          recordedAt: first?.recordedAt,
          correlationId: first?.correlationId,
          causationId: first?.causationId,
        },
        {
          actor: "agent-1",
          recordedAt: "2026-01-02T03:04:05.678Z",
          correlationId: "corr-\u00e9",
          causationId: "cause-1",
        },
        "metadata comes back",
      );
      claim(!("correlationId" in (second ?? {})), "what was not given is absent, not null");
    },
  },
  {
    name: "the digest of every stored event follows from its content",
    run: async ({ store }) => {
      await appendNext(store, stream, {
        events: [noted({ z: 1, a: [1, { y: "\u00e9", b: null }] }), ...notes(3)],
      });
      for (const event of await collect(store.readAll()))
        claim(
          event.digest === digestOfEvent(event),
          `the digest of revision ${event.revision} does not follow from its content`,
        );
    },
  },
  {
    name: "changing what a read gave does not change the log",
    run: async ({ store }) => {
      const appended = await appendNext(store, stream, {
        commandId: "kept",
        events: [noted({ a: { b: 1 } }), noted({ a: { b: 2 } })],
      });
      const sealed = JSON.parse(JSON.stringify(appended.commit)) as typeof appended.commit;
      const ways: Readonly<Record<string, () => Promise<unknown>>> = {
        read: () => readStream(store, stream),
        readAll: () => collect(store.readAll()),
        readBack: () => store.readBack(appended),
        findCommand: () => store.findCommand(stream, "kept"),
        repeat: async () => appendedOr(await store.append({ commit: sealed, expected: "no_stream" })).commit,
        head: () => store.head(stream),
        streams: () => store.streams("mission"),
      };
      for (const [way, look] of Object.entries(ways)) {
        const before = JSON.stringify(await look());
        vandalise(await look());
        same(await look(), JSON.parse(before), `${way} gives the same after its answer was changed`);
        same(
          sealedParts(await readStream(store, stream)),
          sealed.events,
          `a read gives the same after ${way}'s answer was changed`,
        );
      }
    },
  },
  {
    name: "changing a request after it was answered does not change the log",
    run: async ({ store }) => {
      const data = { a: { b: 1 }, list: [1, 2, 3] };
      const request = requestOn(stream, emptyHead, { commandId: "kept", events: [noted(data)] });
      const sealed = JSON.parse(JSON.stringify(request.commit)) as typeof request.commit;
      const appended = appendedOr(await store.append(request));
      vandalise(data);
      vandalise(request.commit);
      vandalise(appended.commit.events);
      same(sealedParts(await readStream(store, stream)), sealed.events, "a read gives what was appended");
      same(await store.findCommand(stream, "kept"), sealed, "findCommand gives what was appended");
    },
  },
  {
    name: "hostile stream names are kept apart or refused, with nothing written",
    run: async ({ store }) => {
      for (const name of hostileNames) {
        const request = requestOn(name, emptyHead);
        try {
          appendedOr(await store.append(request));
        } catch (error) {
          if (error instanceof ConformanceFailure)
            throw new ConformanceFailure(`${JSON.stringify(name)} meets the events of another stream`);
          if (!isStoreFault(error))
            throw new ConformanceFailure(`${JSON.stringify(name)} is refused with ${String(error)}`);
          claim(error.outcome === "not_written", `${JSON.stringify(name)} is refused for certain`);
          continue;
        }
        same(
          sealedParts(await readStream(store, name)),
          request.commit.events,
          `${JSON.stringify(name)} holds its own event`,
        );
        const { head } = appendedOr(await store.append(requestOn(name, { ...(await store.head(name)) })));
        claim(expectedAfter(head) === 1, `${JSON.stringify(name)} goes on`);
        const category = name.slice(0, name.indexOf("-"));
        claim(
          (await store.streams(category)).includes(name),
          `${JSON.stringify(name)} is listed under its name`,
        );
      }
    },
  },
];

const hostileNames: readonly string[] = [
  "mission-a",
  "mission-A",
  "Mission-a",
  "mission-\u00e9",
  "mission-e\u0301",
  "mission-con",
  "mission-nul.txt",
  "mission-a.",
  "mission-a ",
  "mission-..",
  "mission-../../../tmp/x",
  "mission-a/b",
  "mission-a\\b",
  "mission-a:b",
  "mission-a%2fb",
  "mission-%41",
  "mission--",
  "mission-a\u0000b",
  "mission-a\nb",
  "mission-__proto__",
  "__proto__-a",
  "constructor-a",
  "mission-'; drop table events; --",
  `mission-${"x".repeat(300)}`,
];

/** Changes everything within reach; what is frozen stays as it is. */
const vandalise = (value: unknown): void => {
  if (typeof value !== "object" || value === null) return;
  for (const [key, member] of Object.entries(value)) {
    vandalise(member);
    try {
      (value as Record<string, unknown>)[key] = "vandalised";
    } catch {
      // Frozen: just as well.
    }
  }
  try {
    if (Array.isArray(value)) value.push("vandalised");
    else (value as Record<string, unknown>).vandalised = true;
  } catch {
    // Frozen: just as well.
  }
};
