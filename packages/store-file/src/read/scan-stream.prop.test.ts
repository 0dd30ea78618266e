import {
  type Commit,
  type EventEnvelope,
  emptyHead,
  isStoreFault,
  type JsonObject,
  type Scanned,
  type ScanOptions,
  scanByReading,
  sealCommit,
  type WantedFields,
} from "@mission-ledger/core";
import { commits, encodedEvents, jsonNumbers, jsonObjects } from "@mission-ledger/testkit";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { FilePort, FileStatus } from "../files/file-port.ts";
import { layoutOf } from "../layout.ts";
import { crc32 } from "../log/checksum.ts";
import { encodeRecord } from "../log/record.ts";
import { sealLine } from "../log/sealed-line.ts";
import { readStream } from "./read-stream.ts";
import { scanStream } from "./scan-stream.ts";

const stream = "mission-m1";
const layout = layoutOf("/ledger");

/** A disk that holds one log; reads give at most so many bytes at once. */
const diskOf = (log: Buffer, mostBytes: number): FilePort =>
  ({
    open: () => 7,
    close: () => {},
    lstat: () => undefined,
    fstat: () => ({ ino: 12, size: log.length, nlink: 1, isFile: () => true }) as FileStatus,
    read: (_: number, buffer: Uint8Array, offset: number, length: number, position: number) => {
      const part = log.subarray(position, position + Math.min(length, mostBytes));
      buffer.set(part, offset);
      return part.length;
    },
  }) as Partial<FilePort> as FilePort;

interface Heard {
  readonly said: readonly unknown[];
  readonly fault?: string;
  readonly scanned?: Omit<Scanned, "head"> & { readonly revision: number; readonly digest: string | null };
}

const withoutAbsent = (event: EventEnvelope): unknown => JSON.parse(JSON.stringify(event));

const hear = async (
  run: (sink: {
    take(event: EventEnvelope): void;
    pass(type: string, version: number): void;
  }) => Promise<Scanned>,
): Promise<Heard> => {
  const said: unknown[] = [];
  try {
    const { head, events, gaps } = await run({
      take: (event) => said.push(withoutAbsent(event)),
      pass: (type, version) => said.push(`${version} ${type}`),
    });
    return { said, scanned: { events, gaps, revision: head.revision, digest: head.digest } };
  } catch (error) {
    if (!isStoreFault(error)) throw error;
    return { said: error.code === "UNSUPPORTED_FORMAT" ? [] : said, fault: error.code };
  }
};

const scanOf = (log: Buffer, options: ScanOptions, mostBytes = 65_536, of = stream) =>
  hear((sink) =>
    scanStream({ files: diskOf(log, mostBytes), layout, ensureOpen: () => {} }, of, options, sink),
  );
const readingOf = (log: Buffer, options: ScanOptions, of = stream) =>
  hear((sink) =>
    scanByReading(
      {
        read: (name, to) =>
          readStream({ files: diskOf(log, 65_536), layout, ensureOpen: () => {} }, name, to ?? {}),
      },
      of,
      options,
      sink,
    ),
  );

/** What a log may hold besides whole records in their order. */
type Mishap =
  | { readonly what: "drop" | "twice" | "swap" | "torn" | "glued" | "return" | "marker" | "open" | "demoted" }
  | { readonly what: "newer" | "spaced" | "reordered" | "truncated" | "unquoted" | "bracket" | "doubled" }
  | { readonly what: "prototype" | "escaped" | "long" | "huge" | "foreign" | "number" | "otherStream" }
  | { readonly what: "flip"; readonly at: number; readonly bit: number }
  | { readonly what: "resealed"; readonly at: number; readonly byte: number };

const plainMishaps = [
  "drop",
  "twice",
  "swap",
  "torn",
  "glued",
  "return",
  "marker",
  "open",
  "demoted",
  "newer",
  "spaced",
  "reordered",
  "truncated",
  "unquoted",
  "bracket",
  "doubled",
  "prototype",
  "escaped",
  "long",
  "huge",
  "foreign",
  "number",
  "otherStream",
] as const;

const mishaps: fc.Arbitrary<Mishap> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...plainMishaps).map((what) => ({ what })) },
  {
    weight: 1,
    arbitrary: fc.record({
      what: fc.constant("flip" as const),
      at: fc.nat({ max: 5_000 }),
      bit: fc.nat({ max: 7 }),
    }),
  },
  {
    // What no disk does: a changed byte under a checksum that is right all the same.
    weight: 3,
    arbitrary: fc.record({
      what: fc.constant("resealed" as const),
      at: fc.nat({ max: 5_000 }),
      byte: fc.constantFrom(...Buffer.from('"\\{}[]:,0-1.eE+ntfu \n\t\r\0\x7f\xc3aZ', "latin1")),
    }),
  },
);

const unsealed = (line: Buffer): string => `${line.toString("latin1", 0, line.length - 19)}}`;
/** Seals bytes as they are, also such as are no UTF-8. */
const sealBytes = (body: Buffer): Buffer => {
  const kept = body.subarray(0, -1);
  const checksum = crc32(kept).toString(16).padStart(8, "0");
  return Buffer.concat([kept, Buffer.from(`,"crc":"${checksum}"}\n`)]);
};
const edited = (line: Buffer, edit: (text: string) => string): Buffer =>
  sealLine(edit(Buffer.from(unsealed(line), "latin1").toString("utf8")));

const lineWith = (commit: Commit, seq: number, mishap: Mishap | undefined): readonly Buffer[] => {
  const encode = (branch?: "open" | "demoted", origin = "origin-a") =>
    encodeRecord(commit, { origin, seq, ...(branch === undefined ? {} : { branch }) }, 1_000_000);
  const line = encode();
  if (mishap === undefined) return [line];
  switch (mishap.what) {
    case "drop":
      return [];
    case "twice":
      return [line, line];
    case "swap":
      return [line];
    case "torn":
      return [Buffer.concat([line.subarray(0, line.length >> 1), Buffer.from(" #torn\n")]), line];
    case "glued":
      return [Buffer.concat([line.subarray(0, line.length >> 1), line])];
    case "return":
      return [Buffer.concat([line.subarray(0, -1), Buffer.from("\r\n")])];
    case "marker":
      return [Buffer.from("<<<<<<< HEAD\n"), line, Buffer.from("\n")];
    case "open":
    case "demoted":
      return [encode(mishap.what), line];
    case "foreign":
      return [encode(undefined, "origin-b")];
    case "newer":
      return [edited(line, (text) => text.replace('"v":1', '"v":2'))];
    case "spaced":
      return [edited(line, (text) => text.replace('"data":', '"data": '))];
    case "reordered":
      return [
        edited(line, (text) => text.replace(/("commandId":"[^"]*"),("commandDigest":"[^"]*")/, "$2,$1")),
      ];
    case "truncated":
      return [edited(line, (text) => `${text.slice(0, -3)}}`)];
    case "unquoted":
      return [edited(line, (text) => text.replace(/"type":"[^"]*"/, '"type":null'))];
    case "bracket":
      return [edited(line, (text) => text.replace("]}", "]]}"))];
    case "doubled":
      return [edited(line, (text) => text.replace('"data":{', '"data":{"a":1,"a":"two",'))];
    case "prototype":
      return [edited(line, (text) => text.replace('"data":{', '"data":{"x":{"__proto__":{"a":1}},'))];
    case "escaped":
      return [edited(line, (text) => text.replace('"data":{', '"data":{"a":"\\u0061\\n\\"","\\u0062":1,'))];
    case "number":
      return [edited(line, (text) => text.replace('"data":{', '"data":{"a":-1.5e3,"b":01,'))];
    case "long":
      return [edited(line, (text) => text.replace('"data":{', `"data":{"long":"${"x".repeat(70_000)}",`))];
    case "huge":
      return [
        edited(line, (text) => text.replace('"data":{', `"data":{"huge":"${"x".repeat(1_048_600)}",`)),
        line,
      ];
    case "otherStream":
      return [edited(line, (text) => text.replace('"mission-m1"', '"mission-m2"'))];
    case "flip": {
      const flipped = Buffer.from(line);
      const at = mishap.at % flipped.length;
      flipped[at] = (flipped[at] as number) ^ (1 << mishap.bit);
      return [flipped];
    }
    case "resealed": {
      const body = Buffer.from(unsealed(line), "latin1");
      body[mishap.at % (body.length - 1)] = mishap.byte;
      return [sealBytes(body)];
    }
  }
};

const textsWithEscapes = fc.record({
  a: fc.oneof(
    fc.string(),
    fc.constantFrom('say "x"', "back\\slash", "two\nlines", "tab\t", "größer", "日本", "\u0001"),
  ),
  c: jsonNumbers,
  d: jsonObjects,
});

const events = fc.oneof(
  encodedEvents,
  fc.record({
    type: fc.constantFrom("Noted", "Opened", "Grüße", 'with "quotes"', ""),
    version: fc.integer({ min: 1, max: 3 }),
    data: fc.oneof(
      textsWithEscapes as fc.Arbitrary<JsonObject>,
      fc.record({ workPackageId: fc.constantFrom("WP01", "WP02"), to: fc.constantFrom("done", "planned") }),
    ),
  }),
);

const logs = fc
  .tuple(
    commits({ stream, maxCommits: 9, events }),
    fc.array(fc.option(mishaps, { nil: undefined, freq: 3 }), { minLength: 9, maxLength: 9 }),
  )
  .map(([list, wishes]) => {
    const swap = wishes.findIndex((mishap) => mishap?.what === "swap");
    const order = [...list.keys()];
    if (swap > 0 && swap < order.length) [order[swap - 1], order[swap]] = [swap, swap - 1];
    return {
      lines: order.map((index) => lineWith(list[index] as Commit, index + 1, wishes[index])),
      heads: list.flatMap((commit) => commit.events),
    };
  });

const wanteds: fc.Arbitrary<ReadonlyMap<string, WantedFields>> = fc
  .dictionary(
    fc.constantFrom("Noted", "Opened", "Closed", "Grüße", 'with "quotes"', ""),
    fc.record(
      {
        data: fc.subarray(["a", "c", "d", "workPackageId", "to"]),
        meta: fc.subarray([
          "id",
          "recordedAt",
          "actor",
          "commandId",
          "correlationId",
          "previous",
          "digest",
        ] as const),
        version: fc.integer({ min: 1, max: 3 }),
      },
      { requiredKeys: [] },
    ),
  )
  .map((entries) => new Map(Object.entries(entries) as [string, WantedFields][]));

/** `onlyWanted` is the least that may be handed over; a scan may hand over more of the data. */
const cutTo = (heard: Heard, wanted: ReadonlyMap<string, WantedFields>): Heard => ({
  ...heard,
  said: heard.said.map((item) => {
    if (typeof item === "string") return item;
    const event = item as EventEnvelope;
    const { data, version } = wanted.get(event.type) ?? {};
    if (data === undefined || (version !== undefined && version !== event.version)) return event;
    return {
      ...event,
      data: Object.fromEntries(Object.entries(event.data).filter(([key]) => data.includes(key))),
    };
  }),
});

describe("scanning a log", () => {
  test("hands over what reading it would, whatever the log holds", async () => {
    const property = fc.asyncProperty(
      logs,
      wanteds,
      fc.constantFrom(1_000, 4_096, 65_536),
      fc.option(fc.nat({ max: 20 }), { nil: undefined }),
      fc.option(fc.nat({ max: 20 }), { nil: undefined }),
      fc.nat({ max: 40 }),
      async ({ lines, heads }, wanted, mostBytes, to, from, cutOff) => {
        const whole = Buffer.concat(lines.flat());
        const log = whole.subarray(0, whole.length - Math.min(cutOff, whole.length));
        const after = from === undefined ? undefined : heads[from];
        const options: ScanOptions = {
          wanted,
          ...(to === undefined ? {} : { to }),
          ...(after === undefined ? {} : { after: { revision: after.revision, digest: after.digest } }),
        };
        const heard = await scanOf(log, options, mostBytes);
        expect(cutTo(heard, wanted)).toEqual(await readingOf(log, options));
      },
    );
    await fc.assert(property, { numRuns: 600 });
  });

  test("ends with a mark from which both go on, and which they check", async () => {
    const property = fc.asyncProperty(logs, fc.nat({ max: 12 }), async ({ lines }, cut) => {
      const first = Buffer.concat(lines.slice(0, cut).flat());
      const log = Buffer.concat(lines.flat());
      const files = diskOf(log, 65_536);
      const wanted = new Map([["Noted", {}]]);
      const scanned = await scanStream(
        { files: diskOf(first, 65_536), layout, ensureOpen: () => {} },
        stream,
        { wanted },
        { take: () => {}, pass: () => {} },
      ).catch(() => undefined);
      fc.pre(scanned?.head.mark !== undefined);
      const options = { wanted, after: (scanned as Scanned).head };
      const heard = await hear((sink) =>
        scanStream({ files, layout, ensureOpen: () => {} }, stream, options, sink),
      );
      expect(heard).toEqual(await readingOf(log, options));
    });
    await fc.assert(property, { numRuns: 100 });
  });

  test("of many blocks is the same as of one", async () => {
    let head = emptyHead;
    const written: Buffer[] = [];
    for (let index = 0; index < 700; index += 1) {
      const context = {
        stream,
        commandId: `command-${index}`,
        commandDigest: "0".repeat(64),
        recordedAt: "2026-01-01T00:00:00.000Z",
        actor: index % 50 === 0 ? "größe" : "ana",
      };
      const data = {
        a: "x".repeat((index * 37) % 900),
        n: index,
        ...(index % 90 === 0 ? { q: 'a "b"\n' } : {}),
      };
      const commit = sealCommit(head, context, [
        { type: index % 3 === 0 ? "Noted" : "Other", version: 1, data },
      ]);
      written.push(encodeRecord(commit, { origin: "origin-a", seq: index + 1 }, 1_000_000));
      const last = commit.events[0] as EventEnvelope;
      head = { revision: last.revision, digest: last.digest };
    }
    const log = Buffer.concat(written);
    const wanted = new Map([["Noted", { meta: ["actor"] as const }]]);
    expect(await scanOf(log, { wanted }, 5_000)).toEqual(await readingOf(log, { wanted }));
    expect(log.length).toBeGreaterThan(4 * 65_536);
  });

  test("of a stream whose name JSON escapes is the same as reading it", async () => {
    for (const name of ['mission-"x"', "mission-größe", "mission-\\"]) {
      const context = { stream: name, commandId: "c1", commandDigest: "d1", recordedAt: "now", actor: "ana" };
      const commit = sealCommit(emptyHead, context, [{ type: "Noted", version: 1, data: { a: 1 } }]);
      const log = encodeRecord(commit, { origin: "origin-a", seq: 1 }, 65_536);
      const wanted = new Map([["Noted", {}]]);
      const heard = await scanOf(log, { wanted }, 65_536, name);
      expect(heard.said).toHaveLength(1);
      expect(heard).toEqual(await readingOf(log, { wanted }, name));
    }
  });
});
